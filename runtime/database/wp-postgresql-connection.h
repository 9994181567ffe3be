/* wp-postgresql-connection.h - a connection to PostgreSQL, with a deadline for each response. One thread at a
 * time. */
#pragma once

#include <libpq-fe.h>

#include "runtime/database/wp-postgresql-uri.h"
#include "runtime/queue/wp-job.h"

typedef struct _WpPostgresqlConnection WpPostgresqlConnection;

/* A statement and its parameters, as PQexecParams() takes them. */
typedef struct {
  const char *sql;
  int n;
  const Oid *types;
  const char *const *values;
  const int *lengths, *formats;
  int result_format; /* 1: binary */
} WpPostgresqlQuery;

/* @uri: (transfer full). It is not connected yet. */
WpPostgresqlConnection *wp_postgresql_connection_new (WpPostgresqlUri *uri, gint64 timeout_ns);
void wp_postgresql_connection_free (WpPostgresqlConnection *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpPostgresqlConnection, wp_postgresql_connection_free)

/**
 * wp_postgresql_connection_open:
 *
 * Connects, unless there is a connection that its server has not closed. If a query of the previous one had
 * no response in time, it is ended first.
 *
 * Returns: FALSE with one line
 */
gboolean wp_postgresql_connection_open (WpPostgresqlConnection *self, GError **error);
void wp_postgresql_connection_close (WpPostgresqlConnection *self);

/* Call it after a connect that failed. Returns: TRUE if no server takes connections; FALSE if one refuses
 * ours. */
gboolean wp_postgresql_connection_is_down (const WpPostgresqlConnection *self);

/* Returns: how many times it has connected. */
guint64 wp_postgresql_connection_count (const WpPostgresqlConnection *self);

/* Returns: (transfer full): the result, which wp_postgresql_judge() judges; NULL: no response in time, and
 * the connection is closed. */
PGresult *wp_postgresql_connection_run (WpPostgresqlConnection *self, const WpPostgresqlQuery *query);

/**
 * wp_postgresql_judge:
 * @result: (nullable): of a query
 * @reason: (out) (transfer full): the server's words; not set if it succeeded
 * @is_unknown: (out) (nullable): whether the statement may have been committed
 *
 * Returns: WP_RESULT_STORED, WP_RESULT_TRANSIENT or WP_RESULT_PERMANENT
 */
WpResult wp_postgresql_judge (const PGresult *result, char **reason, gboolean *is_unknown);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PGresult, PQclear)
