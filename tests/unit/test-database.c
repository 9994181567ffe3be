/* The databases: the content of a row, group commit, reported failures, and delays. */
#include "runtime/database/wp-database.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/wp-error.h"

#define GIVE_UP_US (20 * G_USEC_PER_SEC)

typedef struct {
  char *dir, *path, *spec;
  WpClock *clock;
  WpDatabase *database;
  GMutex mutex;
  GCond changed;
  guint n_stored, n_failed; /* guarded by mutex */
  GPtrArray *jobs;          /* (element-type WpJob) */
} Bench;

static GPtrArray *lines; /* (element-type utf8): logged lines; guarded by lines_mutex */
static GMutex lines_mutex;

static void
on_log (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  g_mutex_lock (&lines_mutex);
  g_ptr_array_add (lines, g_strdup (message));
  g_mutex_unlock (&lines_mutex);
}

static void
on_done (WpJob *const *jobs, guint n, gpointer data)
{
  Bench *bench = data;
  gint64 now_ns = wp_time_monotonic ();

  g_mutex_lock (&bench->mutex);
  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpint (jobs[i]->finished_ns, ==, WP_TIME_NONE); /* notified once */
      jobs[i]->finished_ns = now_ns;
      (*(wp_job_is_stored (jobs[i]) ? &bench->n_stored : &bench->n_failed))++;
    }
  g_cond_signal (&bench->changed);
  g_mutex_unlock (&bench->mutex);
}

static void
bench_init (Bench *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  self->dir = g_dir_make_tmp ("wp-test-database-XXXXXX", NULL);
  self->path = g_build_filename (self->dir, "jobs.db", NULL);
  self->spec = g_strconcat ("sqlite:", self->path, NULL);
  self->clock = wp_clock_new (&error);
  g_assert_no_error (error);
  self->jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  lines = g_ptr_array_new_with_free_func (g_free);
}

static void
remove_files (const char *dir_path)
{
  g_autoptr (GDir) dir = g_dir_open (dir_path, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (dir_path, name, NULL);

      g_remove (path);
    }
  g_assert_cmpint (g_rmdir (dir_path), ==, 0);
}

static void
bench_clear (Bench *self, gconstpointer data)
{
  g_clear_pointer (&self->database, wp_database_free);
  wp_clock_free (self->clock);
  g_ptr_array_unref (self->jobs);
  g_ptr_array_unref (lines);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  remove_files (self->dir);
  g_free (self->spec);
  g_free (self->path);
  g_free (self->dir);
}

static void
open_database (Bench *self, const char *spec)
{
  g_autoptr (GError) error = NULL;

  self->database
      = wp_database_open (spec, &(const WpDatabaseOptions){ .timeout_ns = WP_NS_PER_S }, self->clock, &error);
  g_assert_no_error (error);
  wp_database_on_done (self->database, on_done, self);
}

static WpJob *
make_job (Bench *self, const char *id, const char *body, gsize size)
{
  WpJob *job = wp_job_new ();

  job->id = g_strdup (id);
  job->method = "POST";
  job->path = g_strdup ("/in?x=1");
  job->content_type = g_strdup ("application/json");
  job->body = body ? g_bytes_new (body, size) : NULL;
  job->arrival_ns = job->started_ns = job->base_ns = wp_time_monotonic ();
  g_ptr_array_add (self->jobs, job);

  return job;
}

static void
await (Bench *self, guint n_stored, guint n_failed)
{
  gint64 until_us = g_get_monotonic_time () + GIVE_UP_US;

  g_mutex_lock (&self->mutex);
  while (self->n_stored + self->n_failed < n_stored + n_failed)
    g_assert_true (g_cond_wait_until (&self->changed, &self->mutex, until_us));
  g_assert_cmpuint (self->n_stored, ==, n_stored);
  g_assert_cmpuint (self->n_failed, ==, n_failed);
  g_mutex_unlock (&self->mutex);
}

static sqlite3 *
connect_second (const Bench *self)
{
  sqlite3 *db;

  g_assert_cmpint (sqlite3_open (self->path, &db), ==, SQLITE_OK);
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

static gint64
query_number (sqlite3 *db, const char *sql)
{
  sqlite3_stmt *statement;
  gint64 number;

  g_assert_cmpint (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_ROW);
  number = sqlite3_column_int64 (statement, 0);
  sqlite3_finalize (statement);

  return number;
}

static void
check_text (sqlite3_stmt *row, int column, const char *expected)
{
  g_assert_cmpstr ((const char *) sqlite3_column_text (row, column), ==, expected);
}

static void
test_row (Bench *bench, gconstpointer data)
{
  static const char body[] = "a\0b\xff\n";
  gint64 before_ns = g_get_real_time () * 1000, received_ns;
  sqlite3_stmt *row;
  sqlite3 *db;

  open_database (bench, bench->spec);
  g_assert_false (wp_database_update (bench->database, make_job (bench, "job,1", body, sizeof body)));
  await (bench, 1, 0);
  db = connect_second (bench);
  g_assert_cmpint (sqlite3_prepare_v2 (db, "SELECT id, received, method, path, content_type, body FROM jobs",
                                       -1, &row, NULL),
                   ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (row), ==, SQLITE_ROW);
  check_text (row, 0, "job,1");
  g_assert_true (wp_time_parse_iso8601 ((const char *) sqlite3_column_text (row, 1),
                                        (gsize) sqlite3_column_bytes (row, 1), &received_ns));
  g_assert_cmpint (ABS (received_ns - before_ns), <, 10 * WP_NS_PER_S);
  check_text (row, 2, "POST");
  check_text (row, 3, "/in?x=1");
  check_text (row, 4, "application/json");
  g_assert_cmpmem (sqlite3_column_blob (row, 5), sqlite3_column_bytes (row, 5), body, sizeof body);
  g_assert_cmpint (sqlite3_step (row), ==, SQLITE_DONE);
  sqlite3_finalize (row);
  sqlite3_close (db);
}

/* Of a UUID of version 7: the milliseconds since 1970 that it begins with (RFC 9562, 5.7). */
static gint64
uuid_ms (const char *id)
{
  g_autofree char *digits = g_strdup_printf ("%.8s%.4s", id, id + 9);

  return g_ascii_strtoll (digits, NULL, 16);
}

/* Jobs without an id get one; no body is stored as an empty one, no content type as NULL. */
static void
test_bare_requests (Bench *bench, gconstpointer data)
{
  sqlite3 *db;

  open_database (bench, bench->spec);
  for (guint i = 0; i < 100; i++)
    {
      WpJob *job = make_job (bench, NULL, NULL, 0);

      g_clear_pointer (&job->content_type, g_free);
      wp_database_update (bench->database, job);
    }
  await (bench, 100, 0);
  db = connect_second (bench);
  g_assert_cmpint (
      query_number (
          db,
          "SELECT count(*) FROM jobs WHERE id LIKE '________-____-7___-____-____________' AND substr(id, 20, 1) IN"
          " ('8', '9', 'a', 'b') AND content_type IS NULL AND body = x''"),
      ==, 100);
  g_assert_cmpint (ABS (uuid_ms (wp_job_key (bench->jobs->pdata[99])) - g_get_real_time () / 1000), <, 10000);
  sqlite3_close (db);
}

static const WpJob *
nth (const Bench *self, guint i)
{
  return self->jobs->pdata[i];
}

/* The same id with the same payload (method, path and body) is a repetition, with another one a conflict; the
 * row stays as it was. */
static void
test_same_id_again (Bench *bench, gconstpointer data)
{
  WpJob *job;
  sqlite3 *db;

  open_database (bench, bench->spec);
  for (guint i = 0; i < 6; i++)
    {
      job = make_job (bench, "same", i == 2 ? "b" : "a", 1);
      if (i == 1)
        g_clear_pointer (&job->content_type, g_free); /* no part of the payload */
      if (i == 3)
        job->method = "PUT";
      if (i == 4)
        *job->path = '!';
      wp_database_update (bench->database, job);
      await (bench, i < 2 ? i + 1 : i == 5 ? 3 : 2, i < 2 ? 0 : i == 5 ? 3 : i - 1);
    }
  g_assert_cmpint (nth (bench, 0)->result, ==, WP_RESULT_STORED);
  g_assert_cmpint (nth (bench, 1)->result, ==, WP_RESULT_DUPLICATE);
  for (guint i = 2; i < 5; i++)
    {
      g_assert_cmpint (nth (bench, i)->result, ==, WP_RESULT_CONFLICT);
      g_assert_cmpstr (nth (bench, i)->failure, ==, "id used with another payload");
    }
  g_assert_cmpint (nth (bench, 5)->result, ==, WP_RESULT_DUPLICATE);
  db = connect_second (bench);
  g_assert_cmpint (query_number (db, "SELECT count(*) FROM jobs"), ==, 1);
  g_assert_cmpint (
      query_number (db, "SELECT method = 'POST' AND path = '/in?x=1' AND body = x'61' FROM jobs"), ==, 1);
  sqlite3_close (db);
}

/* The writer is here when the first of all has been stored, and takes all others at once then. */
static void
on_first_done (WpJob *const *jobs, guint n, gpointer data)
{
  Bench *bench = data;

  if (jobs[0] == bench->jobs->pdata[0])
    for (guint i = 1; i < bench->jobs->len; i++)
      wp_database_update (bench->database, bench->jobs->pdata[i]);
  on_done (jobs, n, data);
}

/* Updates all that were made: the first, then the rest in one batch. */
static void
update_in_a_batch (Bench *self)
{
  wp_database_on_done (self->database, on_first_done, self);
  wp_database_update (self->database, self->jobs->pdata[0]);
}

static void
test_same_id_in_a_batch (Bench *bench, gconstpointer data)
{
  static const WpResult expected[]
      = { WP_RESULT_STORED, WP_RESULT_STORED, WP_RESULT_DUPLICATE, WP_RESULT_CONFLICT, WP_RESULT_STORED };

  make_job (bench, "first", NULL, 0);
  make_job (bench, "same", "a", 1);
  make_job (bench, "same", "a", 1);
  make_job (bench, "same", "b", 1);
  make_job (bench, "other", "b", 1);
  open_database (bench, bench->spec);
  update_in_a_batch (bench);
  await (bench, 4, 1);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpint (nth (bench, i)->result, ==, expected[i]);
}

static void
spoil (sqlite3 *db, const char *where)
{
  g_autofree char *sql = g_strdup_printf (
      "CREATE TRIGGER spoil BEFORE INSERT ON jobs WHEN %s BEGIN SELECT raise (ABORT, 'spoilt'); END", where);

  execute (db, sql);
}

/* Some rows of a batch are bad: only they fail, at any place and in any size of batch. */
static void
check_bad_rows (Bench *bench, guint n, guint n_bad)
{
  g_autoptr (GHashTable) bad = g_hash_table_new (NULL, NULL);
  sqlite3 *db;

  while (g_hash_table_size (bad) < n_bad)
    g_hash_table_add (bad, GINT_TO_POINTER (g_test_rand_int_range (1, (gint32) n)));
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id
          = g_strdup_printf (g_hash_table_contains (bad, GUINT_TO_POINTER (i)) ? "bad%u" : "good%u", i);

      make_job (bench, id, id, strlen (id));
    }
  open_database (bench, bench->spec);
  db = connect_second (bench);
  spoil (db, "new.id LIKE 'bad%'");
  update_in_a_batch (bench);
  await (bench, n - n_bad, n_bad);
  for (guint i = 0; i < n; i++)
    if (g_hash_table_contains (bad, GUINT_TO_POINTER (i)))
      g_assert_true (nth (bench, i)->result == WP_RESULT_PERMANENT
                     && g_str_equal (nth (bench, i)->failure, "spoilt"));
    else
      g_assert_cmpint (nth (bench, i)->result, ==, WP_RESULT_STORED);
  g_assert_cmpint (query_number (db, "SELECT count(*) FROM jobs"), ==, n - n_bad);
  g_assert_cmpint (query_number (db, "SELECT count(*) FROM jobs WHERE id LIKE 'bad%'"), ==, 0);
  sqlite3_close (db);
}

static void
test_one_bad_row (Bench *bench, gconstpointer data)
{
  check_bad_rows (bench, 700, 1);
}

static void
test_some_bad_rows (Bench *bench, gconstpointer data)
{
  check_bad_rows (bench, 300, 20);
}

static void
test_bad_rows_only (Bench *bench, gconstpointer data)
{
  check_bad_rows (bench, 50, 49);
}

/* A trigger that makes nothing of a row is no repetition of it; nor is an error in a function of SQLite's the
 * table's fault. */
static void
test_rows_that_a_trigger_refuses (Bench *bench, gconstpointer data)
{
  sqlite3 *db;

  make_job (bench, "first", NULL, 0);
  make_job (bench, "1", "{}", 2);
  make_job (bench, "ignored", "{}", 2);
  make_job (bench, "2", "not json", 8);
  open_database (bench, bench->spec);
  db = connect_second (bench);
  execute (db,
           "CREATE TRIGGER i BEFORE INSERT ON jobs WHEN new.id = 'ignored' BEGIN SELECT raise (IGNORE); END");
  execute (
      db,
      "CREATE TRIGGER j BEFORE INSERT ON jobs WHEN new.id != 'first' BEGIN SELECT json (CAST (new.body AS TEXT)); END");
  update_in_a_batch (bench);
  await (bench, 2, 2);
  g_assert_cmpint (nth (bench, 2)->result, ==, WP_RESULT_PERMANENT);
  g_assert_cmpstr (nth (bench, 2)->failure, ==, "a trigger ignores it");
  g_assert_cmpint (nth (bench, 3)->result, ==, WP_RESULT_PERMANENT);
  g_assert_cmpstr (nth (bench, 3)->failure, ==, "malformed JSON");
  sqlite3_close (db);
}

typedef struct {
  Bench *bench;
  WpJob **jobs;
  guint n;
} Share;

static gpointer
update_share (gpointer data)
{
  const Share *share = data;

  for (guint i = 0; i < share->n; i++)
    g_assert_false (wp_database_update (share->bench->database, share->jobs[i]));
  return NULL;
}

static void
test_group_commit (Bench *bench, gconstpointer data)
{
  guint n = 10000, n_threads = 4;
  Share shares[4];
  GThread *threads[4];
  sqlite3 *db;

  open_database (bench, bench->spec);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("%05u", i);

      make_job (bench, id, id, 5);
    }
  for (guint i = 0; i < n_threads; i++)
    {
      shares[i] = (Share){ bench, (WpJob **) bench->jobs->pdata + i * n / n_threads, n / n_threads };
      threads[i] = g_thread_new ("updater", update_share, &shares[i]);
    }
  for (guint i = 0; i < n_threads; i++)
    g_thread_join (threads[i]);
  await (bench, n, 0);
  db = connect_second (bench);
  g_assert_cmpint (query_number (db, "SELECT count(*) FROM jobs WHERE CAST(body AS TEXT) = id"), ==, n);
  sqlite3_close (db);
}

/* Another program holds the file for a while: the update waits for it. */
static void
test_locked_for_a_while (Bench *bench, gconstpointer data)
{
  sqlite3 *db;

  open_database (bench, bench->spec);
  db = connect_second (bench);
  execute (db, "BEGIN IMMEDIATE");
  wp_database_update (bench->database, make_job (bench, "1", "x", 1));
  execute (db, "INSERT INTO jobs VALUES ('0', '', '', '', '', '')");
  await (bench, 0, 0);
  execute (db, "COMMIT");
  await (bench, 1, 0);
  g_assert_cmpint (query_number (db, "SELECT count(*) FROM jobs"), ==, 2);
  sqlite3_close (db);
}

static guint64
count_failures_told (void)
{
  guint64 n = 0;

  for (guint i = 0; i < lines->len; i++)
    {
      const char *count = strstr (lines->pdata[i], ".db: ");

      g_assert_nonnull (count);
      g_assert_nonnull (strstr (lines->pdata[i], " failed: spoilt"));
      n += g_ascii_strtoull (count + 5, NULL, 10);
    }
  return n;
}

/* Every failure is logged, at once or, if there are many, as a count; none is left out. */
static void
test_failures_are_reported (Bench *bench, gconstpointer data)
{
  sqlite3 *db;

  open_database (bench, bench->spec);
  db = connect_second (bench);
  spoil (db, "TRUE");
  for (guint i = 0; i < 4; i++)
    {
      wp_database_update (bench->database, make_job (bench, NULL, "x", 1));
      await (bench, 0, i + 1);
    }
  g_assert_cmpuint (lines->len, >=, 1);
  execute (db, "DROP TRIGGER spoil");
  wp_database_update (bench->database, make_job (bench, "1", "x", 1));
  await (bench, 1, 4);
  g_assert_cmpint (query_number (db, "SELECT count(*) FROM jobs"), ==, 1);
  g_assert_true (wp_database_down_since (bench->database) == WP_TIME_NONE); /* it never was */
  sqlite3_close (db);
  g_clear_pointer (&bench->database, wp_database_free);
  g_assert_cmpuint (count_failures_told (), ==, 4);
}

static gboolean
is_down (const Bench *self)
{
  return wp_database_down_since (self->database) != WP_TIME_NONE;
}

static void
await_down (const Bench *self)
{
  gint64 until_us = g_get_monotonic_time () + GIVE_UP_US;

  while (!is_down (self))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
      g_usleep (1000);
    }
}

static gboolean
was_told (const char *text)
{
  gboolean notify = FALSE;

  g_mutex_lock (&lines_mutex);
  for (guint i = 0; i < lines->len; i++)
    notify = notify || strstr (lines->pdata[i], text);
  g_mutex_unlock (&lines_mutex);

  return notify;
}

/* Down is nobody's failure: the jobs wait, those that come later too, and are stored in the end, in their
 * order. */
static void
check_waits (Bench *bench, const char *down, const char *up, const char *reason)
{
  sqlite3 *db;

  open_database (bench, bench->spec);
  db = connect_second (bench);
  g_assert_false (is_down (bench));
  execute (db, down);
  wp_database_update (bench->database, make_job (bench, "0", "x", 1));
  await_down (bench);
  for (guint i = 1; i < 10; i++)
    {
      g_autofree char *id = g_strdup_printf ("%u", i);

      wp_database_update (bench->database, make_job (bench, id, "x", 1));
    }
  await (bench, 0, 0);
  g_assert_true (was_told (reason));
  execute (db, up);
  await (bench, 10, 0);
  g_assert_false (is_down (bench));
  g_assert_true (was_told ("is up again, after "));
  g_assert_cmpint (query_number (db, "SELECT count(*) FROM jobs WHERE id + 1 = rowid"), ==, 10);
  for (guint i = 0; i < 10; i++)
    g_assert_cmpint (nth (bench, i)->result, ==, WP_RESULT_STORED);
  sqlite3_close (db);
}

static void
test_waits_while_locked (Bench *bench, gconstpointer data)
{
  check_waits (bench, "BEGIN IMMEDIATE", "COMMIT", ".db is down, its jobs wait");
  g_assert_true (was_told ("database is locked"));
}

static void
test_waits_for_its_table (Bench *bench, gconstpointer data)
{
  check_waits (bench, "ALTER TABLE jobs RENAME TO moved", "ALTER TABLE moved RENAME TO jobs",
               "no such table: jobs");
}

/* --retry-for: a job waits so long, from its submission or from the start of the outage, and is then given
 * up; later jobs have their own time. */
static void
test_waits_no_longer_than_it_may (Bench *bench, gconstpointer data)
{
  const gint64 retry_for_ns = 200 * WP_NS_PER_MS;
  sqlite3 *db;

  open_database (bench, bench->spec);
  bench->database->retry_for_ns = retry_for_ns;
  db = connect_second (bench);
  execute (db, "ALTER TABLE jobs RENAME TO moved");
  wp_database_update (bench->database, make_job (bench, "0", "x", 1));
  await (bench, 0, 1);
  g_assert_cmpint (nth (bench, 0)->result, ==, WP_RESULT_TRANSIENT);
  g_assert_cmpstr (nth (bench, 0)->failure, ==, "no such table: jobs");
  g_assert_cmpint (nth (bench, 0)->finished_ns - nth (bench, 0)->started_ns, >=, retry_for_ns);
  g_assert_true (is_down (bench));
  wp_database_update (bench->database, make_job (bench, "1", "x", 1));
  await (bench, 0, 2);
  g_assert_cmpint (nth (bench, 1)->finished_ns - nth (bench, 1)->started_ns, >=, retry_for_ns);
  execute (db, "ALTER TABLE moved RENAME TO jobs");
  wp_database_update (bench->database, make_job (bench, "2", "x", 1));
  await (bench, 1, 2);
  g_assert_false (is_down (bench));
  sqlite3_close (db);
}

static void
check_refused (Bench *bench, const char *spec, const char *reason)
{
  g_autoptr (GError) error = NULL;

  bench->database = wp_database_open (spec, &(const WpDatabaseOptions){ .timeout_ns = WP_NS_PER_S },
                                      bench->clock, &error);
  g_assert_null (bench->database);
  g_assert_nonnull (error);
  g_assert_true (error->domain == WP_ERROR);
  g_assert_null (strchr (error->message, '\n'));
  if (!strstr (error->message, reason))
    g_error ("\"%s\" does not say \"%s\"", error->message, reason);
}

static void
test_cannot_open (Bench *bench, gconstpointer data)
{
  g_autofree char *folder = g_strconcat ("sqlite:", bench->dir, NULL);
  sqlite3 *db;

  check_refused (bench, "sqlite:/nonexistent/jobs.db",
                 "sqlite:/nonexistent/jobs.db: No such file or directory");
  check_refused (bench, folder, "unable to open database file: Is a directory");
  check_refused (bench, "sqlite:", "the name of the file is missing");
  check_refused (
      bench, "jobs.db",
      "\"jobs.db\" is not a database: sqlite:FILE, postgresql://..., amqp://..., delay:TIME or delay:request");
  check_refused (bench, "mysql://user:secret@host", "\"mysql...\" is not a database: sqlite:FILE");
  check_refused (bench, "delay:abc", "\"abc\" is not a time");
  check_refused (bench, "delay:", "\"\" is not a time");
  check_refused (bench, "delay:-1s", "\"-1s\" is not a time");

  db = connect_second (bench);
  execute (db, "CREATE TABLE jobs (other)");
  sqlite3_close (db);
  check_refused (bench, bench->spec, "it is another program's database: table jobs has no column named id");
  g_assert_true (g_file_set_contents (
      bench->path, "this is no database, but a text that is long enough to look like one", -1, NULL));
  check_refused (bench, bench->spec, "file is not a database");
}

static void
test_delay (Bench *bench, gconstpointer data)
{
  WpJob *job;

  open_database (bench, "delay:20ms");
  g_assert_false (bench->database->by_request);
  for (guint i = 0; i < 100; i++)
    {
      job = make_job (bench, NULL, NULL, 0);
      job->asked_service_ns = 3600 * WP_NS_PER_S; /* nobody asked */
      g_assert_false (wp_database_update (bench->database, job));
      g_assert_cmpint (job->due_ns, ==, job->started_ns + 20 * WP_NS_PER_MS);
    }
  await (bench, 100, 0);
  for (guint i = 0; i < 100; i++)
    {
      job = bench->jobs->pdata[i];
      g_assert_cmpint (job->finished_ns, >=, job->started_ns + 20 * WP_NS_PER_MS);
    }
}

static void
test_delay_of_nothing (Bench *bench, gconstpointer data)
{
  open_database (bench, "delay:0");
  g_assert_true (wp_database_update (bench->database, make_job (bench, NULL, NULL, 0)));
}

/* A delay ends when it would have, had its predecessor on the worker ended on time. */
static void
test_delay_counts_from_its_base (Bench *bench, gconstpointer data)
{
  WpJob *job;

  open_database (bench, "delay:20ms");
  job = make_job (bench, NULL, NULL, 0);
  job->base_ns = job->started_ns - 15 * WP_NS_PER_MS;
  g_assert_false (wp_database_update (bench->database, job));
  g_assert_cmpint (job->due_ns, ==, job->base_ns + 20 * WP_NS_PER_MS);
  await (bench, 1, 0);
  job = make_job (bench, NULL, NULL, 0);
  job->base_ns = job->started_ns - 25 * WP_NS_PER_MS;
  g_assert_true (wp_database_update (bench->database, job));
}

static void
test_delay_by_request (Bench *bench, gconstpointer data)
{
  WpJob *asked, *silent;

  open_database (bench, "delay:request");
  g_assert_true (bench->database->by_request);
  asked = make_job (bench, NULL, NULL, 0);
  asked->asked_service_ns = 5 * WP_NS_PER_MS;
  silent = make_job (bench, NULL, NULL, 0);
  g_assert_false (wp_database_update (bench->database, asked));
  g_assert_false (wp_database_update (bench->database, silent));
  g_assert_cmpint (asked->due_ns, ==, asked->started_ns + 5 * WP_NS_PER_MS);
  g_assert_cmpint (silent->due_ns, ==, silent->started_ns + 500 * WP_NS_PER_MS);
  await (bench, 2, 0);
  asked = make_job (bench, NULL, NULL, 0);
  asked->asked_service_ns = 0;
  g_assert_true (wp_database_update (bench->database, asked));
}

/* The longest time that can be said is not over at once. */
static void
test_delay_without_end (Bench *bench, gconstpointer data)
{
  open_database (bench, "delay:36500d");
  g_assert_false (wp_database_update (bench->database, make_job (bench, NULL, NULL, 0)));
  g_assert_cmpint (((WpJob *) bench->jobs->pdata[0])->due_ns, >, wp_time_monotonic () + 3600 * WP_NS_PER_S);
  g_clear_pointer (&bench->clock, wp_clock_free); /* before the job that it holds */
  bench->clock = wp_clock_new (NULL);
}

/* A commit ends no sooner than its pace says, and jobs that arrive meanwhile share the next one. */
static void
test_sqlite_keeps_its_pace (Bench *self, gconstpointer data)
{
  const gint64 pace_ns = 20 * WP_NS_PER_MS;
  const WpJob *first, *second, *third;

  open_database (self, self->spec);
  self->database->pace_ns = pace_ns;
  g_assert_false (wp_database_update (self->database, make_job (self, NULL, "x", 1)));
  await (self, 1, 0);
  for (guint i = 0; i < 2; i++)
    g_assert_false (wp_database_update (self->database, make_job (self, NULL, "x", 1)));
  await (self, 3, 0);
  first = self->jobs->pdata[0];
  second = self->jobs->pdata[1];
  third = self->jobs->pdata[2];
  g_assert_cmpint (first->finished_ns - first->started_ns, >=, pace_ns);
  g_assert_cmpint (second->finished_ns - first->started_ns, >=, 2 * pace_ns);
  g_assert_cmpint (third->finished_ns, >=, second->finished_ns);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*func) (Bench *bench, gconstpointer data);
  } tests[] = {
    { "/database/row", test_row },
    { "/database/bare-requests", test_bare_requests },
    { "/database/same-id-again", test_same_id_again },
    { "/database/same-id-in-a-batch", test_same_id_in_a_batch },
    { "/database/one-bad-row", test_one_bad_row },
    { "/database/some-bad-rows", test_some_bad_rows },
    { "/database/bad-rows-only", test_bad_rows_only },
    { "/database/rows-that-a-trigger-refuses", test_rows_that_a_trigger_refuses },
    { "/database/group-commit", test_group_commit },
    { "/database/keeps-its-pace", test_sqlite_keeps_its_pace },
    { "/database/locked-for-a-while", test_locked_for_a_while },
    { "/database/failures-are-reported", test_failures_are_reported },
    { "/database/waits-while-locked", test_waits_while_locked },
    { "/database/waits-for-its-table", test_waits_for_its_table },
    { "/database/waits-no-longer-than-it-may", test_waits_no_longer_than_it_may },
    { "/database/cannot-open", test_cannot_open },
    { "/database/delay", test_delay },
    { "/database/delay-of-nothing", test_delay_of_nothing },
    { "/database/delay-counts-from-its-base", test_delay_counts_from_its_base },
    { "/database/delay-by-request", test_delay_by_request },
    { "/database/delay-without-end", test_delay_without_end },
  };

  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_log_set_handler (NULL, G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE, on_log, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Bench, NULL, bench_init, tests[i].func, bench_clear);

  return g_test_run ();
}
