#include "tests/e2e/wp-harness.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "tests/e2e/wp-certificate.h"

struct _WpHarness {
  char *dir;
  WpChild *child;
  guint16 port, admin_port;
  WpClient *admin; /* NULL until it is asked, and after the server has closed it */
  WpTrace *record; /* NULL until it is read */
};

char *
wp_harness_path (const WpHarness *self, const char *name)
{
  return g_canonicalize_filename (name, self->dir);
}

char *
wp_harness_read_file (const WpHarness *self, const char *name)
{
  g_autofree char *path = wp_harness_path (self, name);
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text ? text : g_strdup ("");
}

char *
wp_harness_log (const WpHarness *self)
{
  return wp_harness_read_file (self, WP_CHILD_LOG);
}

char *
wp_harness_output (const WpHarness *self)
{
  return wp_harness_read_file (self, WP_CHILD_OUTPUT);
}

static void
show_log (const WpHarness *self)
{
  g_autofree char *log = wp_harness_log (self);

  g_test_message ("it said:\n%s", log);
}

int
wp_harness_wait (WpHarness *self)
{
  if (!wp_child_wait (self->child, g_get_monotonic_time () + WP_PATIENCE_US))
    {
      show_log (self);
      g_error ("wp-server does not end");
    }
  return wp_child_status (self->child);
}

static gboolean
read_ports (WpHarness *self)
{
  g_autofree char *log = wp_harness_log (self);
  const char *hello = strstr (log, "listening on http"), *admin;
  guint port, admin_port;

  if (!hello || !strchr (hello, '\n'))
    return FALSE;
  admin = strstr (hello, "admin on http://127.0.0.1:");
  g_assert_cmpint (sscanf (hello, "listening on http%*[s:]//127.0.0.1:%u/", &port), ==, 1);
  self->port = (guint16) port;
  wp_client_speak_tls (self->port, g_str_has_prefix (hello, "listening on https"));
  if (admin && sscanf (admin, "admin on http://127.0.0.1:%u/", &admin_port) == 1)
    {
      self->admin_port = (guint16) admin_port;
      wp_client_speak_tls (self->admin_port, FALSE);
    }

  return TRUE;
}

WpHarness *
wp_harness_new (void)
{
  WpHarness *self = g_new0 (WpHarness, 1);
  g_autoptr (GError) error = NULL;

  self->dir = g_dir_make_tmp ("wp-e2e-XXXXXX", &error);
  g_assert_no_error (error);

  return self;
}

static GPtrArray *
command_line (const char *option, va_list more)
{
  GPtrArray *argv = g_ptr_array_new_with_free_func (g_free);

  g_assert_nonnull (g_getenv ("WP_BUILD_ROOT"));
  g_ptr_array_add (argv, g_build_filename (g_getenv ("WP_BUILD_ROOT"), "runtime", "wp-server", NULL));
  for (; option; option = va_arg (more, const char *))
    g_ptr_array_add (argv, g_strdup (option));
  g_ptr_array_add (argv, NULL);

  return argv;
}

/* In its folder, until it reports its ports, or has ended: FALSE. */
static gboolean
launch (WpHarness *self, const WpChildTerms *terms, const char *option, va_list more)
{
  g_autoptr (GPtrArray) argv = command_line (option, more);

  g_ptr_array_insert (argv, 1, g_strdup ("--listen=127.0.0.1:0"));
  g_ptr_array_insert (argv, 2, g_strdup ("--admin=127.0.0.1:0"));
  if (g_getenv ("WP_HTTP_SERVER"))
    g_ptr_array_insert (argv, 3, g_strconcat ("--http=", g_getenv ("WP_HTTP_SERVER"), NULL));
  if (g_getenv ("WP_HTTP_TLS"))
    {
      wp_certificate_write (self->dir, "harness");
      g_ptr_array_insert (argv, 1, g_strdup ("--tls-certificate=harness.pem"));
      g_ptr_array_insert (argv, 2, g_strdup ("--tls-key=harness.key"));
    }
  self->child = wp_child_new (self->dir, (char **) argv->pdata, terms);
  for (gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US; !read_ports (self);)
    if (wp_child_wait (self->child, g_get_monotonic_time () + 2000))
      return read_ports (self);
    else if (g_get_monotonic_time () > until_us)
      {
        show_log (self);
        g_error ("wp-server neither starts nor ends");
      }
  return TRUE;
}

static void
launch_for_sure (WpHarness *self, const WpChildTerms *terms, const char *option, va_list more)
{
  if (launch (self, terms, option, more))
    return;
  show_log (self);
  g_error ("wp-server does not start");
}

static WpHarness *
start (const WpChildTerms *terms, const char *option, va_list more)
{
  WpHarness *self = wp_harness_new ();

  launch_for_sure (self, terms, option, more);
  return self;
}

/* The last server has ended; the ports that a log reports are to be those of the next. */
static void
clear_away (WpHarness *self)
{
  g_autofree char *log = wp_harness_path (self, WP_CHILD_LOG);

  if (!self->child)
    return;
  wp_harness_wait (self);
  g_clear_pointer (&self->child, wp_child_free);
  g_clear_pointer (&self->admin, wp_client_free);
  g_unlink (log);
}

void
wp_harness_start_again (WpHarness *self, const char *option, ...)
{
  va_list more;

  clear_away (self);
  va_start (more, option);
  launch_for_sure (self, NULL, option, more);
  va_end (more);
}

gboolean
wp_harness_try (WpHarness *self, const WpChildTerms *terms, const char *option, ...)
{
  gboolean runs;
  va_list more;

  clear_away (self);
  va_start (more, option);
  runs = launch (self, terms, option, more);
  va_end (more);

  return runs;
}

WpHarness *
wp_harness_start (const char *option, ...)
{
  WpHarness *self;
  va_list more;

  va_start (more, option);
  self = start (NULL, option, more);
  va_end (more);

  return self;
}

WpHarness *
wp_harness_start_limited (const WpChildTerms *terms, const char *option, ...)
{
  WpHarness *self;
  va_list more;

  va_start (more, option);
  self = start (terms, option, more);
  va_end (more);

  return self;
}

void
wp_harness_launch_only (WpHarness *self, const char *option, ...)
{
  g_autoptr (GPtrArray) argv = NULL;
  va_list more;

  va_start (more, option);
  argv = command_line (option, more);
  va_end (more);
  self->child = wp_child_new (self->dir, (char **) argv->pdata, NULL);
}

static WpHarness *
run (const WpChildTerms *terms, const char *option, va_list more)
{
  WpHarness *self = wp_harness_new ();
  g_autoptr (GPtrArray) argv = command_line (option, more);

  self->child = wp_child_new (self->dir, (char **) argv->pdata, terms);
  while (!wp_child_wait (self->child, g_get_monotonic_time () + 2000))
    if (read_ports (self))
      wp_harness_signal (self, SIGKILL);

  return self;
}

WpHarness *
wp_harness_run (const char *option, ...)
{
  WpHarness *self;
  va_list more;

  va_start (more, option);
  self = run (NULL, option, more);
  va_end (more);

  return self;
}

WpHarness *
wp_harness_run_limited (const WpChildTerms *terms, const char *option, ...)
{
  WpHarness *self;
  va_list more;

  va_start (more, option);
  self = run (terms, option, more);
  va_end (more);

  return self;
}

void
wp_harness_free (WpHarness *self)
{
  g_clear_pointer (&self->child, wp_child_free);
  g_clear_pointer (&self->admin, wp_client_free);
  g_clear_pointer (&self->record, wp_trace_free);
  wp_child_remove_dir (self->dir);
  g_free (self->dir);
  g_free (self);
}

guint16
wp_harness_port (const WpHarness *self)
{
  return self->port;
}

guint16
wp_harness_admin_port (const WpHarness *self)
{
  return self->admin_port;
}

WpChild *
wp_harness_child (const WpHarness *self)
{
  return self->child;
}

void
wp_harness_signal (WpHarness *self, int number)
{
  g_clear_pointer (&self->admin, wp_client_free); /* a drain waits for idle connections a while */
  wp_child_signal (self->child, number);
}

static WpHttpResponse *
ask_stats (WpHarness *self)
{
  for (guint i = 0; i < 2; i++)
    {
      WpHttpResponse *response = NULL;

      if (!self->admin)
        self->admin = wp_client_new (self->admin_port);
      if (wp_client_send (self->admin, "GET /stats.json HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        response = wp_client_read (self->admin);
      if (response)
        return response;
      g_clear_pointer (&self->admin, wp_client_free); /* it was idle for too long */
    }
  show_log (self);
  g_error ("no /stats.json");
}

double
wp_harness_stat (WpHarness *self, const char *name)
{
  g_autoptr (WpHttpResponse) response = ask_stats (self);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) words = g_strsplit (name, ".", -1);
  JsonNode *node;

  g_assert_cmpuint (response->status, ==, 200);
  json_parser_load_from_data (parser, response->body, (gssize) response->size, &error);
  g_assert_no_error (error);
  node = json_parser_get_root (parser);
  for (char **word = words; *word; word++)
    {
      node = json_object_get_member (json_node_get_object (node), *word);
      if (!node)
        g_error ("no \"%s\" in %s", name, response->body);
    }
  if (JSON_NODE_HOLDS_NULL (node))
    return -1;
  return json_node_get_value_type (node) == G_TYPE_BOOLEAN ? json_node_get_boolean (node)
                                                           : json_node_get_double (node);
}

void
wp_harness_await_stat (WpHarness *self, const char *name, double value)
{
  gint64 since_us = g_get_monotonic_time ();
  double last = NAN, now;

  /* The machine may be slow; a test that still makes progress has not failed. */
  for (; (now = wp_harness_stat (self, name)) != value; last = now)
    if (now != last)
      since_us = g_get_monotonic_time ();
    else if (g_get_monotonic_time () - since_us > WP_PATIENCE_US)
      {
        show_log (self);
        g_error ("%s stays at %g and does not become %g", name, now, value);
      }
}

void
wp_harness_await_log (WpHarness *self, const char *text)
{
  wp_child_await_log (self->dir, text);
}

void
wp_harness_await_file (WpHarness *self, const char *name, const char *text)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;

  for (;;)
    {
      g_autofree char *found = wp_harness_read_file (self, name);

      if (strstr (found, text))
        return;
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
      g_usleep (1000); /* a file that grows cannot be waited for */
    }
}

void
wp_harness_stop (WpHarness *self)
{
  int status;

  wp_harness_signal (self, SIGTERM);
  status = wp_harness_wait (self);
  if (status != 0)
    show_log (self);
  g_assert_cmpint (status, ==, 0);
  wp_harness_ledger (self, "received");
}

void
wp_harness_stop_after_loss (WpHarness *self, guint64 n, const char *fate)
{
  g_autofree char *last
      = g_strdup_printf ("\nwp-server: %" G_GUINT64_FORMAT " acknowledged %s failed, and %s %s\n", n,
                         n == 1 ? "job" : "jobs", n == 1 ? "is" : "are", fate);
  g_autofree char *log = NULL;

  wp_harness_signal (self, SIGTERM);
  g_assert_cmpint (wp_harness_wait (self), ==, 1);
  log = wp_harness_log (self);
  if (!g_str_has_suffix (log, last))
    g_error ("it does not end with \"%s\", but: %s", last, log);
  wp_harness_ledger (self, "received");
}

guint64
wp_harness_ledger (WpHarness *self, const char *name)
{
  static const char *const names[] = { "received",  "recovered", "taken",  "stored", "rejected",  "timed_out",
                                       "abandoned", "failed",    "parked", "queued", "in_service" };
  g_autofree char *log = wp_harness_log (self);
  const char *line = strstr (log, "ledger: "), *cell;
  guint64 sum = 0, asked = 0;

  if (!line || !strstr (line, ": it balances\n"))
    g_error ("no ledger that balances: %s", log);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      gboolean passes = g_str_equal (names[i], "stored") && strstr (line, " passed "); /* a front */
      const char *word = passes ? "passed" : names[i];
      g_autofree char *start = g_strdup_printf (" %s ", word);
      guint64 value;

      cell = strstr (line, start);
      g_assert_true (cell || g_str_equal (names[i], "taken")); /* only where there is a shared queue */
      value = cell ? g_ascii_strtoull (cell + strlen (start), NULL, 10) : 0;
      sum += i < 3 ? value : -value;
      if (g_str_equal (name, word))
        asked = value;
    }
  g_assert_cmpuint (sum, ==, 0);

  return asked;
}

const WpRow *
wp_harness_record (WpHarness *self, const char *name, gsize *n_rows)
{
  g_autofree char *path = wp_harness_path (self, name);
  g_autoptr (GError) error = NULL;
  const WpRow *rows;

  g_clear_pointer (&self->record, wp_trace_free);
  self->record = wp_trace_open (path, NULL, &error);
  g_assert_no_error (error);
  rows = wp_trace_load (self->record, n_rows, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (wp_trace_out_of_order (self->record), ==, 0);

  return rows;
}

GPtrArray *
wp_harness_read_rows (const WpHarness *self, const char *database, const char *sql)
{
  g_autofree char *path = wp_harness_path (self, database);
  GPtrArray *rows = g_ptr_array_new_with_free_func (g_free);
  sqlite3_stmt *statement;
  sqlite3 *db;
  int code;

  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  sqlite3_busy_timeout (db, WP_PATIENCE_US / 1000);
  g_assert_cmpint (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL), ==, SQLITE_OK);
  while ((code = sqlite3_step (statement)) == SQLITE_ROW)
    g_ptr_array_add (rows, g_strdup ((const char *) sqlite3_column_text (statement, 0)));
  g_assert_cmpint (code, ==, SQLITE_DONE);
  sqlite3_finalize (statement);
  sqlite3_close (db);

  return rows;
}

gint64
wp_harness_count_rows (const WpHarness *self, const char *database, const char *where)
{
  g_autofree char *sql = g_strdup_printf ("SELECT count(*) FROM jobs WHERE %s", where);
  g_autoptr (GPtrArray) rows = wp_harness_read_rows (self, database, sql);

  g_assert_cmpuint (rows->len, ==, 1);
  return g_ascii_strtoll (rows->pdata[0], NULL, 10);
}

void
wp_harness_reconcile (const WpHarness *self, GHashTable *answered, const char *when)
{
  g_autoptr (GPtrArray) rows = wp_harness_read_rows (self, "wp.db", "SELECT CAST(body AS TEXT) FROM jobs");
  g_autoptr (GHashTable) stored = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  char *body;

  for (guint i = 0; i < rows->len; i++)
    if (!g_hash_table_add (stored, rows->pdata[i]))
      g_error ("%s: %s is stored twice", when, (char *) rows->pdata[i]);
  g_hash_table_iter_init (&iter, answered);
  while (g_hash_table_iter_next (&iter, (gpointer *) &body, NULL))
    if (!g_hash_table_contains (stored, body))
      g_error ("%s: %s was acknowledged, and is missing", when, body);
  g_test_message ("%u acknowledged, %u stored", g_hash_table_size (answered), g_hash_table_size (stored));
}
