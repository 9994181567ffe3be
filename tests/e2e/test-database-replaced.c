/* Files of the database that are moved, replaced, removed, read-only or another program's, at start and under
 * load: nothing that was acknowledged is lost, and nothing of another program's is touched. */
#include "tests/e2e/wp-harness.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define N_HAMMERS 4
#define N_MOVES   8
/* "reopened", or, when it is idle just then, "closed until the next job" */
#define REPLACED "sqlite:wp.db or its log was removed or replaced, and is "

static int is_alone = -1; /* 0: our mounts are seen by nobody else, and end with us */

static sqlite3 *
open_file (const WpHarness *server, const char *name)
{
  g_autofree char *path = wp_harness_path (server, name);
  sqlite3 *db;

  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  sqlite3_busy_timeout (db, 5000);
  return db;
}

static void
execute (sqlite3 *db, const char *sql)
{
  char *message = NULL;

  sqlite3_exec (db, sql, NULL, NULL, &message);
  g_assert_cmpstr (message, ==, NULL);
}

static void
make_file (const WpHarness *server, const char *name, const char *sql)
{
  sqlite3 *db = open_file (server, name);

  execute (db, sql);
  sqlite3_close (db);
}

/* Another program's file, of several pages. */
static void
make_foreign (const WpHarness *server, const char *name)
{
  make_file (server, name,
             "CREATE TABLE theirs (a); WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
             " INSERT INTO theirs SELECT printf ('%0500d', i) FROM n;");
}

static void
make_text (const WpHarness *server, const char *name)
{
  static const char text[] = "this is no database, but a text that is long enough to look like one";
  g_autofree char *path = wp_harness_path (server, name);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

/* NULL: it is a folder. */
static GBytes *
read_bytes (const WpHarness *server, const char *name)
{
  g_autofree char *path = wp_harness_path (server, name);
  char *bytes;
  gsize size;

  return g_file_get_contents (path, &bytes, &size, NULL) ? g_bytes_new_take (bytes, size) : NULL;
}

static void
move (const WpHarness *server, const char *from, const char *to)
{
  g_autofree char *old = wp_harness_path (server, from), *new = wp_harness_path (server, to);

  g_assert_cmpint (g_rename (old, new), ==, 0);
}

/* At no moment is there no file of a name: the server would make one. */
static void
exchange (const WpHarness *server, const char *one, const char *other)
{
  g_autofree char *path = wp_harness_path (server, one), *other_path = wp_harness_path (server, other);

  g_assert_no_errno (renameat2 (AT_FDCWD, path, AT_FDCWD, other_path, RENAME_EXCHANGE));
}

static void
take_away (const WpHarness *server, const char *name)
{
  g_autofree char *path = wp_harness_path (server, name);

  g_assert_cmpint (g_unlink (path), ==, 0);
}

static gboolean
is_there (const WpHarness *server, const char *name)
{
  g_autofree char *path = wp_harness_path (server, name);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static guint
post (WpClient *client, guint i)
{
  g_autofree char *header = g_strdup_printf ("X-Request-Id: %u\r\n", i), *body = g_strnfill (3000, 'x');

  wp_client_post (client, "/", header, body, 3000);
  return wp_client_read_status (client);
}

/* Stores the jobs @from to @to - 1, one after the other. */
static void
store (WpClient *client, guint from, guint to)
{
  for (guint i = from; i < to; i++)
    g_assert_cmpuint (post (client, i), ==, 200);
}

/* The file is whole by itself, and has so many jobs. */
static void
check_file (const WpHarness *server, const char *name, const char *where, gint64 n)
{
  g_autofree char *log = g_strconcat (name, "-wal", NULL);
  sqlite3_stmt *statement;
  sqlite3 *db;

  g_assert_false (is_there (server, log));
  db = open_file (server, name);
  g_assert_cmpint (sqlite3_prepare_v2 (db, "PRAGMA integrity_check", -1, &statement, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_ROW);
  g_assert_cmpstr ((const char *) sqlite3_column_text (statement, 0), ==, "ok");
  sqlite3_finalize (statement);
  sqlite3_close (db);
  g_assert_cmpint (wp_harness_count_rows (server, name, where), ==, n);
}

/* In a moment without a request: all that was acknowledged is in the file that was moved, wherever it is, at
 * once or at the end. */
static void
test_moved (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  store (client, 0, 200);
  move (server, "wp.db", "moved.db");
  store (client, 200, 400);
  wp_harness_await_log (server, REPLACED);
  check_file (server, "moved.db", "id < '200' OR length (id) < 3", 200);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop (server);
  check_file (server, "wp.db", "CAST (id AS INTEGER) BETWEEN 200 AND 399", 200);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 200);

  wp_harness_start_again (server, "--ack=stored", NULL);
  client = wp_client_new (wp_harness_port (server));
  store (client, 400, 500);
  move (server, "wp.db", "last.db");
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop (server);
  check_file (server, "last.db", "1", 300);
  g_assert_false (is_there (server, "wp.db-wal") || is_there (server, "wp.db-shm"));
}

/* The same without a request after it, and then a crash: it is noticed all the same. */
static void
check_idle (const char *name, const char *to, const char *whole)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  store (client, 0, 100);
  if (to)
    move (server, name, to);
  else
    take_away (server, name);
  wp_harness_await_log (server, REPLACED "closed until the next job\n");
  wp_harness_await_stat (server, "database_up", 1);
  wp_harness_signal (server, SIGKILL);
  wp_harness_wait (server);
  check_file (server, whole, "1", 100);
}

static void
test_idle (void)
{
  check_idle ("wp.db-wal", NULL, "wp.db");
  check_idle ("wp.db", "moved.db", "moved.db");
}

/* Later jobs are stored in the file that has the name by then. */
static void
test_idle_then_stored (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autofree char *backup = wp_harness_path (server, "backup.db"),
                  *vacuum = g_strdup_printf ("VACUUM INTO '%s'", backup);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  store (client, 0, 50);
  make_file (server, "wp.db", vacuum);
  store (client, 50, 100);
  move (server, "backup.db", "wp.db");
  wp_harness_await_log (server, ", and is closed until the next job\n");
  check_file (server, "wp.db", "1", 50);
  store (client, 100, 150);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop (server);
  check_file (server, "wp.db", "CAST (id AS INTEGER) < 50 OR CAST (id AS INTEGER) >= 100", 100);
}

static void
test_removed (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  store (client, 0, 20);
  take_away (server, "wp.db");
  store (client, 20, 40);
  take_away (server, "wp.db");
  take_away (server, "wp.db-wal");
  take_away (server, "wp.db-shm");
  store (client, 40, 60);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop (server);
  check_file (server, "wp.db", "1", 20);
}

/* A backup of our database is moved into its place: nothing of the old log gets into it, and later jobs
 * do. */
static void
test_backup_moved_in (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autofree char *backup = wp_harness_path (server, "backup.db"),
                  *vacuum = g_strdup_printf ("VACUUM INTO '%s'", backup);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  store (client, 0, 50);
  make_file (server, "wp.db", vacuum);
  store (client, 50, 250);
  move (server, "backup.db", "wp.db");
  store (client, 250, 450);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop (server);
  check_file (server, "wp.db", "1", 250);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "CAST (id AS INTEGER) < 50"), ==, 50);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "CAST (id AS INTEGER) >= 250"), ==, 200);
}

/* Something that is not our database takes its place: it stays unchanged, the jobs wait, and continue once
 * our file is back. */
static void
check_foreign (const char *name, const char *why)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (GBytes) before = NULL, after = NULL;
  g_autofree char *folder = wp_harness_path (server, "folder.db"),
                  *message = g_strdup_printf ("sqlite:wp.db is down, its jobs wait: %s", why);

  make_foreign (server, "foreign.db");
  make_file (server, "other.db", "CREATE TABLE jobs (other)");
  make_file (server, "numbered.db", "CREATE TABLE theirs (a); PRAGMA application_id=7");
  make_file (server, "negative.db", "CREATE TABLE theirs (a); PRAGMA application_id=-1");
  make_text (server, "text.db");
  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  store (client, 0, 100);
  before = read_bytes (server, name);
  move (server, "wp.db", "away.db");
  move (server, name, "wp.db");
  wp_client_post (client, "/", "X-Request-Id: waits\r\n", "x", 1);
  wp_harness_await_stat (server, "database_up", 0);
  wp_harness_await_log (server, message);
  g_assert_true (wp_client_is_silent (client));
  check_file (server, "away.db", "id != 'waits'", 100);
  exchange (server, "wp.db", "away.db");
  move (server, "away.db", name);
  after = read_bytes (server, name);
  g_assert_true (before ? after && g_bytes_equal (after, before) : !after);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  store (client, 100, 110);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop (server);
  check_file (server, "wp.db", "1", 111);
  g_rmdir (folder);
}

static void
test_foreign_moved_in (void)
{
  check_foreign ("foreign.db", "it is another program's database: no such table: jobs\n");
  check_foreign ("other.db", "it is another program's database: table jobs has no column named id\n");
  check_foreign ("numbered.db", "it is another program's database: its application_id is 0x00000007\n");
  check_foreign ("negative.db", "it is another program's database: its application_id is 0xffffffff\n");
  check_foreign ("text.db", "file is not a database\n");
  check_foreign ("folder.db", "unable to open database file: Is a directory\n");
}

/* The names of the log or its index are gone: with the process all that is in the log would be. */
static void
check_side_file_removed (const char *first, const char *second)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  store (client, 0, 100);
  take_away (server, first);
  if (second)
    take_away (server, second);
  store (client, 100, 200);
  wp_harness_await_log (server, REPLACED);
  g_assert_cmpfloat (wp_harness_stat (server, "duplicates"), ==, 0);
  wp_harness_signal (server, SIGKILL);
  wp_harness_wait (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 200);
  check_file (server, "wp.db", "1", 200);
}

static void
test_side_files_removed (void)
{
  check_side_file_removed ("wp.db-wal", NULL);
  check_side_file_removed ("wp.db-shm", NULL);
  check_side_file_removed ("wp.db-shm", "wp.db-wal");
}

/* A program that reads an old state keeps the log from being copied: the file is not let go before it is
 * complete, and no new one is begun. */
static void
test_moved_with_a_reader (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  sqlite3 *reader;

  store (client, 0, 100);
  reader = open_file (server, "wp.db");
  execute (reader, "BEGIN; SELECT count(*) FROM jobs");
  store (client, 100, 200);
  move (server, "wp.db", "moved.db");
  wp_client_post (client, "/", "X-Request-Id: waits\r\n", "x", 1);
  wp_harness_await_stat (server, "database_up", 0);
  wp_harness_await_log (server, "its log cannot be copied into it: database is locked\n");
  g_assert_false (is_there (server, "wp.db"));
  execute (reader, "COMMIT");
  sqlite3_close (reader);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  check_file (server, "moved.db", "id != 'waits'", 200);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop (server);
  check_file (server, "wp.db", "id = 'waits'", 1);
}

/* The name leads to another file. */
static void
test_link_changed (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", "-d", "sqlite:first.db", NULL);
  g_autofree char *path = wp_harness_path (server, "wp.db");
  g_autoptr (WpClient) client = NULL;

  wp_harness_stop (server);
  g_assert_cmpint (symlink ("first.db", path), ==, 0);
  wp_harness_start_again (server, "--ack=stored", NULL);
  client = wp_client_new (wp_harness_port (server));
  store (client, 0, 50);
  take_away (server, "wp.db");
  g_assert_cmpint (symlink ("second.db", path), ==, 0);
  store (client, 50, 80);
  check_file (server, "first.db", "CAST (id AS INTEGER) < 50", 50);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop (server);
  check_file (server, "second.db", "1", 30);
}

typedef struct {
  WpHarness *server;
  guint first;
  gint *stop; /* atomic */
  guint n;    /* acknowledged: @first and those after it */
} Hammer;

static gpointer
hammer (gpointer data)
{
  Hammer *self = data;
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (self->server));

  for (; !g_atomic_int_get (self->stop); self->n++)
    g_assert_cmpuint (post (client, self->first + self->n), ==, 200);
  return NULL;
}

static void
collect (const WpHarness *server, const char *name, GHashTable *ids)
{
  sqlite3 *db;
  sqlite3_stmt *statement;

  check_file (server, name, "id IS NULL", 0);
  db = open_file (server, name);
  g_assert_cmpint (sqlite3_prepare_v2 (db, "SELECT id FROM jobs", -1, &statement, NULL), ==, SQLITE_OK);
  while (sqlite3_step (statement) == SQLITE_ROW)
    g_hash_table_add (ids, GUINT_TO_POINTER (sqlite3_column_int (statement, 0)));
  sqlite3_finalize (statement);
  sqlite3_close (db);
}

/* Until the server has stored some hundreds more. */
static void
let_work (WpHarness *server)
{
  double enough = wp_harness_stat (server, "ledger.stored") + 300;
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;

  while (wp_harness_stat (server, "ledger.stored") < enough)
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
}

static void
await_opened_anew (const WpHarness *server, guint n)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;
  guint n_said;

  do
    {
      g_autofree char *log = wp_harness_log (server);

      n_said = 0;
      for (const char *at = log; (at = strstr (at, REPLACED)); at++)
        n_said++;
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
    }
  while (n_said < n);
}

/* Moved again and again while all clients go on: every acknowledged job is in one of the files, and each of
 * them is whole. */
static void
test_moved_under_load (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", "-m", "WorkerPool", "-w", "8", NULL);
  g_autoptr (GHashTable) ids = g_hash_table_new (NULL, NULL);
  Hammer hammers[N_HAMMERS];
  GThread *threads[N_HAMMERS];
  gint stop = 0;
  guint n = 0;

  for (guint i = 0; i < N_HAMMERS; i++)
    {
      hammers[i] = (Hammer){ server, 1 + 1000000 * i, &stop, 0 };
      threads[i] = g_thread_new ("hammer", hammer, &hammers[i]);
    }
  for (guint i = 0; i < N_MOVES; i++)
    {
      g_autofree char *name = g_strdup_printf ("moved-%u.db", i);

      let_work (server);
      move (server, "wp.db", name);
      await_opened_anew (server, 2 * i + 1);
      collect (server, name, ids);
      let_work (server);
      take_away (server, "wp.db-wal");
      await_opened_anew (server, 2 * i + 2);
    }
  g_atomic_int_set (&stop, 1);
  for (guint i = 0; i < N_HAMMERS; i++)
    g_thread_join (threads[i]);
  wp_harness_stop (server);
  collect (server, "wp.db", ids);
  for (guint i = 0; i < N_HAMMERS; n += hammers[i++].n)
    for (guint j = 0; j < hammers[i].n; j++)
      if (!g_hash_table_contains (ids, GUINT_TO_POINTER (hammers[i].first + j)))
        g_error ("%u was acknowledged, and is missing", hammers[i].first + j);
  g_test_message ("%u jobs", n);
}

static void
check_does_not_start (WpHarness *server, const char *path, const char *why)
{
  g_autofree char *whole = wp_harness_path (server, path),
                  *spec = g_strconcat ("--database=sqlite:", whole, NULL);
  g_autoptr (WpHarness) run = wp_harness_run ("--listen=127.0.0.1:0", "--admin=none", spec, NULL);
  g_autofree char *log
      = NULL,
      *line = g_strdup_printf ("wp-server: --database: cannot open the database sqlite:%s: %s\n", whole, why);
  int status = wp_harness_wait (run);

  log = wp_harness_log (run);
  g_assert_cmpstr (log, ==, line);
  g_assert_cmpint (status, ==, 2);
}

/* The same at start: one line, status 2, and nothing is written. */
static void
test_foreign_at_start (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=1", NULL);
  g_autoptr (GBytes) before = NULL, after = NULL;

  wp_harness_stop (server);
  make_foreign (server, "foreign.db");
  before = read_bytes (server, "foreign.db");
  check_does_not_start (server, "foreign.db", "it is another program's database: no such table: jobs");
  after = read_bytes (server, "foreign.db");
  g_assert_true (g_bytes_equal (after, before));
  g_assert_false (is_there (server, "foreign.db-wal"));
}

/* A file that is only read would be found out when the first job is to be stored, after its response. */
static void
test_read_only_at_start (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autofree char *path = wp_harness_path (server, "wp.db");

  wp_harness_stop (server);
  if (is_alone < 0 || mount (path, path, NULL, MS_BIND, NULL) < 0)
    {
      g_test_skip ("no mount of our own");
      return;
    }
  g_assert_cmpint (mount (NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), ==, 0);
  check_does_not_start (server, "wp.db", "it is read-only");
  g_assert_cmpint (umount (path), ==, 0);
}

/* SQLite would delete a log whose file is missing, and acknowledged jobs with it. */
static void
test_log_without_its_file (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autofree char *log = NULL, *why = NULL;

  store (client, 0, 50);
  wp_harness_signal (server, SIGKILL);
  wp_harness_wait (server);
  move (server, "wp.db", "moved.db");
  log = wp_harness_path (server, "wp.db-wal");
  why = g_strdup_printf (
      "the file is missing, but its log %s exists: move the file back beside its log, or remove the log",
      log);
  check_does_not_start (server, "wp.db", why);
  g_assert_false (is_there (server, "wp.db"));
  move (server, "moved.db", "wp.db");
  wp_harness_start_again (server, "--threads=1", NULL);
  wp_harness_stop (server);
  check_file (server, "wp.db", "1", 50);
}

/* Files have mode 0600 under any umask: payloads are private. */
static void
test_file_mode (void)
{
  static const char *const names[] = { "wp.db", "wp.db-wal", "wp.db-shm" };
  static const mode_t masks[] = { 0, 022, 077 };

  for (guint i = 0; i < G_N_ELEMENTS (masks); i++)
    {
      mode_t before = umask (masks[i]);
      g_autoptr (WpHarness) server = wp_harness_start ("--threads=1", NULL);

      umask (before);
      for (guint j = 0; j < G_N_ELEMENTS (names); j++)
        {
          g_autofree char *path = wp_harness_path (server, names[j]);
          GStatBuf file;

          g_assert_cmpint (g_stat (path, &file), ==, 0);
          g_assert_cmpint (file.st_mode & 0777, ==, 0600);
        }
      wp_harness_stop (server);
    }
}

/* The file of a server of version 0.1.0: it has no application_id, and goes on as it is. */
static void
test_version_0_1_0 (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=1", NULL);
  g_autofree char *from
      = g_build_filename (g_getenv ("WP_SOURCE_ROOT"), "tests", "golden", "database-0.1.0", NULL);
  g_autofree char *to = wp_harness_path (server, "wp.db"), *text = NULL;
  g_autoptr (WpClient) client = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  wp_harness_stop (server);
  g_file_get_contents (from, &text, &size, &error);
  g_assert_no_error (error);
  g_file_set_contents (to, text, (gssize) size, &error);
  g_assert_no_error (error);
  wp_harness_start_again (server, "--ack=stored", NULL);
  client = wp_client_new (wp_harness_port (server));
  wp_client_post (client, "/in?a=1", "X-Request-Id: old-1\r\n", "{\"a\":1}", 7);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_harness_await_stat (server, "duplicates", 1);
  wp_client_post (client, "/in?a=1", "X-Request-Id: old-1\r\n", "{\"a\":2}", 7);
  g_assert_cmpuint (wp_client_read_status (client), ==, 422);
  wp_client_post (client, "/", "X-Request-Id: old-3\r\n", NULL, 0);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_harness_await_stat (server, "duplicates", 2);
  store (client, 0, 10);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop (server);
  check_file (server, "wp.db", "1", 13);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db",
                                          "id = 'old-1' AND content_type = 'application/json'"
                                          " AND body = CAST('{\"a\":1}' AS BLOB)"),
                   ==, 1);
}

int
main (int argc, char **argv)
{
  is_alone = unshare (CLONE_NEWNS) == 0 ? mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) : -1;
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/database-replaced/moved", test_moved);
  g_test_add_func ("/database-replaced/idle", test_idle);
  g_test_add_func ("/database-replaced/idle-then-stored", test_idle_then_stored);
  g_test_add_func ("/database-replaced/removed", test_removed);
  g_test_add_func ("/database-replaced/backup-moved-in", test_backup_moved_in);
  g_test_add_func ("/database-replaced/foreign-moved-in", test_foreign_moved_in);
  g_test_add_func ("/database-replaced/side-files-removed", test_side_files_removed);
  g_test_add_func ("/database-replaced/moved-with-a-reader", test_moved_with_a_reader);
  g_test_add_func ("/database-replaced/link-changed", test_link_changed);
  g_test_add_func ("/database-replaced/moved-under-load", test_moved_under_load);
  g_test_add_func ("/database-replaced/foreign-at-start", test_foreign_at_start);
  g_test_add_func ("/database-replaced/read-only-at-start", test_read_only_at_start);
  g_test_add_func ("/database-replaced/log-without-its-file", test_log_without_its_file);
  g_test_add_func ("/database-replaced/file-mode", test_file_mode);
  g_test_add_func ("/database-replaced/version-0.1.0", test_version_0_1_0);

  return g_test_run ();
}
