/* wp-postgres.h - a PostgreSQL server of the test's own: in a temporary folder, on a free port of loopback.
 * It dies with the test. */
#pragma once

#include <glib.h>
#include <libpq-fe.h>

typedef struct _WpPostgres WpPostgres;

/* Debian's, of whatever version. */
gboolean wp_postgres_is_there (void);

/**
 * wp_postgres_new:
 *
 * It takes 10 connections, of which 3 are for the superuser "boss". The other users own nothing: "wp" may use
 * the tables, "reader" may read them; "secret" may too, and needs the password "hunter2"; "tls" must use TLS,
 * which the server does not have. It has the tables that wp-server
 * --init-database makes.
 */
WpPostgres *wp_postgres_new (void);
void wp_postgres_free (WpPostgres *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpPostgres, wp_postgres_free)

/* Returns: (transfer full): a URI, "wp@" and the database "wp" for example; @rest: NULL: none */
char *wp_postgres_uri (const WpPostgres *self, const char *user, const char *database, const char *rest);

/* From now on it has TLS. Returns: (transfer full): the file of its certificate */
char *wp_postgres_serve_tls (WpPostgres *self);

/* Sends a signal, SIGINT (fast) or SIGQUIT (immediate), and waits for the end. */
void wp_postgres_stop (WpPostgres *self, int number);
void wp_postgres_start (WpPostgres *self);
int wp_postgres_pid (const WpPostgres *self);

/* Runs statements as the superuser, in the database "wp"; an error fails the test. Returns: (transfer full):
 * the first field of the last result; NULL: none */
char *wp_postgres_run (WpPostgres *self, const char *sql);
gint64 wp_postgres_count (WpPostgres *self, const char *where); /* of wp_jobs */
/* Of @ids (element-type utf8) those that are in wp_jobs. */
gint64 wp_postgres_count_ids (WpPostgres *self, const GPtrArray *ids);

/* Returns: the process that serves wp-server's connection. */
int wp_postgres_find_backend (WpPostgres *self);

/* Returns: a new connection as @user; it may have failed. */
PGconn *wp_postgres_connect (const WpPostgres *self, const char *user);
