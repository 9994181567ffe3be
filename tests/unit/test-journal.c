/* The journal: the content of its file after any order of events on any threads, and its messages about files
 * of others. */
#include "runtime/database/wp-journal.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/wp-error.h"
#include "tests/unit/wp-fault-vfs.h"

#define N_THREADS  4
#define JOBS_EACH  3000
#define GIVE_UP_US (20 * G_USEC_PER_SEC)

typedef struct {
  char *dir, *path;
  WpJournal *journal;
  GMutex mutex;
  GCond changed;
  guint n_written, n_refused; /* guarded by mutex */
  GPtrArray *recovered;       /* (element-type WpJob): guarded by mutex: since the start */
  gboolean all_recovered;     /* guarded by mutex */
  guint n_places;             /* guarded by mutex: for those that are recovered */
  gint n_jobs;                /* atomic: made so far */
} Bench;

static void
on_log (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  g_assert_true (strstr (message, "cannot be written, requests get 503")
                 || strstr (message, "was removed or replaced; the log is copied")
                 || strstr (message, "cannot be read, ") || g_str_has_suffix (message, " again")
                 || g_str_has_prefix (message, "recovered "));
}

/* WpJournalListener, as the following. */
static void
on_written (WpJob *job, gboolean ok, gpointer data)
{
  Bench *self = data;

  g_mutex_lock (&self->mutex);
  *(ok ? &self->n_written : &self->n_refused) += 1;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->mutex);
}

static void
on_health (gboolean ok, gpointer data)
{
}

static gboolean
has_place (gpointer data)
{
  Bench *self = data;
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  return self->recovered->len < self->n_places;
}

static void
on_recovered (WpJob *job, gpointer data)
{
  Bench *self = data;
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  if (job)
    g_ptr_array_add (self->recovered, wp_job_ref (job));
  else
    self->all_recovered = TRUE;
  g_cond_signal (&self->changed);
}

static void
start (Bench *self)
{
  static const WpJournalListener listener = { on_written, on_health, has_place, on_recovered };
  WpJournalCounts counts;

  wp_journal_count (self->journal, &counts);
  self->all_recovered = counts.backlog == 0;
  g_clear_pointer (&self->recovered, g_ptr_array_unref);
  self->recovered = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref);
  wp_journal_start (self->journal, &listener, self);
}

static void
await_all_recovered (Bench *self)
{
  gint64 until_us = g_get_monotonic_time () + GIVE_UP_US;

  g_mutex_lock (&self->mutex);
  while (!self->all_recovered)
    g_assert_true (g_cond_wait_until (&self->changed, &self->mutex, until_us));
  g_mutex_unlock (&self->mutex);
}

static void
await (Bench *self, guint n_written, guint n_refused)
{
  gint64 until_us = g_get_monotonic_time () + GIVE_UP_US;

  g_mutex_lock (&self->mutex);
  while (self->n_written + self->n_refused < n_written + n_refused)
    g_assert_true (g_cond_wait_until (&self->changed, &self->mutex, until_us));
  g_assert_cmpuint (self->n_written, ==, n_written);
  g_assert_cmpuint (self->n_refused, ==, n_refused);
  g_mutex_unlock (&self->mutex);
}

static void
open_journal (Bench *self, guint64 max_bytes)
{
  g_autoptr (GError) error = NULL;

  self->journal = wp_journal_open (self->path, max_bytes, &error);
  g_assert_no_error (error);
}

static void
close_journal (Bench *self)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (wp_journal_close (self->journal, WP_TIME_NONE, &error));
  g_assert_no_error (error);
  g_clear_pointer (&self->journal, wp_journal_free);
}

/* Starts it, and waits for all that an earlier run left. */
static GPtrArray *
recover (Bench *self)
{
  start (self);
  await_all_recovered (self);

  return g_ptr_array_ref (self->recovered);
}

static void
bench_init (Bench *self, gconstpointer data)
{
  self->dir = g_dir_make_tmp ("wp-test-journal-XXXXXX", NULL);
  self->path = g_build_filename (self->dir, "jobs.journal", NULL);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  self->n_places = G_MAXUINT;
}

static void
bench_clear (Bench *self, gconstpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (self->dir, 0, NULL);
  const char *name;

  g_clear_pointer (&self->journal, wp_journal_free);
  g_clear_pointer (&self->recovered, g_ptr_array_unref);
  while ((name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (self->dir, name, NULL);

      g_remove (path);
    }
  g_assert_cmpint (g_rmdir (self->dir), ==, 0);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  g_free (self->path);
  g_free (self->dir);
}

/* Of the @i-th job to arrive. */
static WpJob *
make_job (guint i)
{
  WpJob *job = wp_job_new ();
  g_autofree char *body = g_strdup_printf ("%u", i);

  job->seq = i;
  job->arrival_ns = wp_time_monotonic ();
  job->method = "PUT";
  job->path = g_strdup ("/in?x=1");
  job->body = g_bytes_new (body, strlen (body));

  return job;
}

static guint
number_of (const WpJob *job)
{
  gsize size;
  const char *body = g_bytes_get_data (job->body, &size);
  g_autofree char *text = g_strndup (body, size);

  return (guint) g_ascii_strtoull (text, NULL, 10);
}

/* The result of a job of that number: stored, failed or unfinished. */
static guint
fate_of (guint i)
{
  return i * 2654435761u >> 16 & 3;
}

/* As the mode does: the update may end before its job is added to the journal. */
static gpointer
hammer (gpointer data)
{
  Bench *self = data;
  char *reason = g_ref_string_new ("it rained");

  for (guint n = 0; n < JOBS_EACH; n++)
    {
      guint i = (guint) g_atomic_int_add (&self->n_jobs, 1), fate = fate_of (i);
      g_autoptr (WpJob) job = make_job (i);
      gboolean ends_first = i % 5 == 0;

      if (!ends_first)
        wp_journal_add (self->journal, job);
      if (i % 7 == 0)
        g_thread_yield ();
      if (fate == 0)
        wp_job_set_failure (job, reason);
      if (fate == 0)
        wp_journal_fail (self->journal, job);
      else if (fate != 1)
        wp_journal_remove (self->journal, job);
      if (ends_first)
        wp_journal_add (self->journal, job);
    }
  g_ref_string_release (reason);

  return NULL;
}

static void
count_failed (const WpFailedJob *job, gpointer n)
{
  g_assert_cmpstr (job->reason, ==, "it rained");
  g_assert_cmpstr (job->path, ==, "/in?x=1");
  g_assert_cmpint (strlen (job->id), ==, 36);
  (*(guint *) n)++;
}

static void
test_any_order (Bench *self, gconstpointer data)
{
  guint n_jobs = N_THREADS * JOBS_EACH, n_left = 0, n_failed = 0, n_listed = 0, next = 0;
  g_autoptr (GPtrArray) jobs = NULL;
  WpJournalCounts counts;
  GThread *threads[N_THREADS];

  open_journal (self, 0);
  start (self);
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("hammer", hammer, self);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  await (self, n_jobs, 0);
  close_journal (self);

  for (guint i = 0; i < n_jobs; i++)
    {
      n_failed += fate_of (i) == 0;
      n_left += fate_of (i) == 1;
    }
  open_journal (self, 0);
  wp_journal_count (self->journal, &counts);
  g_assert_cmpuint (counts.failed, ==, n_failed);
  g_assert_true (wp_journal_file_list_failed (self->path, 100, count_failed, &n_listed, NULL));
  g_assert_cmpuint (n_listed, ==, 100);
  jobs = recover (self);
  g_assert_cmpuint (jobs->len, ==, n_left);
  for (guint i = 0; i < jobs->len; i++, next++)
    {
      while (fate_of (next) != 1)
        next++;
      g_assert_cmpuint (number_of (jobs->pdata[i]), ==, next); /* in order of arrival */
    }
}

/* Two runs: the second one's jobs come behind all that the first left, the failed one too, and what it
 * finishes goes. */
static void
test_next_run (Bench *self, gconstpointer data)
{
  g_autoptr (GPtrArray) first = NULL, second = NULL;
  WpJournalCounts counts;

  open_journal (self, 0);
  start (self);
  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (WpJob) job = make_job (i);

      wp_journal_add (self->journal, job);
      if (i == 3)
        wp_journal_fail (self->journal, job);
    }
  await (self, 4, 0);
  close_journal (self);

  open_journal (self, 0);
  first = recover (self);
  g_assert_cmpuint (first->len, ==, 3);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (WpJob) job = make_job (i + 3); /* the channel counts those that it has recovered */

      wp_journal_add (self->journal, job);
    }
  wp_journal_remove (self->journal, first->pdata[1]);
  await (self, 7, 0);
  close_journal (self);

  open_journal (self, 0);
  wp_journal_count (self->journal, &counts);
  g_assert_cmpuint (counts.failed, ==, 1);
  second = recover (self);
  g_assert_cmpuint (second->len, ==, 5);
  g_assert_cmpuint (number_of (second->pdata[0]), ==, 0);
  g_assert_cmpuint (number_of (second->pdata[1]), ==, 2);
  g_assert_cmpuint (number_of (second->pdata[2]), ==, 3);
  g_assert_cmpuint (number_of (second->pdata[4]), ==, 5);
  g_assert_cmpstr (((WpJob *) second->pdata[0])->id, ==, ((WpJob *) first->pdata[0])->id);
  g_assert_cmpint (((WpJob *) second->pdata[0])->received_ns, ==, ((WpJob *) first->pdata[0])->received_ns);
}

/* So many jobs, which are all there when the writer begins. Returns: in how many transactions they were
 * written. */
static guint64
count_commits (Bench *self, guint n, gsize bytes)
{
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref);
  guint written = self->n_written;
  WpJournalCounts counts;

  open_journal (self, 64 << 20);
  for (guint i = 0; i < n; i++)
    {
      WpJob *job = make_job (i);

      g_bytes_unref (job->body);
      job->body = g_bytes_new_take (g_malloc0 (bytes), bytes);
      g_ptr_array_add (jobs, job);
      wp_journal_add (self->journal, job);
    }
  start (self);
  await (self, written + n, 0);
  wp_journal_count (self->journal, &counts);
  for (guint i = 0; i < n; i++)
    wp_journal_remove (self->journal, jobs->pdata[i]);
  close_journal (self);

  return counts.commits;
}

/* A transaction has 1,000 rows at most, and a share of what the file may hold: here 4 MB. */
static void
test_commits_have_a_bound (Bench *self, gconstpointer data)
{
  g_assert_cmpuint (count_commits (self, 2500, 1), ==, 3);
  g_assert_cmpuint (count_commits (self, 10, 1 << 20), ==, 4);
  g_assert_cmpuint (count_commits (self, 3, 5 << 20), ==, 3);
}

static gint64
requeue (Bench *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (WpJournalFile) file = wp_journal_file_open (self->path, FALSE, 1 << 20, &error);
  gint64 n;

  g_assert_no_error (error);
  n = wp_journal_file_requeue (file, &error);
  g_assert_no_error (error);

  return n;
}

/* Of five jobs two have failed: those are requeued and counted, once, and all come back in their old order.
 */
static void
test_requeue (Bench *self, gconstpointer data)
{
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref), back = NULL;

  open_journal (self, 1 << 20);
  start (self);
  for (guint i = 0; i < 5; i++)
    {
      g_ptr_array_add (jobs, make_job (i));
      wp_journal_add (self->journal, jobs->pdata[i]);
    }
  await (self, 5, 0);
  wp_job_set_failure (jobs->pdata[1], g_ref_string_new_intern ("why"));
  wp_job_set_failure (jobs->pdata[3], g_ref_string_new_intern ("why"));
  wp_journal_fail (self->journal, jobs->pdata[1]);
  wp_journal_fail (self->journal, jobs->pdata[3]);
  close_journal (self);
  g_assert_cmpint (requeue (self), ==, 2);
  g_assert_cmpint (requeue (self), ==, 0);
  open_journal (self, 1 << 20);
  back = recover (self);
  g_assert_cmpuint (back->len, ==, 5);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpuint (number_of (back->pdata[i]), ==, i);
}

/* Every field of a job comes back. */
static void
test_payload (Bench *self, gconstpointer data)
{
  g_autoptr (WpJob) job = make_job (0);
  g_autoptr (GPtrArray) jobs = NULL;
  const WpJob *back;

  job->id = g_strdup ("it's me");
  job->content_type = g_strdup ("text/x-odd; a=b");
  job->asked_service_ns = 0;
  g_clear_pointer (&job->body, g_bytes_unref);
  job->body = g_bytes_new ("a\0b", 3);
  open_journal (self, 0);
  start (self);
  wp_journal_add (self->journal, job);
  close_journal (self);

  open_journal (self, 0);
  jobs = recover (self);
  g_assert_cmpuint (jobs->len, ==, 1);
  back = jobs->pdata[0];
  g_assert_cmpstr (back->id, ==, job->id);
  g_assert_cmpstr (back->method, ==, job->method);
  g_assert_cmpstr (back->path, ==, job->path);
  g_assert_cmpstr (back->content_type, ==, job->content_type);
  g_assert_cmpint (back->asked_service_ns, ==, 0);
  g_assert_true (g_bytes_equal (back->body, job->body));
  g_assert_cmpint (ABS (back->received_ns - g_get_real_time () * WP_NS_PER_US), <, 60 * WP_NS_PER_S);
}

static void
check_refused (Bench *self, const char *path, const char *reason)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (wp_journal_open (path, 0, &error));
  g_assert_true (error->domain == WP_ERROR);
  g_assert_null (strchr (error->message, '\n'));
  if (!g_str_has_prefix (error->message, path) || !strstr (error->message, reason))
    g_error ("\"%s\" does not say \"%s\"", error->message, reason);
}

static void
run_sql (const char *path, const char *sql)
{
  sqlite3 *db;

  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (db);
}

/* A file that is not our journal is refused, and unchanged. */
static void
test_not_a_journal (Bench *self, gconstpointer data)
{
  g_autofree char *other = g_build_filename (self->dir, "other.db", NULL),
                  *text = g_build_filename (self->dir, "text", NULL);
  g_autofree char *before = NULL, *after = NULL;
  gsize before_size, after_size;

  run_sql (other, "CREATE TABLE theirs (x)");
  g_assert_true (g_file_get_contents (other, &before, &before_size, NULL));
  check_refused (self, other, "is not a journal of wp-server, but another program's");
  g_assert_true (g_file_get_contents (other, &after, &after_size, NULL));
  g_assert_cmpmem (after, after_size, before, before_size);
  g_assert_true (g_file_set_contents (
      text, "this is no journal, but a text that is long enough to be taken for a header", -1, NULL));
  check_refused (self, text, "is not a journal of wp-server: file is not a database");
  check_refused (self, self->dir, "Is a directory");
  check_refused (self, "/nonexistent/jobs.journal", "No such file or directory");

  open_journal (self, 0);
  check_refused (self, self->path, "another wp-server uses this journal");
  close_journal (self);
  run_sql (self->path, "PRAGMA user_version=7");
  check_refused (self, self->path, "is a journal of version 7; this wp-server supports version 1");
}

/* A run that ends with so many jobs unfinished. */
static void
fill (Bench *self, guint n)
{
  open_journal (self, 0);
  start (self);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (WpJob) job = make_job (i);

      wp_journal_add (self->journal, job);
    }
  close_journal (self);
}

static gboolean
add_one (Bench *self, guint i)
{
  g_autoptr (WpJob) job = make_job (i);
  guint n_before = self->n_written;
  gint64 until_us = g_get_monotonic_time () + GIVE_UP_US;
  guint n_told = self->n_written + self->n_refused;

  wp_journal_add (self->journal, job);
  g_mutex_lock (&self->mutex);
  while (self->n_written + self->n_refused == n_told)
    g_assert_true (g_cond_wait_until (&self->changed, &self->mutex, until_us));
  g_mutex_unlock (&self->mutex);

  return self->n_written > n_before;
}

/* Adds a job to @n_kept that the file holds. FALSE: it is refused, or the file does not open, and it says why
 * in one line. */
static gboolean
try_to_add (Bench *self, guint n_kept)
{
  g_autoptr (GPtrArray) jobs = NULL;
  g_autoptr (GError) error = NULL;

  self->journal = wp_journal_open (self->path, 0, &error);
  if (!self->journal)
    {
      g_assert_true (g_str_has_prefix (error->message, self->path));
      g_assert_null (strchr (error->message, '\n'));
      return FALSE;
    }
  jobs = recover (self);
  g_assert_cmpuint (jobs->len, ==, n_kept);

  return add_one (self, 10);
}

static void
await_recovered (Bench *self, guint n)
{
  gint64 until_us = g_get_monotonic_time () + GIVE_UP_US;

  g_mutex_lock (&self->mutex);
  while (self->recovered->len < n)
    g_assert_true (g_cond_wait_until (&self->changed, &self->mutex, until_us));
  g_assert_cmpuint (self->recovered->len, ==, n);
  g_assert_false (self->all_recovered);
  g_mutex_unlock (&self->mutex);
}

static void
set_places (Bench *self, guint n)
{
  g_mutex_lock (&self->mutex);
  self->n_places = n;
  g_mutex_unlock (&self->mutex);
  if (self->journal)
    wp_journal_resume (self->journal);
}

static void
check_backlog (Bench *self, guint n)
{
  WpJournalCounts counts;

  wp_journal_count (self->journal, &counts);
  g_assert_cmpuint (counts.backlog, ==, n);
}

/* Jobs of an earlier run are read as places free, in order; new jobs are written meanwhile. */
static void
test_backlog (Bench *self, gconstpointer data)
{
  fill (self, 1000);
  self->n_written = 0;
  set_places (self, 3);
  open_journal (self, 0);
  check_backlog (self, 1000);
  start (self);
  await_recovered (self, 3);
  for (guint i = 3; i < 10; i++)
    g_assert_true (add_one (self, i));
  check_backlog (self, 997);
  set_places (self, 700);
  await_recovered (self, 700);
  for (guint i = 0; i < 100; i++)
    wp_journal_remove (self->journal, self->recovered->pdata[i]);
  check_backlog (self, 300);
  set_places (self, G_MAXUINT);
  await_all_recovered (self);
  g_assert_cmpuint (self->recovered->len, ==, 1000);
  for (guint i = 0; i < 1000; i++)
    g_assert_cmpuint (number_of (self->recovered->pdata[i]), ==, i);
  check_backlog (self, 0);
  close_journal (self);
  open_journal (self, 0);
  check_backlog (self, 1000 - 100 + 7);
}

/* One read fails, each in its turn, until none does: either nobody is promised anything, or it is kept. */
static void
test_failed_read (Bench *self, gconstpointer data)
{
  guint n_kept = 50, n_refused = 0;
  gboolean failed = TRUE;

  fill (self, n_kept);
  for (guint nth = 1; failed; nth++)
    {
      gboolean added;

      wp_fault_vfs_arm (WP_FAULT_READ, "", nth);
      added = try_to_add (self, n_kept);
      failed = wp_fault_vfs_disarm ();
      g_clear_pointer (&self->journal, wp_journal_free);
      n_kept += added;
      n_refused += !added;
    }
  g_assert_cmpuint (n_refused, >, 3);
  g_assert_true (try_to_add (self, n_kept));
}

static gpointer
try_open (gpointer bench)
{
  return wp_journal_open (((Bench *) bench)->path, 0, NULL);
}

/* There is no file, one is made, and just then the old one is moved back: the log of the new one is not
 * copied into it. */
static void
test_moved_back (Bench *self, gconstpointer data)
{
  g_autofree char *away = g_strconcat (self->path, "-away", NULL);
  g_autoptr (GPtrArray) jobs = NULL;
  GThread *thread;

  fill (self, 10);
  g_assert_no_errno (g_rename (self->path, away));
  wp_fault_vfs_hold (WP_FAULT_WRITE, "jobs.journal-wal");
  thread = g_thread_new ("open", try_open, self);
  wp_fault_vfs_await_held ();
  g_assert_no_errno (g_rename (away, self->path));
  wp_fault_vfs_hold (WP_FAULT_NONE, NULL);
  g_assert_null (g_thread_join (thread));

  open_journal (self, 0);
  jobs = recover (self);
  g_assert_cmpuint (jobs->len, ==, 10);
}

/* How many of the first @n jobs the file has without its log, where that is not trusted. */
static guint
count_without_log (Bench *self, guint n)
{
  g_autofree char *copy = g_build_filename (self->dir, "copy", NULL),
                  *sql = g_strdup_printf ("SELECT count(*) FROM jobs WHERE seq <= %u", n);
  g_autofree char *text = NULL;
  sqlite3_stmt *statement;
  sqlite3 *db;
  gsize length;
  guint found;

  g_assert_true (g_file_get_contents (self->path, &text, &length, NULL));
  g_assert_true (g_file_set_contents (copy, text, (gssize) length, NULL));
  g_assert_cmpint (sqlite3_open (copy, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_ROW);
  found = (guint) sqlite3_column_int (statement, 0);
  sqlite3_finalize (statement);
  sqlite3_close (db);

  return found;
}

/* A sync of the log fails: before the next acknowledgement all of the log is in the file, and the file is
 * synced. */
static void
test_failed_sync (Bench *self, gconstpointer data)
{
  open_journal (self, 0);
  start (self);
  for (guint i = 0; i < 10; i++)
    g_assert_true (add_one (self, i));
  wp_fault_vfs_arm (WP_FAULT_SYNC, "-wal", 1);
  g_assert_false (add_one (self, 10));
  g_assert_true (wp_fault_vfs_disarm ());
  for (guint i = 11; !add_one (self, i); i++)
    ;
  g_assert_cmpuint (count_without_log (self, 10), ==, 10);
  close_journal (self);
}

/* A write or a sync fails, each in turn, until none does: each acknowledged job is in the file. */
static void
test_failed_write (Bench *self, gconstpointer data)
{
  const WpFault fault = GPOINTER_TO_INT (data);
  gboolean failed = TRUE;

  for (guint nth = 1; failed; nth++)
    {
      g_autoptr (GPtrArray) left = NULL;
      guint n_before = self->n_written;

      open_journal (self, 0);
      start (self);
      wp_fault_vfs_arm (fault, "", nth);
      for (guint i = 0; i < 8; i++)
        add_one (self, i);
      failed = wp_fault_vfs_disarm ();
      g_assert_cmpuint (self->n_written - n_before, >=, 7);
      g_clear_pointer (&self->journal, wp_journal_free);
      open_journal (self, 0);
      left = recover (self);
      g_assert_cmpuint (left->len, >=, self->n_written);
      g_clear_pointer (&self->journal, wp_journal_free);
    }
  g_assert_cmpuint (self->n_written, >, 2 * 8);
}

/* The log loses its name under load: all is in the file, and goes on there. */
static void
test_log_removed (Bench *self, gconstpointer data)
{
  g_autofree char *log = g_strconcat (self->path, "-wal", NULL);

  open_journal (self, 0);
  start (self);
  for (guint i = 0; i < 10; i++)
    g_assert_true (add_one (self, i));
  g_assert_cmpint (g_unlink (log), ==, 0);
  g_assert_true (add_one (self, 10));
  g_assert_cmpuint (count_without_log (self, 11), ==, 11);
  g_assert_true (add_one (self, 11));
  g_assert_true (g_file_test (log, G_FILE_TEST_EXISTS));
  close_journal (self);
}

/* The file is moved away: it is complete, and nothing of it stays beside its successor of that name. Once it
 * is back it continues. */
static void
test_moved (Bench *self, gconstpointer data)
{
  static const char *const suffixes[] = { "", "-wal", "-shm" };
  g_autofree char *moved = g_build_filename (self->dir, "moved", NULL);
  g_autoptr (GPtrArray) left = NULL;
  gint64 until_us = g_get_monotonic_time () + GIVE_UP_US;
  guint i = 11;

  open_journal (self, 0);
  start (self);
  for (guint n = 0; n < 10; n++)
    g_assert_true (add_one (self, n));
  g_assert_cmpint (g_rename (self->path, moved), ==, 0);
  g_assert_false (add_one (self, 10));
  for (guint n = 0; n < G_N_ELEMENTS (suffixes); n++)
    {
      g_autofree char *path = g_strconcat (self->path, suffixes[n], NULL);

      g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
    }
  g_assert_cmpint (g_rename (moved, self->path), ==, 0);
  while (!add_one (self, i++))
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
  g_assert_cmpuint (count_without_log (self, 10), ==, 10);
  close_journal (self);
  open_journal (self, 0);
  left = recover (self);
  g_assert_cmpuint (left->len, ==, 12); /* the eleventh was refused, and had been written by then */
}

/* A truncated file is reported as such, at any place of the cut. */
static void
test_truncated (Bench *self, gconstpointer data)
{
  static const off_t lengths[] = { 40000, 5000, 4096, 100, 90, 20 };
  g_autofree char *log = g_strconcat (self->path, "-wal", NULL);

  fill (self, 1000);
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_assert_cmpint (truncate (self->path, lengths[i]), ==, 0);
      check_refused (self, self->path, " is damaged: ");
    }
  g_assert_true (g_file_set_contents (log, "jobs", -1, NULL));
  g_assert_cmpint (truncate (self->path, 0), ==, 0);
  check_refused (self, self->path, " is damaged: it is empty, and its write-ahead log is not");
  g_assert_true (g_file_test (log, G_FILE_TEST_EXISTS));
}

/* Adds a job of 10 kB and waits for its result. */
static gboolean
add_large (Bench *self, GPtrArray *written)
{
  g_autoptr (WpJob) job = make_job (self->n_written + self->n_refused);
  guint n_before = self->n_written;
  gint64 until_us = g_get_monotonic_time () + GIVE_UP_US;

  g_clear_pointer (&job->body, g_bytes_unref);
  job->body = g_bytes_new_take (g_malloc0 (10000), 10000);
  g_mutex_lock (&self->mutex);
  wp_journal_add (self->journal, job);
  while (self->n_written + self->n_refused == job->seq)
    g_assert_true (g_cond_wait_until (&self->changed, &self->mutex, until_us));
  g_mutex_unlock (&self->mutex);
  if (self->n_written == n_before)
    return FALSE;
  g_ptr_array_add (written, g_steal_pointer (&job));

  return TRUE;
}

/* At its limit it refuses new jobs, removes finished ones, and then continues; all accepted jobs are in the
 * file in the end. */
static void
test_full (Bench *self, gconstpointer data)
{
  g_autoptr (GPtrArray) written = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref);
  g_autoptr (GPtrArray) left = NULL;
  gint64 until_us = g_get_monotonic_time () + GIVE_UP_US;
  WpJournalCounts counts;
  guint n;

  open_journal (self, 256 << 10);
  start (self);
  while (add_large (self, written))
    g_assert_cmpuint (written->len, <, 26); /* 256 kB */
  g_assert_cmpuint (written->len, >=, 18);
  g_assert_false (add_large (self, written));
  wp_journal_count (self->journal, &counts);
  g_assert_cmpuint (counts.refused, ==, 2);
  g_assert_false (counts.writable);

  for (guint i = 0; i < 10; i++)
    wp_journal_remove (self->journal, written->pdata[i]);
  n = written->len;
  while (!add_large (self, written))
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
  close_journal (self);
  open_journal (self, 256 << 10);
  left = recover (self);
  g_assert_cmpuint (left->len, ==, n - 10 + 1);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*func) (Bench *bench, gconstpointer data);
  } tests[] = {
    { "/journal/any-order", test_any_order },
    { "/journal/next-run", test_next_run },
    { "/journal/payload", test_payload },
    { "/journal/commits-have-a-bound", test_commits_have_a_bound },
    { "/journal/requeue", test_requeue },
    { "/journal/not-a-journal", test_not_a_journal },
    { "/journal/full", test_full },
    { "/journal/failed-read", test_failed_read },
    { "/journal/moved-back", test_moved_back },
    { "/journal/backlog", test_backlog },
    { "/journal/truncated", test_truncated },
    { "/journal/failed-sync", test_failed_sync },
    { "/journal/log-removed", test_log_removed },
    { "/journal/moved", test_moved },
  };

  g_test_init (&argc, &argv, NULL);
  wp_fault_vfs_register ();
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_log_set_handler (NULL, G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE, on_log, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Bench, NULL, bench_init, tests[i].func, bench_clear);

  g_test_add ("/journal/failed-write", Bench, GINT_TO_POINTER (WP_FAULT_WRITE), bench_init, test_failed_write,
              bench_clear);
  g_test_add ("/journal/failed-sync-anywhere", Bench, GINT_TO_POINTER (WP_FAULT_SYNC), bench_init,
              test_failed_write, bench_clear);

  return g_test_run ();
}
