#include "tests/e2e/wp-postgres.h"

#include <glib/gstdio.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/wp-certificate.h"
#include "tests/e2e/wp-harness.h"

#define USER "postgres" /* the server does not run as root */

struct _WpPostgres {
  char *dir, *data, *programs;
  guint16 port;
  int port_fd; /* keeps the port while the server is down */
  WpChild *child;
  PGconn *boss; /* NULL: not connected */
};

static const char settings[]
    = "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nmax_connections = 10\nfsync = off\n"
      "superuser_reserved_connections = 3\nshared_buffers = 16MB\nlog_min_messages = fatal\n"
      "restart_after_crash = on\nautovacuum = off\n";
static const char rights[]
    = "host all secret 127.0.0.1/32 scram-sha-256\nhostssl all tls 127.0.0.1/32 trust\n"
      "host all tls 127.0.0.1/32 reject\nhost all all 127.0.0.1/32 trust\n";
static const char roles[] = "CREATE ROLE wp LOGIN; CREATE ROLE reader LOGIN; CREATE ROLE tls LOGIN; "
                            "CREATE ROLE secret LOGIN PASSWORD 'hunter2'";
static const char grants[]
    = "GRANT SELECT, INSERT ON wp_jobs TO wp, secret, tls; GRANT SELECT ON wp_jobs TO reader; "
      "GRANT SELECT ON wp_schema TO wp, secret, tls, reader";

/* The tests may be root's, and the server is not. */
static void
give_away (const char *path)
{
  const struct passwd *user = getuid () == 0 ? getpwnam (USER) : NULL;

  if (user)
    g_assert_cmpint (chown (path, user->pw_uid, user->pw_gid), ==, 0);
}

/* Returns: (transfer full): the folder of its programs; NULL: there is none */
static char *
find_programs (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/usr/lib/postgresql", 0, NULL);
  const char *version;

  while (dir && (version = g_dir_read_name (dir)))
    {
      g_autofree char *folder = g_build_filename ("/usr/lib/postgresql", version, "bin", NULL),
                      *program = g_build_filename (folder, "postgres", NULL);

      if (g_file_test (program, G_FILE_TEST_IS_EXECUTABLE))
        return g_steal_pointer (&folder);
    }
  return NULL;
}

gboolean
wp_postgres_is_there (void)
{
  g_autofree char *programs = find_programs ();

  return programs && (getuid () != 0 || getpwnam (USER));
}

/* Runs one of its programs; a change of the user clears the signal of a parent's death. */
static WpChild *
run (WpPostgres *self, const char *name, const char *const *words)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *program = g_build_filename (self->programs, name, NULL);
  g_auto (GStrv) argv = NULL;

  if (getuid () == 0)
    g_strv_builder_add_many (builder, "setpriv", "--reuid=" USER, "--regid=" USER, "--clear-groups",
                             "--pdeathsig=QUIT", NULL);
  g_strv_builder_add (builder, program);
  g_strv_builder_addv (builder, (const char **) words);
  argv = g_strv_builder_end (builder);

  return wp_child_new (self->dir, argv, NULL);
}

static void
show_log (const WpPostgres *self)
{
  g_autofree char *path = g_build_filename (self->dir, WP_CHILD_LOG, NULL), *log = NULL;

  if (g_file_get_contents (path, &log, NULL, NULL))
    g_test_message ("PostgreSQL said:\n%s", log);
}

static void
ignore_notice (void *data, const char *text)
{
}

static PGconn *
connect_to (const WpPostgres *self, const char *user, const char *database)
{
  g_autofree char *uri = wp_postgres_uri (self, user, database, NULL);
  PGconn *connection = PQconnectdb (uri);

  PQsetNoticeProcessor (connection, ignore_notice, NULL);
  return connection;
}

PGconn *
wp_postgres_connect (const WpPostgres *self, const char *user)
{
  return connect_to (self, user, "wp");
}

static void
await_connections (WpPostgres *self, const char *database)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;

  for (;;)
    {
      PGconn *connection = connect_to (self, "boss", database);
      ConnStatusType status = PQstatus (connection);

      PQfinish (connection);
      if (status == CONNECTION_OK)
        return;
      if (wp_child_wait (self->child, g_get_monotonic_time () + 5000) || g_get_monotonic_time () > until_us)
        {
          show_log (self);
          g_error ("PostgreSQL does not start");
        }
    }
}

static void
start (WpPostgres *self, const char *database)
{
  g_autofree char *port = g_strdup_printf ("%u", self->port);

  self->child = run (self, "postgres", (const char *[]){ "-D", self->data, "-p", port, NULL });
  await_connections (self, database);
}

void
wp_postgres_start (WpPostgres *self)
{
  start (self, "wp");
}

void
wp_postgres_stop (WpPostgres *self, int number)
{
  g_clear_pointer (&self->boss, PQfinish);
  wp_child_signal (self->child, number);
  if (!wp_child_wait (self->child, g_get_monotonic_time () + WP_PATIENCE_US))
    {
      show_log (self);
      g_error ("PostgreSQL does not stop");
    }
  g_clear_pointer (&self->child, wp_child_free);
}

int
wp_postgres_pid (const WpPostgres *self)
{
  return wp_child_pid (self->child);
}

static void
append (const WpPostgres *self, const char *name, const char *text, gboolean replaces)
{
  g_autofree char *path = g_build_filename (self->data, name, NULL), *before = NULL, *all = NULL;

  g_assert_true (g_file_get_contents (path, &before, NULL, NULL));
  all = g_strconcat (replaces ? "" : before, text, NULL);
  g_assert_true (g_file_set_contents_full (path, all, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
  give_away (path);
}

static void
make_cluster (WpPostgres *self)
{
  WpChild *child;

  give_away (self->dir);
  child = run (self, "initdb",
               (const char *[]){ "--pgdata", self->data, "--auth=trust", "--username=boss", "--encoding=UTF8",
                                 "--locale=C", "--no-sync", NULL });
  g_assert_true (wp_child_wait (child, g_get_monotonic_time () + 4 * WP_PATIENCE_US));
  if (wp_child_status (child) != 0)
    show_log (self);
  g_assert_cmpint (wp_child_status (child), ==, 0);
  wp_child_free (child);
  append (self, "postgresql.conf", settings, FALSE);
  append (self, "pg_hba.conf", rights, TRUE);
}

static void
make_tables (WpPostgres *self)
{
  g_autofree char *uri = wp_postgres_uri (self, "boss", "wp", NULL),
                  *option = g_strconcat ("--database=", uri, NULL);
  g_autoptr (WpHarness) server = wp_harness_run ("--init-database", option, NULL);

  g_assert_cmpint (wp_harness_wait (server), ==, 0);
  g_free (wp_postgres_run (self, grants));
}

WpPostgres *
wp_postgres_new (void)
{
  WpPostgres *self = g_new0 (WpPostgres, 1);
  PGconn *connection;

  self->dir = g_dir_make_tmp ("wp-postgres-XXXXXX", NULL);
  self->data = g_build_filename (self->dir, "data", NULL);
  self->programs = find_programs ();
  self->port_fd = wp_child_bind_port (&self->port);
  make_cluster (self);
  start (self, "postgres");
  connection = connect_to (self, "boss", "postgres");
  PQclear (PQexec (connection, "CREATE DATABASE wp"));
  PQfinish (connection);
  g_free (wp_postgres_run (self, roles));
  make_tables (self);

  return self;
}

void
wp_postgres_free (WpPostgres *self)
{
  wp_postgres_stop (self, SIGQUIT);
  close (self->port_fd);
  wp_child_remove_dir (self->dir);
  g_free (self->dir);
  g_free (self->data);
  g_free (self->programs);
  g_free (self);
}

char *
wp_postgres_uri (const WpPostgres *self, const char *user, const char *database, const char *rest)
{
  return g_strdup_printf ("postgresql://%s@127.0.0.1:%u/%s%s", user, self->port, database, rest ? rest : "");
}

/* Again after a crash of the server has ended the connection. */
static PGresult *
run_until_answered (WpPostgres *self, const char *sql)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;

  for (;;)
    {
      PGresult *result;

      if (!self->boss)
        self->boss = wp_postgres_connect (self, "boss");
      result = PQexec (self->boss, sql);
      if (PQstatus (self->boss) == CONNECTION_OK)
        return result;
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
      PQclear (result);
      g_clear_pointer (&self->boss, PQfinish);
    }
}

char *
wp_postgres_run (WpPostgres *self, const char *sql)
{
  PGresult *result = run_until_answered (self, sql);
  char *value = NULL;

  if (PQresultStatus (result) != PGRES_COMMAND_OK && PQresultStatus (result) != PGRES_TUPLES_OK)
    g_error ("%s: %s", sql, PQerrorMessage (self->boss));
  if (PQntuples (result) > 0 && !PQgetisnull (result, 0, 0))
    value = g_strdup (PQgetvalue (result, 0, 0));
  PQclear (result);

  return value;
}

gint64
wp_postgres_count (WpPostgres *self, const char *where)
{
  g_autofree char *sql = g_strdup_printf ("SELECT count(*) FROM wp_jobs WHERE %s", where),
                  *n = wp_postgres_run (self, sql);

  return g_ascii_strtoll (n, NULL, 10);
}

gint64
wp_postgres_count_ids (WpPostgres *self, const GPtrArray *ids)
{
  g_autoptr (GString) where = g_string_new ("id IN (''");

  for (guint i = 0; i < ids->len; i++)
    g_string_append_printf (where, ",'%s'", (char *) ids->pdata[i]);
  g_string_append_c (where, ')');

  return wp_postgres_count (self, where->str);
}

/* One that was killed a moment ago has no successor yet. */
int
wp_postgres_find_backend (WpPostgres *self)
{
  static const char find[]
      = "SELECT pid FROM pg_stat_activity WHERE application_name = 'wp-server' ORDER BY backend_start DESC";
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;
  g_autofree char *pid = wp_postgres_run (self, find);

  while (!pid && g_get_monotonic_time () < until_us)
    {
      g_usleep (10000);
      pid = wp_postgres_run (self, find);
    }
  g_assert_nonnull (pid);
  return atoi (pid);
}

char *
wp_postgres_serve_tls (WpPostgres *self)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;
  g_autofree char *certificate = g_build_filename (self->data, "server.pem", NULL),
                  *key = g_build_filename (self->data, "server.key", NULL),
                  *uri = wp_postgres_uri (self, "tls", "wp", "?sslmode=require");
  gboolean is_ready = FALSE;

  wp_certificate_write (self->data, "server");
  g_assert_cmpint (g_chmod (key, 0600), ==, 0);
  give_away (key);
  give_away (certificate);
  g_free (wp_postgres_run (self, "ALTER SYSTEM SET ssl_cert_file = 'server.pem'"));
  g_free (wp_postgres_run (self, "ALTER SYSTEM SET ssl = on"));
  g_free (wp_postgres_run (self, "SELECT pg_reload_conf ()"));
  while (!is_ready)
    {
      PGconn *connection = PQconnectdb (uri);

      is_ready = PQstatus (connection) == CONNECTION_OK;
      if (!is_ready && g_get_monotonic_time () > until_us)
        g_error ("PostgreSQL serves no TLS: %s", PQerrorMessage (connection));
      PQfinish (connection);
    }

  return g_steal_pointer (&certificate);
}
