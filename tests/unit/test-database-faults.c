/* SQLite's files on a failing disk: a read error is never taken for data, and after a failed sync all data
 * that the system has dropped is written again. At the end of each case the power is cut. */
#include "runtime/database/wp-database.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#include "tests/unit/wp-fault-vfs.h"

#define FILE_NAME  "jobs.db"
#define BODY_BYTES 20000 /* a log is copied after some 300 of them */
#define GIVE_UP_US (30 * G_USEC_PER_SEC)
#define MAX_PLACES 1000

typedef struct {
  char *dir, *path, *spec;
  WpClock *clock;
  WpDatabase *database;
  GPtrArray *jobs; /* (element-type WpJob) */
  GMutex mutex;
  GCond changed;
  guint n_stored; /* guarded by mutex */
} Bench;

static void
on_done (WpJob *const *jobs, guint n, gpointer data)
{
  Bench *self = data;

  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < n; i++)
    g_assert_cmpint (jobs[i]->result, ==, WP_RESULT_STORED);
  self->n_stored += n;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->mutex);
}

static void
bench_init (Bench *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  self->dir = g_dir_make_tmp ("wp-test-faults-XXXXXX", NULL);
  self->path = g_build_filename (self->dir, FILE_NAME, NULL);
  self->spec = g_strconcat ("sqlite:", self->path, NULL);
  self->clock = wp_clock_new (&error);
  g_assert_no_error (error);
  self->jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
}

static void
remove_files (const Bench *self)
{
  g_autoptr (GDir) dir = g_dir_open (self->dir, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (self->dir, name, NULL);

      g_unlink (path);
    }
}

static void
bench_clear (Bench *self, gconstpointer data)
{
  g_clear_pointer (&self->database, wp_database_free);
  wp_clock_free (self->clock);
  g_ptr_array_unref (self->jobs);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  remove_files (self);
  g_assert_cmpint (g_rmdir (self->dir), ==, 0);
  g_free (self->spec);
  g_free (self->path);
  g_free (self->dir);
}

/* FALSE: it cannot be opened, and says why. */
static gboolean
open_database (Bench *self)
{
  g_autoptr (GError) error = NULL;

  self->database = wp_database_open (self->spec, &(const WpDatabaseOptions){ .timeout_ns = WP_NS_PER_S },
                                     self->clock, &error);
  g_assert_true (!self->database == (error != NULL));
  if (self->database)
    wp_database_on_done (self->database, on_done, self);
  return self->database != NULL;
}

/* Has @n jobs more stored, one in each commit. */
static void
store (Bench *self, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      gint64 until_us = g_get_monotonic_time () + GIVE_UP_US;
      WpJob *job = wp_job_new ();

      job->id = g_strdup_printf ("%u", self->jobs->len);
      job->method = "POST";
      job->path = g_strdup ("/");
      job->body = g_bytes_new_take (g_strnfill (BODY_BYTES, 'x'), BODY_BYTES);
      job->arrival_ns = job->started_ns = wp_time_monotonic ();
      g_ptr_array_add (self->jobs, job);
      g_assert_false (wp_database_update (self->database, job));
      g_mutex_lock (&self->mutex);
      while (self->n_stored < self->jobs->len)
        g_assert_true (g_cond_wait_until (&self->changed, &self->mutex, until_us));
      g_mutex_unlock (&self->mutex);
    }
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
keep_what_is_on_disk (const Bench *self, const char *suffix)
{
  g_autofree char *from = g_strconcat (self->path, suffix, NULL),
                  *to = g_strdup_printf ("%s/cut%s", self->dir, suffix);
  g_autoptr (GBytes) bytes = wp_fault_vfs_on_disk (from);

  g_unlink (to);
  if (bytes && g_bytes_get_size (bytes) > 0)
    g_assert_true (
        g_file_set_contents (to, g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes), NULL));
}

/* The power is cut: every job whose result was "stored" is on the disk, and the file is whole. */
static void
check_after_cut (const Bench *self)
{
  g_autofree char *path = g_build_filename (self->dir, "cut", NULL),
                  *index = g_strconcat (path, "-shm", NULL);
  sqlite3 *db;

  keep_what_is_on_disk (self, "");
  keep_what_is_on_disk (self, "-wal");
  g_unlink (index);
  g_assert_cmpint (sqlite3_open_v2 (path, &db, SQLITE_OPEN_READWRITE, "unix"), ==, SQLITE_OK);
  g_assert_cmpint (
      query_number (db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check != 'ok'"), ==, 0);
  g_assert_cmpint (query_number (db,
                                 "SELECT count(*) FROM jobs WHERE length (body) = " G_STRINGIFY (BODY_BYTES)),
                   ==, self->jobs->len);
  sqlite3_close (db);
}

/* The files are again as they were when the power was cut. */
static void
restore_from_cut (const Bench *self)
{
  static const char *const suffixes[] = { "", "-wal" };
  g_autofree char *index = g_strconcat (self->path, "-shm", NULL);

  g_unlink (index);
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *from = g_strdup_printf ("%s/cut%s", self->dir, suffixes[i]),
                      *to = g_strconcat (self->path, suffixes[i], NULL), *bytes = NULL;
      gsize size;

      g_assert_true (g_file_get_contents (from, &bytes, &size, NULL));
      g_assert_true (g_file_set_contents (to, bytes, (gssize) size, NULL));
    }
}

/* An existing database, with or without a log after a crash: if any read fails at start, the server does not
 * start, and the file is unchanged. */
static void
check_read_at_start (Bench *self, gboolean crashed)
{
  guint nth = 0;
  gboolean failed;

  g_assert_true (open_database (self));
  store (self, 5);
  keep_what_is_on_disk (self, "");
  keep_what_is_on_disk (self, "-wal");
  g_clear_pointer (&self->database, wp_database_free);
  do
    {
      if (crashed)
        restore_from_cut (self);
      wp_fault_vfs_arm (WP_FAULT_READ, "", ++nth);
      open_database (self);
      failed = wp_fault_vfs_disarm ();
      g_assert_true (failed == !self->database);
      g_clear_pointer (&self->database, wp_database_free);
      g_assert_cmpuint (nth, <, MAX_PLACES);
    }
  while (failed);
  g_test_message ("%u reads", nth - 1);
  g_assert_cmpuint (nth, >, 3);
  g_assert_true (open_database (self));
  store (self, 1);
  check_after_cut (self);
}

static void
test_read_at_start (Bench *self, gconstpointer data)
{
  check_read_at_start (self, FALSE);
}

static void
test_read_after_a_crash (Bench *self, gconstpointer data)
{
  check_read_at_start (self, TRUE);
}

/* A new file: if any sync fails, at start or with the first row, nothing counts as stored that is not on the
 * disk. */
static void
test_sync_of_a_new_file (Bench *self, gconstpointer data)
{
  guint nth = 0;
  gboolean failed;

  do
    {
      wp_fault_vfs_arm (WP_FAULT_LOSING_SYNC, "", ++nth);
      if (open_database (self))
        store (self, 1);
      failed = wp_fault_vfs_disarm ();
      g_assert_true (failed || self->database);
      if (!self->database)
        {
          g_assert_true (open_database (self));
          store (self, 1);
        }
      check_after_cut (self);
      g_clear_pointer (&self->database, wp_database_free);
      remove_files (self);
      g_ptr_array_set_size (self->jobs, 0);
      self->n_stored = 0;
      g_assert_cmpuint (nth, <, MAX_PLACES);
    }
  while (failed);
  g_test_message ("%u syncs", nth - 1);
  g_assert_cmpuint (nth, >, 2); /* the file's and its log's at least */
}

/* A commit is written again, all of it. */
static void
test_sync_of_the_log (Bench *self, gconstpointer data)
{
  g_assert_true (open_database (self));
  for (guint nth = 1; nth <= 5; nth++)
    {
      wp_fault_vfs_arm (WP_FAULT_LOSING_SYNC, "-wal", nth);
      store (self, nth);
      g_assert_true (wp_fault_vfs_disarm ());
      check_after_cut (self);
    }
}

/* A log is copied in two parts, and only the second is synced. When that fails the first is lost with it, and
 * has to be copied again. */
static void
test_sync_of_the_file (Bench *self, gconstpointer data)
{
  gint64 until_us = g_get_monotonic_time () + GIVE_UP_US;
  gboolean failed = FALSE;

  g_assert_true (open_database (self));
  wp_fault_vfs_hold (WP_FAULT_WRITE, FILE_NAME);
  store (self, 360); /* the first part waits, and there is more in the log by then */
  wp_fault_vfs_arm (WP_FAULT_LOSING_SYNC, FILE_NAME, 1);
  wp_fault_vfs_hold (WP_FAULT_NONE, NULL);
  while (!failed)
    {
      store (self, 1);
      failed = wp_fault_vfs_disarm ();
      if (!failed)
        wp_fault_vfs_arm (WP_FAULT_LOSING_SYNC, FILE_NAME, 1);
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
    }
  store (self, 700); /* other logs follow */
  check_after_cut (self);
  g_clear_pointer (&self->database, wp_database_free);
  check_after_cut (self);
}

static gpointer
try_open (gpointer bench)
{
  return GINT_TO_POINTER (open_database (bench));
}

/* There is no file, one is made, and just then the old one is moved back: the log of the new one is not
 * copied into it. @fault: at the schema's write to the log, or when the second connection reads it */
static void
check_moved_back (Bench *self, WpFault fault)
{
  g_autofree char *away = g_strconcat (self->path, "-away", NULL);
  sqlite3 *db;
  GThread *thread;

  g_assert_true (open_database (self));
  store (self, 10);
  g_clear_pointer (&self->database, wp_database_free);
  g_assert_no_errno (g_rename (self->path, away));
  wp_fault_vfs_hold (fault, FILE_NAME "-wal");
  thread = g_thread_new ("open", try_open, self);
  wp_fault_vfs_await_held ();
  g_assert_no_errno (g_rename (away, self->path));
  wp_fault_vfs_hold (WP_FAULT_NONE, NULL);
  g_assert_false (GPOINTER_TO_INT (g_thread_join (thread)));

  g_assert_true (open_database (self));
  store (self, 1);
  g_clear_pointer (&self->database, wp_database_free);
  g_assert_cmpint (sqlite3_open (self->path, &db), ==, SQLITE_OK);
  g_assert_cmpint (query_number (db, "SELECT count(*) FROM jobs"), ==, 11);
  sqlite3_close (db);
}

static void
test_moved_back_at_write (Bench *self, gconstpointer data)
{
  check_moved_back (self, WP_FAULT_WRITE);
}

static void
test_moved_back_at_read (Bench *self, gconstpointer data)
{
  check_moved_back (self, WP_FAULT_READ);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  wp_fault_vfs_register ();
  wp_fault_vfs_watch_disk ();
  g_test_add ("/database-faults/read-at-start", Bench, NULL, bench_init, test_read_at_start, bench_clear);
  g_test_add ("/database-faults/read-after-a-crash", Bench, NULL, bench_init, test_read_after_a_crash,
              bench_clear);
  g_test_add ("/database-faults/sync-of-a-new-file", Bench, NULL, bench_init, test_sync_of_a_new_file,
              bench_clear);
  g_test_add ("/database-faults/sync-of-the-log", Bench, NULL, bench_init, test_sync_of_the_log, bench_clear);
  g_test_add ("/database-faults/sync-of-the-file", Bench, NULL, bench_init, test_sync_of_the_file,
              bench_clear);
  g_test_add ("/database-faults/moved-back-at-write", Bench, NULL, bench_init, test_moved_back_at_write,
              bench_clear);
  g_test_add ("/database-faults/moved-back-at-read", Bench, NULL, bench_init, test_moved_back_at_read,
              bench_clear);

  return g_test_run ();
}
