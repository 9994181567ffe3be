/* The databases: what a row holds, group commit, failures that are told, and delays. */
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
  guint n_stored, n_failed;  /* guarded by mutex */
  GPtrArray *jobs;           /* (element-type WpJob) */
} Bench;

static GPtrArray *lines;     /* (element-type utf8): what was logged; guarded by lines_mutex */
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
      g_assert_cmpint (jobs[i]->finished_ns, ==, WP_TIME_NONE);   /* told once */
      jobs[i]->finished_ns = now_ns;
      (*(wp_job_is_stored (jobs[i]) ? &bench->n_stored : &bench->n_failed))++;
    }
  g_cond_signal (&bench->changed);
  g_mutex_unlock (&bench->mutex);
}

static void
bench_init (Bench *self, gconstpointer data)
{
  g_autoptr(GError) error = NULL;

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
  g_autoptr(GDir) dir = g_dir_open (dir_path, 0, NULL);
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
  g_autoptr(GError) error = NULL;

  self->database = wp_database_open (spec, self->clock, &error);
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
  g_assert_cmpint (sqlite3_prepare_v2 (db, "SELECT id, received, method, path, content_type, body FROM jobs", -1, &row, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (row), ==, SQLITE_ROW);
  check_text (row, 0, "job,1");
  g_assert_true (wp_time_parse_iso8601 ((const char *) sqlite3_column_text (row, 1), (gsize) sqlite3_column_bytes (row, 1), &received_ns));
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

/* Names are made for those who have none; no body is an empty one, no content type is NULL. */
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
  g_assert_cmpint (query_number (db, "SELECT count(*) FROM jobs WHERE id LIKE '________-____-7___-____-____________' AND substr(id, 20, 1) IN"
                                     " ('8', '9', 'a', 'b') AND content_type IS NULL AND body = x''"), ==, 100);
  g_assert_cmpint (ABS (uuid_ms (wp_job_key (bench->jobs->pdata[99])) - g_get_real_time () / 1000), <, 10000);
  sqlite3_close (db);
}

static void
test_duplicates (Bench *bench, gconstpointer data)
{
  sqlite3 *db;
  guint n = 0;

  open_database (bench, bench->spec);
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *body = g_strdup_printf ("%u", i);

      wp_database_update (bench->database, make_job (bench, "same", body, 1));
      await (bench, i + 1, 0);
    }
  wp_database_update (bench->database, make_job (bench, "other", NULL, 0));
  await (bench, 5, 0);
  for (guint i = 0; i < 5; i++)
    n += ((WpJob *) bench->jobs->pdata[i])->result == WP_RESULT_DUPLICATE;
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpint (((WpJob *) bench->jobs->pdata[0])->result, ==, WP_RESULT_STORED);
  g_assert_cmpint (((WpJob *) bench->jobs->pdata[4])->result, ==, WP_RESULT_STORED);
  db = connect_second (bench);
  g_assert_cmpint (query_number (db, "SELECT count(*) FROM jobs"), ==, 2);
  g_assert_cmpint (query_number (db, "SELECT body = x'30' FROM jobs WHERE id = 'same'"), ==, 1);
  sqlite3_close (db);
}

static void
on_first_done (WpJob *const *jobs, guint n, gpointer data)
{
  Bench *bench = data;

  if (g_strcmp0 (jobs[0]->id, "same") == 0 && n == 1)
    for (guint i = 1; i < 3; i++)
      wp_database_update (bench->database, bench->jobs->pdata[i]);   /* the writer is here, and takes both at once then */
  on_done (jobs, n, data);
}

/* One row spoils a batch: none of it is stored, and what was a repetition in it is none. */
static void
test_duplicate_in_a_batch_that_fails (Bench *bench, gconstpointer data)
{
  WpJob *first = make_job (bench, "same", NULL, 0), *second = make_job (bench, "same", NULL, 0);
  sqlite3 *db;

  make_job (bench, "bad", NULL, 0);
  open_database (bench, bench->spec);
  wp_database_on_done (bench->database, on_first_done, bench);
  db = connect_second (bench);
  execute (db, "CREATE TRIGGER spoil BEFORE INSERT ON jobs WHEN new.id = 'bad' BEGIN SELECT raise (ABORT, 'spoilt'); END");
  wp_database_update (bench->database, first);
  await (bench, 1, 2);
  g_assert_cmpint (second->result, ==, WP_RESULT_PERMANENT);
  g_assert_cmpstr (second->failure, ==, "spoilt");
  g_assert_cmpint (query_number (db, "SELECT count(*) FROM jobs"), ==, 1);
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
      shares[i] = (Share) { bench, (WpJob **) bench->jobs->pdata + i * n / n_threads, n / n_threads };
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
count_told (void)
{
  guint64 n = 0;

  for (guint i = 0; i < lines->len; i++)
    {
      const char *count = strstr (lines->pdata[i], ".db: ");

      g_assert_nonnull (count);
      g_assert_nonnull (strstr (lines->pdata[i], "updates failed: no such table: jobs"));
      n += g_ascii_strtoull (count + 5, NULL, 10);
    }
  return n;
}

/* Every failure is told, at once or, where there were many, in a number; none is forgotten. */
static void
test_fails_and_recovers (Bench *bench, gconstpointer data)
{
  sqlite3 *db;

  open_database (bench, bench->spec);
  db = connect_second (bench);
  execute (db, "ALTER TABLE jobs RENAME TO moved");
  for (guint i = 0; i < 4; i++)
    {
      wp_database_update (bench->database, make_job (bench, NULL, "x", 1));
      await (bench, 0, i + 1);
    }
  g_assert_cmpuint (lines->len, >=, 1);
  execute (db, "ALTER TABLE moved RENAME TO jobs");
  wp_database_update (bench->database, make_job (bench, "1", "x", 1));
  await (bench, 1, 4);
  g_assert_cmpint (query_number (db, "SELECT count(*) FROM jobs"), ==, 1);
  sqlite3_close (db);
  g_clear_pointer (&bench->database, wp_database_free);
  g_assert_cmpuint (count_told (), ==, 4);
}

static void
check_refused (Bench *bench, const char *spec, const char *reason)
{
  g_autoptr(GError) error = NULL;

  bench->database = wp_database_open (spec, bench->clock, &error);
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

  check_refused (bench, "sqlite:/nonexistent/jobs.db", "sqlite:/nonexistent/jobs.db: unable to open database file");
  check_refused (bench, folder, "unable to open database file");
  check_refused (bench, "sqlite:", "no file named");
  check_refused (bench, "jobs.db", "\"jobs.db\" is not a database: sqlite:FILE, delay:TIME or delay:request");
  check_refused (bench, "mysql:jobs", "\"mysql:jobs\" is not a database");
  check_refused (bench, "delay:abc", "\"abc\" is not a time");
  check_refused (bench, "delay:", "\"\" is not a time");
  check_refused (bench, "delay:-1s", "\"-1s\" is not a time");

  db = connect_second (bench);
  execute (db, "CREATE TABLE jobs (other)");
  sqlite3_close (db);
  check_refused (bench, bench->spec, "table jobs has 1 columns");
  g_assert_true (g_file_set_contents (bench->path, "this is no database, but a text that is long enough to look like one", -1, NULL));
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
      job->asked_service_ns = 3600 * WP_NS_PER_S;   /* nobody asked */
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
  g_clear_pointer (&bench->clock, wp_clock_free);   /* before the job that it holds */
  bench->clock = wp_clock_new (NULL);
}

/* A commit is over no sooner than its pace says, and what comes meanwhile shares the next. */
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
    { "/database/duplicates", test_duplicates },
    { "/database/duplicate-in-a-batch-that-fails", test_duplicate_in_a_batch_that_fails },
    { "/database/group-commit", test_group_commit },
    { "/database/keeps-its-pace", test_sqlite_keeps_its_pace },
    { "/database/locked-for-a-while", test_locked_for_a_while },
    { "/database/fails-and-recovers", test_fails_and_recovers },
    { "/database/cannot-open", test_cannot_open },
    { "/database/delay", test_delay },
    { "/database/delay-of-nothing", test_delay_of_nothing },
    { "/database/delay-counts-from-its-base", test_delay_counts_from_its_base },
    { "/database/delay-by-request", test_delay_by_request },
    { "/database/delay-without-end", test_delay_without_end },
  };

  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_log_set_handler (NULL, G_LOG_LEVEL_WARNING, on_log, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Bench, NULL, bench_init, tests[i].func, bench_clear);

  return g_test_run ();
}
