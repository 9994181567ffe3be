#include "runtime/database/wp-postgresql-schema.h"

#include <stdlib.h>

#include "sim/base/wp-error.h"

#define VERSION     1
#define LOCK_SQL    "SELECT pg_advisory_xact_lock (8722473103)"
#define VERSION_SQL "SELECT version FROM wp_schema"
#define NO_TABLE    "42P01"

/* The lock lets one of two programs wait for the other. */
static const char *const making[] = {
  "BEGIN",
  LOCK_SQL,
  "CREATE TABLE IF NOT EXISTS wp_jobs (id text PRIMARY KEY, received timestamptz NOT NULL, "
  "method text NOT NULL, path text NOT NULL, content_type text, body bytea NOT NULL)",
  "CREATE TABLE IF NOT EXISTS wp_schema (version int NOT NULL)",
  "INSERT INTO wp_schema SELECT 1 WHERE NOT EXISTS (SELECT FROM wp_schema)",
  "COMMIT",
  NULL,
};

static gboolean
fail (const char *text, GError **error)
{
  g_set_error_literal (error, WP_ERROR, WP_ERROR_IO, text);
  return FALSE;
}

static gboolean
is_good (const PGresult *result, GError **error)
{
  g_autofree char *reason = NULL;

  if (wp_postgresql_judge (result, &reason, NULL) == WP_RESULT_STORED)
    return TRUE;
  return fail (reason, error);
}

static PGresult *
run (WpPostgresqlConnection *connection, const char *sql)
{
  return wp_postgresql_connection_run (connection, &(WpPostgresqlQuery){ .sql = sql });
}

/* @version: (out): 0: there is none */
static gboolean
read_version (WpPostgresqlConnection *connection, int *version, GError **error)
{
  g_autoptr (PGresult) result = run (connection, VERSION_SQL);
  const char *state = PQresultErrorField (result, PG_DIAG_SQLSTATE);

  *version = 0;
  if (state && g_str_equal (state, NO_TABLE))
    return TRUE;
  if (!is_good (result, error))
    return FALSE;
  if (PQntuples (result) > 0)
    *version = atoi (PQgetvalue (result, 0, 0));
  if (*version <= VERSION)
    return TRUE;
  return wp_fail (error, WP_ERROR_IO, "its tables are of version %d; this wp-server knows version %d",
                  *version, VERSION);
}

static gboolean
check_encoding (WpPostgresqlConnection *connection, GError **error)
{
  g_autoptr (PGresult) result = run (connection, "SHOW server_encoding");

  if (!is_good (result, error))
    return FALSE;
  if (g_str_equal (PQgetvalue (result, 0, 0), "UTF8"))
    return TRUE;
  return wp_fail (error, WP_ERROR_IO, "its encoding is %s, and must be UTF8", PQgetvalue (result, 0, 0));
}

static gboolean
check_rights (WpPostgresqlConnection *connection, const char *name, GError **error)
{
  g_autoptr (PGresult) result
      = run (connection,
             "SELECT has_table_privilege ('wp_jobs', 'INSERT') AND has_table_privilege ('wp_jobs', "
             "'SELECT'), current_setting ('synchronous_commit') = 'off' OR current_setting ('fsync') = "
             "'off'");

  if (!is_good (result, error))
    return FALSE;
  if (*PQgetvalue (result, 0, 0) != 't')
    return fail ("permission denied: the user needs INSERT and SELECT on wp_jobs", error);
  if (*PQgetvalue (result, 0, 1) == 't')
    g_warning (
        "%s: fsync or synchronous_commit is off: a crash of the database's machine loses rows that were "
        "reported as stored",
        name);
  return TRUE;
}

gboolean
wp_postgresql_schema_check (WpPostgresqlConnection *connection, const char *name, GError **error)
{
  int version;

  if (!check_encoding (connection, error) || !read_version (connection, &version, error))
    return FALSE;
  if (version == 0)
    return fail (
        "the tables wp_jobs and wp_schema are missing; wp-server --init-database --database=... makes them",
        error);
  return check_rights (connection, name, error);
}

char *
wp_postgresql_schema_make (WpPostgresqlConnection *connection, GError **error)
{
  int version;

  if (!check_encoding (connection, error) || !read_version (connection, &version, error))
    return NULL;
  if (version > 0)
    return g_strdup_printf ("the tables exist, in version %d", version);
  for (guint i = 0; making[i]; i++)
    {
      g_autoptr (PGresult) result = run (connection, making[i]);

      if (!is_good (result, error))
        return NULL;
    }
  return g_strdup_printf ("made the tables wp_jobs and wp_schema, version %d", VERSION);
}
