#include "runtime/database/wp-postgresql-connection.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/wp-error.h"

#define NO_RESPONSE "no response in time (--database-timeout)"

struct _WpPostgresqlConnection {
  WpPostgresqlUri *uri;
  gint64 timeout_ns;
  PGconn *connection; /* NULL: closed */
  int left_pid;       /* of the server's process whose query had no response in time; 0: none */
  guint64 n_opened;
};

WpPostgresqlConnection *
wp_postgresql_connection_new (WpPostgresqlUri *uri, gint64 timeout_ns)
{
  WpPostgresqlConnection *self = g_new0 (WpPostgresqlConnection, 1);

  self->uri = uri;
  self->timeout_ns = timeout_ns;

  return self;
}

void
wp_postgresql_connection_close (WpPostgresqlConnection *self)
{
  g_clear_pointer (&self->connection, PQfinish);
}

void
wp_postgresql_connection_free (WpPostgresqlConnection *self)
{
  wp_postgresql_connection_close (self);
  wp_postgresql_uri_free (self->uri);
  g_free (self);
}

guint64
wp_postgresql_connection_count (const WpPostgresqlConnection *self)
{
  return self->n_opened;
}

/* Returns: FALSE after @until_ns. */
static gboolean
await (WpPostgresqlConnection *self, short events, gint64 until_ns)
{
  struct pollfd waiting = { PQsocket (self->connection), events, 0 };
  gint64 left_ns = until_ns - wp_time_monotonic ();

  return left_ns > 0 && poll (&waiting, 1, (int) MIN (left_ns / WP_NS_PER_MS + 1, G_MAXINT)) >= 0;
}

/* A server that has closed the connection has sent the end of it, and perhaps why. */
static gboolean
is_alive (WpPostgresqlConnection *self)
{
  struct pollfd waiting = { PQsocket (self->connection), POLLIN, 0 };

  while (poll (&waiting, 1, 0) > 0)
    if (!PQconsumeInput (self->connection))
      return FALSE;
    else
      PQisBusy (self->connection); /* takes what was read */
  return PQstatus (self->connection) == CONNECTION_OK;
}

/* libpq's lines in one. */
static char *
make_line (const char *text)
{
  g_auto (GStrv) words = g_strsplit_set (text, " \t\n", -1);
  GString *line = g_string_new (NULL);

  for (guint i = 0; words[i]; i++)
    if (*words[i])
      g_string_append_printf (line, "%s%s", line->len > 0 ? " " : "", words[i]);
  return g_string_free (line, FALSE);
}

static PGconn *
connect_to (const WpPostgresqlUri *uri)
{
  return PQconnectdbParams ((const char *const *) uri->names->pdata, (const char *const *) uri->values->pdata,
                            FALSE);
}

/* libpq has no error code for this: without TLS, and with a wrong password, every server sends an error of
 * its own. */
gboolean
wp_postgresql_connection_is_down (const WpPostgresqlConnection *self)
{
  const WpPostgresqlUri *uri = self->uri;
  static const char *const names[] = { "sslmode", "gssencmode", "password", NULL }, *const values[]
                                                                                    = { "disable", "disable",
                                                                                        "-", NULL };
  g_autoptr (GPtrArray) all_names = g_ptr_array_new (), all_values = g_ptr_array_new ();
  PGPing response;

  for (guint i = 0; uri->names->pdata[i]; i++)
    g_ptr_array_add (all_names, uri->names->pdata[i]);
  for (guint i = 0; uri->values->pdata[i]; i++)
    g_ptr_array_add (all_values, uri->values->pdata[i]);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_ptr_array_add (all_names, (gpointer) names[i]);
      g_ptr_array_add (all_values, (gpointer) values[i]);
    }
  response
      = PQpingParams ((const char *const *) all_names->pdata, (const char *const *) all_values->pdata, FALSE);

  return response == PQPING_NO_RESPONSE || response == PQPING_REJECT;
}

static void
ignore_notice (void *data, const char *message)
{
}

/* A query that still waits for a lock would keep its connection, and each later one would take another.
 * Behind a pooler the number is none of the server's. */
static void
end_left_query (WpPostgresqlConnection *self)
{
  g_autofree char *sql
      = g_strdup_printf ("SELECT pg_terminate_backend (pid) FROM pg_stat_activity WHERE pid = %d "
                         "AND application_name = current_setting ('application_name')",
                         self->left_pid);
  g_autoptr (PGresult) result = NULL;

  self->left_pid = 0;
  result = wp_postgresql_connection_run (self, &(WpPostgresqlQuery){ .sql = sql });
}

gboolean
wp_postgresql_connection_open (WpPostgresqlConnection *self, GError **error)
{
  if (self->connection && is_alive (self))
    return TRUE;
  wp_postgresql_connection_close (self);
  self->connection = connect_to (self->uri);
  if (PQstatus (self->connection) != CONNECTION_OK)
    {
      g_autofree char *line = make_line (PQerrorMessage (self->connection));

      wp_postgresql_connection_close (self);
      g_set_error_literal (error, WP_ERROR, WP_ERROR_IO, line);
      return FALSE;
    }
  PQsetNoticeProcessor (self->connection, ignore_notice, NULL);
  PQsetnonblocking (self->connection, TRUE);
  self->n_opened++;
  if (self->left_pid != 0)
    end_left_query (self);

  return TRUE;
}

/* Returns: FALSE: not in time. A connection that is lost has a result too. */
static gboolean
await_response (WpPostgresqlConnection *self, gint64 until_ns)
{
  while (PQflush (self->connection) == 1)
    if (!await (self, POLLIN | POLLOUT, until_ns))
      return FALSE;
    else if (!PQconsumeInput (self->connection)) /* the server may have to write before it reads on */
      return TRUE;
  while (PQisBusy (self->connection))
    if (!await (self, POLLIN, until_ns))
      return FALSE;
    else if (!PQconsumeInput (self->connection))
      return TRUE;
  return TRUE;
}

PGresult *
wp_postgresql_connection_run (WpPostgresqlConnection *self, const WpPostgresqlQuery *query)
{
  gint64 until_ns = wp_time_monotonic () + self->timeout_ns;
  PGresult *result = NULL, *next;

  if (!self->connection)
    return NULL;
  PQsendQueryParams (self->connection, query->sql, query->n, query->types, query->values, query->lengths,
                     query->formats, query->result_format);
  while (await_response (self, until_ns))
    if (!(next = PQgetResult (self->connection)))
      return result ? result : PQmakeEmptyPGresult (self->connection, PGRES_FATAL_ERROR);
    else
      {
        PQclear (result);
        result = next;
      }
  PQclear (result);
  self->left_pid = PQbackendPID (self->connection);
  wp_postgresql_connection_close (self);

  return NULL;
}

static gboolean
is_any_of (const char *state, const char *const *classes)
{
  for (; *classes; classes++)
    if (g_str_has_prefix (state, *classes))
      return TRUE;
  return FALSE;
}

/* SQLSTATE: connection, rollback, resources, state, operator, input and output; a standby; rights, names,
 * schema. */
static const char *const transient[]
    = { "08", "40", "53", "55", "57", "58", "25006", "28", "3D", "3F", "42", NULL };
static const char *const unknown[] = { "08", "57", "40003", NULL };

WpResult
wp_postgresql_judge (const PGresult *result, char **reason, gboolean *is_unknown)
{
  ExecStatusType status = PQresultStatus (result);
  const char *state = PQresultErrorField (result, PG_DIAG_SQLSTATE), *text;

  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
    return WP_RESULT_STORED;
  text = PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY); /* the detail may quote the row */
  if (state && text)
    *reason = g_strdup_printf ("%s (SQLSTATE %s)", text, state);
  else
    *reason = result ? make_line (PQresultErrorMessage (result)) : g_strdup (NO_RESPONSE);
  if (is_unknown)
    *is_unknown = !state || is_any_of (state, unknown);

  return !state || is_any_of (state, transient) ? WP_RESULT_TRANSIENT : WP_RESULT_PERMANENT;
}
