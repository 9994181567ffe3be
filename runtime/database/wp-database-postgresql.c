/* wp-database-postgresql.c - stores each job as a row of a PostgreSQL table, one statement a batch. A module:
 * see wp_module_load(). */
#include "runtime/database/wp-database.h"

#include <string.h>

#include "runtime/database/wp-batch-writer.h"
#include "runtime/database/wp-postgresql-array.h"
#include "runtime/database/wp-postgresql-connection.h"
#include "runtime/database/wp-postgresql-schema.h"
#include "runtime/database/wp-postgresql-uri.h"
#include "sim/base/wp-error.h"

/* Nothing is kept in the session, so that a pooler may give each statement another one. */
#define INSERT_AS(rows)                                                                                      \
  "INSERT INTO wp_jobs (id, received, method, path, content_type, body) " rows                               \
  " ON CONFLICT (id) DO NOTHING RETURNING id"
#define INSERT INSERT_AS ("SELECT * FROM unnest ($1, $2, $3, $4, $5, $6)")
/* It is planned anew each time, which without arrays takes a third less time. */
#define INSERT_ONE INSERT_AS ("VALUES ($1, $2, $3, $4, $5, $6)")
#define COMPARE                                                                                              \
  "SELECT i.n::int, j.method = i.method AND j.path = i.path AND j.body = i.body "                            \
  "FROM unnest ($1, $2, $3, $4) WITH ORDINALITY AS i (id, method, path, body, n) "                           \
  "JOIN wp_jobs j ON j.id = i.id"
#define MAX_COLUMNS 6

/* Once there is a writer, its thread owns the connection. */
typedef struct {
  WpDatabase base;
  char *name; /* for messages: "postgresql://wp@localhost/wp" */
  WpPostgresqlConnection *connection;
  WpBatchWriter *writer;
} PostgresqlDatabase;

typedef enum { ID, RECEIVED, METHOD, PATH, CONTENT_TYPE, BODY } Column;

static GByteArray *
make_column (Column column, WpPostgresqlType type, WpJob *const *jobs, guint n)
{
  GByteArray *array;
  gsize bytes = 0;

  for (guint i = 0; column == BODY && i < n; i++)
    bytes += jobs[i]->body ? g_bytes_get_size (jobs[i]->body) : 0;
  array = wp_postgresql_array_new (type, n, column == BODY ? bytes : 16 * (gsize) n);
  for (guint i = 0; i < n; i++)
    {
      gsize size = 0;
      gconstpointer body = column == BODY && jobs[i]->body ? g_bytes_get_data (jobs[i]->body, &size) : NULL;

      if (column == BODY)
        wp_postgresql_array_add (array, body ? body : "", size);
      else if (column == RECEIVED)
        wp_postgresql_array_add_time (array, wp_job_received_ns (jobs[i]));
      else
        wp_postgresql_array_add_text (array, column == ID       ? wp_job_key (jobs[i])
                                             : column == METHOD ? jobs[i]->method
                                             : column == PATH   ? jobs[i]->path
                                                                : jobs[i]->content_type);
    }

  return array;
}

/* Runs @sql with @columns of @jobs for its parameters. @in_arrays: FALSE: it takes the values of one job */
static PGresult *
run (PostgresqlDatabase *self, const char *sql, gboolean in_arrays, const Column *columns, guint n_columns,
     WpJob *const *jobs, guint n)
{
  g_autoptr (GPtrArray) arrays = g_ptr_array_new_with_free_func ((GDestroyNotify) g_byte_array_unref);
  const char *values[MAX_COLUMNS];
  int lengths[MAX_COLUMNS], formats[MAX_COLUMNS];
  Oid types[MAX_COLUMNS];

  for (guint i = 0; i < n_columns; i++)
    {
      WpPostgresqlType type = columns[i] == BODY       ? WP_POSTGRESQL_BYTEA
                              : columns[i] == RECEIVED ? WP_POSTGRESQL_TIMESTAMPTZ
                                                       : WP_POSTGRESQL_TEXT;
      GByteArray *array = make_column (columns[i], type, jobs, n);

      g_ptr_array_add (arrays, array);
      lengths[i] = (int) array->len;
      values[i] = in_arrays ? (const char *) array->data : wp_postgresql_array_first (array, &lengths[i]);
      formats[i] = 1;
      types[i] = in_arrays ? wp_postgresql_array_type (type) : type;
    }

  return wp_postgresql_connection_run (
      self->connection, &(WpPostgresqlQuery){ sql, (int) n_columns, types, values, lengths, formats, FALSE });
}

static void
set_conflict (WpJob *job)
{
  char *reason = g_ref_string_new ("id used with another payload");

  job->result = WP_RESULT_CONFLICT;
  wp_job_set_failure (job, reason);
  g_ref_string_release (reason);
}

/* Some jobs were not inserted, since their ids exist, or because a trigger ignores them. */
static WpResult
compare (PostgresqlDatabase *self, WpJob *const *jobs, guint n, char **reason)
{
  static const Column columns[] = { ID, METHOD, PATH, BODY };
  g_autoptr (PGresult) result = run (self, COMPARE, TRUE, columns, G_N_ELEMENTS (columns), jobs, n);
  WpResult status = wp_postgresql_judge (result, reason, NULL);

  if (status != WP_RESULT_STORED)
    return status;
  for (int i = 0; i < PQntuples (result); i++)
    {
      WpJob *job = jobs[g_ascii_strtoull (PQgetvalue (result, i, 0), NULL, 10) - 1];

      if (*PQgetvalue (result, i, 1) == 't')
        job->result = job->offered ? WP_RESULT_STORED : WP_RESULT_DUPLICATE;
      else
        set_conflict (job);
    }
  if (PQntuples (result) == (int) n)
    return WP_RESULT_STORED;
  *reason = g_strdup ("a trigger ignores it");
  return WP_RESULT_PERMANENT;
}

/* Each id is returned once, even if two jobs of the batch have it. Returns: (transfer full): the jobs that
 * were not inserted. */
static GPtrArray *
find_others (const PGresult *result, WpJob *const *jobs, guint n)
{
  g_autoptr (GHashTable) returned = g_hash_table_new (g_str_hash, g_str_equal);
  GPtrArray *others = g_ptr_array_new ();

  if (PQntuples (result) < (int) n)
    for (int i = 0; i < PQntuples (result); i++)
      g_hash_table_add (returned, PQgetvalue (result, i, 0));
  for (guint i = 0; i < n; i++)
    if (PQntuples (result) == (int) n || g_hash_table_remove (returned, wp_job_key (jobs[i])))
      jobs[i]->result = WP_RESULT_STORED;
    else
      g_ptr_array_add (others, jobs[i]);

  return others;
}

static void
mark_offered (WpJob *const *jobs, guint n)
{
  for (guint i = 0; i < n; i++)
    jobs[i]->offered = TRUE;
}

static void
mark_inserted (WpJob *const *jobs, guint n, const GPtrArray *others)
{
  for (guint i = 0, j = 0; i < n; i++)
    if (j < others->len && others->pdata[j] == jobs[i])
      j++;
    else
      jobs[i]->offered = TRUE;
}

static WpResult
write_rows (PostgresqlDatabase *self, WpJob *const *jobs, guint n, char **reason)
{
  static const Column columns[] = { ID, RECEIVED, METHOD, PATH, CONTENT_TYPE, BODY };
  g_autoptr (PGresult) result
      = run (self, n > 1 ? INSERT : INSERT_ONE, n > 1, columns, G_N_ELEMENTS (columns), jobs, n);
  g_autoptr (GPtrArray) others = NULL;
  gboolean is_unknown = FALSE;
  WpResult status = wp_postgresql_judge (result, reason, &is_unknown);

  if (is_unknown)
    mark_offered (jobs, n);
  if (status != WP_RESULT_STORED)
    return status;
  others = find_others (result, jobs, n);
  if (others->len > 0)
    status = compare (self, (WpJob *const *) others->pdata, others->len, reason);
  if (status != WP_RESULT_STORED)
    mark_inserted (jobs, n, others); /* the whole batch is written again */

  return status;
}

/* A connection that failed is closed, since another server may have become the one that can be written to. */
static WpResult
postgresql_store (WpDatabase *base, WpJob *const *jobs, guint n, char **reason)
{
  PostgresqlDatabase *self = (PostgresqlDatabase *) base;
  g_autoptr (GError) error = NULL;
  WpResult result = WP_RESULT_TRANSIENT;

  if (wp_postgresql_connection_open (self->connection, &error))
    result = write_rows (self, jobs, n, reason);
  else
    *reason = g_strdup (error->message);
  base->reconnects = wp_postgresql_connection_count (self->connection) - 1;
  if (result == WP_RESULT_TRANSIENT)
    wp_postgresql_connection_close (self->connection);

  return result;
}

static gboolean
postgresql_update (WpDatabase *base, WpJob *job)
{
  wp_batch_writer_push (((PostgresqlDatabase *) base)->writer, job);
  return FALSE;
}

static void
postgresql_free (WpDatabase *base)
{
  PostgresqlDatabase *self = (PostgresqlDatabase *) base;

  g_clear_pointer (&self->writer, wp_batch_writer_free);
  g_clear_pointer (&self->connection, wp_postgresql_connection_free);
  g_free (self->name);
  g_free (self);
}

/* @name: (out) (transfer full) */
static WpPostgresqlConnection *
open_connection (const char *location, gint64 timeout_ns, char **name, GError **error)
{
  g_autoptr (WpPostgresqlUri) uri = wp_postgresql_uri_new (location, timeout_ns, error);
  g_autoptr (WpPostgresqlConnection) self = NULL;
  g_autoptr (GError) reason = NULL;

  if (!uri)
    return NULL;
  *name = g_strdup (uri->described);
  if (uri->has_password)
    g_warning (
        "--database: every user of this machine can read the password in the list of processes (ps): keep it "
        "in a file, and name that by passfile=FILE");
  self = wp_postgresql_connection_new (g_steal_pointer (&uri), timeout_ns);
  if (wp_postgresql_connection_open (self, &reason))
    return g_steal_pointer (&self);
  if (!wp_postgresql_connection_is_down (self)) /* it refuses, or has just come up */
    return wp_postgresql_connection_open (self, error) ? g_steal_pointer (&self) : NULL;
  reason->code = WP_ERROR_DOWN;
  g_propagate_error (error, g_steal_pointer (&reason));

  return NULL;
}

static gboolean
start (PostgresqlDatabase *self, const char *location, gint64 timeout_ns, GError **error)
{
  static const WpBatchClass class = { postgresql_store, NULL, NULL };

  self->connection = open_connection (location, timeout_ns, &self->name, error);
  if (self->connection && wp_postgresql_schema_check (self->connection, self->name, error))
    self->writer = wp_batch_writer_new (&self->base, &class, self->name, error);
  return self->writer != NULL;
}

static WpDatabase *
postgresql_open (const char *location, const WpDatabaseOptions *options, WpClock *clock, GError **error)
{
  PostgresqlDatabase *self = g_new0 (PostgresqlDatabase, 1);

  if (start (self, location, options->timeout_ns, error))
    return &self->base;
  g_prefix_error (error, "cannot open the database %s: ", self->name);
  postgresql_free (&self->base);
  return NULL;
}

static char *
postgresql_init (const char *location, const WpDatabaseOptions *options, GError **error)
{
  g_autofree char *name = NULL, *done = NULL;
  g_autoptr (WpPostgresqlConnection) connection
      = open_connection (location, options->timeout_ns, &name, error);

  if (connection)
    done = wp_postgresql_schema_make (connection, error);
  if (done)
    return g_strdup_printf ("%s: %s\n", name, done);
  g_prefix_error (error, "%s: ", name);
  return NULL;
}

static gboolean
postgresql_check (const char *location, GError **error)
{
  g_autoptr (WpPostgresqlUri) uri = wp_postgresql_uri_new (location, 0, error);

  return uri != NULL;
}

static char *
postgresql_describe (const char *location)
{
  g_autoptr (WpPostgresqlUri) uri = wp_postgresql_uri_new (location, 0, NULL);

  return g_strdup (uri ? uri->described : "postgresql:");
}

const WpDatabaseClass wp_postgresql_database_class = {
  .open = postgresql_open,
  .update = postgresql_update,
  .free = postgresql_free,
  .check = postgresql_check,
  .describe = postgresql_describe,
  .init = postgresql_init,
};
