/* The record: in order of arrival for any order of ends, through a rotation, and complete or with the number
 * of lost rows. */
#include "runtime/engine/wp-pressure.h"
#include "runtime/engine/wp-recorder.h"
#include "runtime/engine/wp-row-order.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-trace-writer.h"

#define TURN_US    50000 /* how often the recorder's thread looks */
#define GIVE_UP_US (20 * G_USEC_PER_SEC)

static const char *const notes[] = { "mode", "WorkerPool", "queue", "3", NULL };

typedef struct {
  char *dir, *path;
} Folder;

static void
folder_make (Folder *self, gconstpointer data)
{
  self->dir = g_dir_make_tmp ("wp-test-recorder-XXXXXX", NULL);
  g_assert_nonnull (self->dir);
  self->path = g_build_filename (self->dir, "record.csv", NULL);
}

static void
folder_remove (Folder *self, gconstpointer data)
{
  g_autofree char *old = g_strconcat (self->path, ".1", NULL);

  g_unlink (self->path);
  g_unlink (old);
  g_assert_cmpint (g_rmdir (self->dir), ==, 0);
  g_free (self->path);
  g_free (self->dir);
}

/* Arrived at @seq s, served for 1 s after a wait of 2 s. */
static WpJob *
make_job (guint64 seq)
{
  WpJob *job = wp_job_new ();

  job->id = g_strdup_printf ("job-%" G_GUINT64_FORMAT, seq);
  job->body = g_bytes_new ("12345", 5);
  job->seq = seq;
  job->arrival_ns = (gint64) (1000 + seq) * WP_NS_PER_S;
  job->accepted_ns = job->arrival_ns + WP_NS_PER_S;
  job->started_ns = job->arrival_ns + 2 * WP_NS_PER_S;
  job->finished_ns = job->ended_ns = job->arrival_ns + 3 * WP_NS_PER_S;
  job->outcome = WP_OUTCOME_STORED;
  job->blocked = TRUE;
  return job;
}

static void
add (WpRecorder *recorder, guint64 seq)
{
  g_autoptr (WpJob) job = make_job (seq);

  wp_recorder_add (recorder, job);
}

static WpRecorder *
open_record_of (const Folder *folder, WpRecordKind kind)
{
  g_autoptr (GError) error = NULL;
  WpRecorder *recorder = wp_recorder_new (folder->path, notes, kind, &error);

  g_assert_no_error (error);
  return recorder;
}

static WpRecorder *
open_record (const Folder *folder)
{
  return open_record_of (folder, WP_RECORD_SERVER);
}

static void
close_record (WpRecorder *recorder)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (wp_recorder_close (recorder, 0, WP_TIME_NONE, &error));
  wp_recorder_free (recorder);
  g_assert_no_error (error);
}

static void
await_text (const char *path, const char *text)
{
  gint64 until_us = g_get_monotonic_time () + GIVE_UP_US;

  for (;;)
    {
      g_autofree char *found = NULL;

      if (g_file_get_contents (path, &found, NULL, NULL) && strstr (found, text))
        return;
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
      g_usleep (1000);
    }
}

/* The rows of @path are jobs @from to @to. */
static void
check_rows (const char *path, guint from, guint to)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (WpTrace) trace = wp_trace_open (path, NULL, &error);
  const WpRow *rows;
  gsize n;

  g_assert_no_error (error);
  g_assert_cmpstr (wp_trace_note (trace, "mode"), ==, "WorkerPool");
  g_assert_cmpstr (wp_trace_note (trace, "queue"), ==, "3");
  rows = wp_trace_load (trace, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (wp_trace_out_of_order (trace), ==, 0);
  g_assert_cmpuint (n, ==, to - from + 1);
  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("job-%u", from + (guint) i);

      g_assert_cmpstr (rows[i].id, ==, id);
      g_assert_cmpint (rows[i].arrival_ns, ==, (gint64) i * WP_NS_PER_S);
      g_assert_cmpint (rows[i].accepted_ns, ==, rows[i].arrival_ns + WP_NS_PER_S);
      g_assert_cmpint (rows[i].started_ns, ==, rows[i].arrival_ns + 2 * WP_NS_PER_S);
      g_assert_cmpint (rows[i].finished_ns, ==, rows[i].arrival_ns + 3 * WP_NS_PER_S);
      g_assert_cmpint (rows[i].ended_ns, ==, rows[i].finished_ns);
      g_assert_cmpint (rows[i].service_ns, ==, WP_NS_PER_S);
      g_assert_cmpint (rows[i].bytes, ==, 5);
      g_assert_cmpint (rows[i].outcome, ==, WP_OUTCOME_STORED);
      g_assert_cmpint (rows[i].blocked, ==, 1);
    }
}

/* What is confirmed is accepted then, and passed; what fails was never accepted. Without an id it has its
 * key's. */
static void
test_front (Folder *folder, gconstpointer data)
{
  WpRecorder *recorder = open_record_of (folder, WP_RECORD_FRONT);
  g_autoptr (WpJob) confirmed = make_job (0), refused = make_job (1), nameless = make_job (2);
  g_autofree char *text = NULL, *last = NULL;

  refused->outcome = WP_OUTCOME_FAILED;
  g_clear_pointer (&nameless->id, g_free);
  last = g_strdup_printf ("\n2.000000000,%s,5,5.000000000,5.000000000,passed,1\n", wp_job_key (nameless));
  wp_recorder_add (recorder, confirmed);
  wp_recorder_add (recorder, refused);
  wp_recorder_add (recorder, nameless);
  close_record (recorder);
  g_assert_true (g_file_get_contents (folder->path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "\narrival,id,bytes,accepted,ended,outcome,blocked\n"
                                  "0.000000000,job-0,5,3.000000000,3.000000000,passed,1\n"
                                  "1.000000000,job-1,5,,4.000000000,failed,1\n"));
  g_assert_true (g_str_has_suffix (text, last));
}

static void
add_delivered (WpRecorder *recorder, guint64 seq, gint64 apart_ns)
{
  g_autoptr (WpJob) job = make_job (seq);

  job->arrival_ns = wp_time_monotonic ();
  job->enqueued_ns = g_get_real_time () * WP_NS_PER_US - apart_ns;
  wp_recorder_add (recorder, job);
}

/* The least difference of the clocks so far, which gets less; here that of a front whose clock is ahead. */
static void
test_worker (Folder *folder, gconstpointer data)
{
  WpRecorder *recorder = open_record_of (folder, WP_RECORD_WORKER);
  g_autofree char *text = NULL;
  const char *first, *second;

  add_delivered (recorder, 0, 100 * WP_NS_PER_S);
  await_text (folder->path, "clocks-apart=");
  add_delivered (recorder, 1, 1000 * WP_NS_PER_S);
  add_delivered (recorder, 2, -500 * WP_NS_PER_S);
  close_record (recorder);
  g_assert_true (g_file_get_contents (folder->path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, ",bytes,enqueued,started,"));
  first = strstr (text, " clocks-apart=");
  second = strstr (first + 1, " clocks-apart=");
  g_assert_cmpfloat_with_epsilon (g_ascii_strtod (strchr (first, '=') + 1, NULL), 100, 50);
  g_assert_cmpfloat_with_epsilon (g_ascii_strtod (strchr (second, '=') + 1, NULL), -500, 50);
  g_assert_null (strstr (second + 1, " clocks-apart="));
}

static void
test_in_order_of_arrival (Folder *folder, gconstpointer data)
{
  guint n = 5000;
  g_autofree guint *order = g_new (guint, n);
  WpRecorder *recorder = open_record (folder);

  for (guint i = 0; i < n; i++)
    order[i] = i;
  for (guint i = n - 1; i > 0; i--)
    {
      guint j = (guint) g_test_rand_int_range (0, (gint32) i + 1), kept = order[i];

      order[i] = order[j];
      order[j] = kept;
    }
  for (guint i = 0; i < n; i++)
    add (recorder, order[i]);
  close_record (recorder);
  check_rows (folder->path, 0, n - 1);
}

/* The first request ends last: nothing can be written before. */
static void
test_first_ends_last (Folder *folder, gconstpointer data)
{
  WpRecorder *recorder = open_record (folder);

  for (guint seq = 1; seq < 3000; seq++)
    add (recorder, seq);
  add (recorder, 0);
  close_record (recorder);
  check_rows (folder->path, 0, 2999);
}

static gint
compare_seq (gconstpointer a, gconstpointer b)
{
  const guint64 *x = a, *y = b;

  return *x < *y ? -1 : *x > *y;
}

/* One that never seems to end holds back so many rows and no more; its own comes late, and a reader puts it
 * in its place. */
static void
test_endless_job (Folder *folder, gconstpointer data)
{
  guint n = WP_RECORDER_SPAN + 100;
  g_autofree char *last = g_strdup_printf ("job-%u,", WP_RECORDER_SPAN);
  WpRecorder *recorder = open_record (folder);
  g_autoptr (GError) error = NULL;
  g_autoptr (WpTrace) trace = NULL;
  const WpRow *rows;
  gsize n_rows;

  wp_recorder_begin (recorder, 1000 * WP_NS_PER_S);
  g_test_expect_message (NULL, G_LOG_LEVEL_MESSAGE, "*record.csv: * out of order of arrival");
  for (guint seq = 1; seq < n; seq++)
    add (recorder, seq);
  await_text (folder->path, last);
  add (recorder, 0);
  g_assert_true (wp_recorder_close (recorder, n, WP_TIME_NONE, &error));
  wp_recorder_free (recorder);
  g_assert_no_error (error);
  g_test_assert_expected_messages ();

  trace = wp_trace_open (folder->path, NULL, &error);
  g_assert_no_error (error);
  rows = wp_trace_load (trace, &n_rows, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_rows, ==, n);
  g_assert_cmpuint (wp_trace_out_of_order (trace), ==, 1);
  for (guint i = 0; i < n; i++)
    g_assert_cmpint (rows[i].arrival_ns, ==, i * WP_NS_PER_S);
}

static void
keep_seq (const WpRow *row, gpointer seqs)
{
  guint64 seq = (guint64) row->arrival_ns;

  g_array_append_val ((GArray *) seqs, seq);
}

/* In whatever order they come, some twice and some never: each is written once, in order while none is span
 * and more behind. */
static void
test_any_order (Folder *folder, gconstpointer data)
{
  for (guint round = 0; round < 300; round++)
    {
      guint n = (guint) g_test_rand_int_range (1, 400), span = 1u << g_test_rand_int_range (0, 7), n_lost = 0,
            n_added = 0;
      gint32 spread = g_test_rand_int_range (1, 100);
      g_autoptr (GArray) seqs = g_array_new (FALSE, FALSE, sizeof (guint64));
      g_autofree guint64 *order = g_new (guint64, n);
      WpRowOrder *rows = wp_row_order_new (span, keep_seq, seqs);
      gboolean in_order = TRUE;

      for (guint i = 0; i < n; i++) /* their times and numbers: a row is late by less than spread */
        order[i] = ((guint64) (i + (guint) g_test_rand_int_range (0, spread)) << 32) + i;
      g_qsort_with_data (order, (gint) n, sizeof *order, (GCompareDataFunc) (gpointer) compare_seq, NULL);
      for (guint i = 0; i < n; i++)
        {
          WpRow row = { .arrival_ns = (gint64) (order[i] & G_MAXUINT32), .id = g_strdup ("x") }, again = row;

          again.id = g_strdup ("again");
          if (g_test_rand_int_range (0, 50) == 0 && ++n_lost)
            {
              g_free ((char *) row.id);
              g_free ((char *) again.id);
              continue;
            }
          wp_row_order_add (rows, (guint64) row.arrival_ns, &row);
          wp_row_order_add (rows, (guint64) again.arrival_ns, &again);
          g_assert_null (row.id);
          g_assert_cmpuint (++n_added - seqs->len, <=, span);
        }
      g_assert_cmpuint (wp_row_order_count_missing (rows, n), >=, n_lost);
      g_assert_cmpuint (wp_row_order_end (rows, n), ==, n_lost);
      g_assert_cmpuint (seqs->len, ==, n - n_lost);
      for (guint i = 1; i < seqs->len; i++)
        in_order = in_order && g_array_index (seqs, guint64, i - 1) < g_array_index (seqs, guint64, i);
      g_assert_true (in_order || wp_row_order_count_late (rows) > 0);
      g_array_sort (seqs, compare_seq);
      for (guint i = 1; i < seqs->len; i++)
        g_assert_cmpuint (g_array_index (seqs, guint64, i - 1), <, g_array_index (seqs, guint64, i));
      wp_row_order_free (rows);
    }
}

static void
test_refused_request (Folder *folder, gconstpointer data)
{
  WpRecorder *recorder = open_record (folder);
  g_autoptr (WpJob) job = wp_job_new ();
  g_autofree char *text = NULL;

  job->arrival_ns = job->ended_ns = 77 * WP_NS_PER_S;
  job->asked_service_ns = 250 * WP_NS_PER_MS;
  job->outcome = WP_OUTCOME_REJECTED;
  wp_recorder_add (recorder, job);
  close_record (recorder);
  g_assert_true (g_file_get_contents (folder->path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text,
                            "\narrival,service,id,bytes,accepted,started,finished,ended,outcome,blocked\n"
                            "0.000000000,0.250000000,,0,,,,0.000000000,rejected,0\n"));
}

/* Every log rotation renames, and then opens the name anew. */
static void
test_reopen (Folder *folder, gconstpointer data)
{
  g_autofree char *old = g_strconcat (folder->path, ".1", NULL);
  WpRecorder *recorder = open_record (folder);

  for (guint seq = 0; seq < 10; seq++)
    add (recorder, seq);
  await_text (folder->path, "job-9");
  g_assert_cmpint (g_rename (folder->path, old), ==, 0);
  wp_recorder_reopen (recorder);
  for (guint seq = 10; seq < 20; seq++)
    add (recorder, seq);
  await_text (folder->path, "job-19");
  close_record (recorder);
  check_rows (old, 0, 9);
  check_rows (folder->path, 10, 19);
}

/* The notes are those of the start; a new file has the last change of sizes behind them. One before the first
 * request is at its arrival. */
static void
test_reopen_repeats_sizes (Folder *folder, gconstpointer data)
{
  WpRecorder *recorder = open_record (folder);
  g_autofree char *old = g_strconcat (folder->path, ".1", NULL), *text = NULL;

  wp_recorder_note_sizes (recorder, 1000 * WP_NS_PER_S - 1, "queue=4");
  wp_recorder_note_sizes (recorder, 1001 * WP_NS_PER_S, "queue=5");
  add (recorder, 0);
  await_text (folder->path, "# at=0.000000000 queue=4\n# at=1.000000000 queue=5\n");
  await_text (folder->path, "job-0");
  g_assert_cmpint (g_rename (folder->path, old), ==, 0);
  wp_recorder_reopen (recorder);
  add (recorder, 1);
  await_text (folder->path, "job-1");
  close_record (recorder);
  g_assert_true (g_file_get_contents (folder->path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "# queue: 3\narrival,"));
  g_assert_nonnull (strstr (text, "\n# at=1.000000000 queue=5\n"));
  g_assert_null (strstr (text, "queue=4"));
}

/* Reopened without a rename, the file keeps what it has. */
static void
test_reopen_keeps_what_is_there (Folder *folder, gconstpointer data)
{
  WpRecorder *recorder = open_record (folder);

  add (recorder, 0);
  await_text (folder->path, "job-0");
  wp_recorder_reopen (recorder);
  add (recorder, 1);
  await_text (folder->path, "job-1");
  close_record (recorder);
  check_rows (folder->path, 0, 1);
}

static void
test_unwritable_path (Folder *folder, gconstpointer data)
{
  static const char *const paths[] = { "/nonexistent/record.csv", "/dev/full" };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (wp_recorder_new (paths[i], notes, WP_RECORD_SERVER, &error));
      g_assert_error (error, WP_ERROR, WP_ERROR_IO);
      if (!strstr (error->message, paths[i]))
        g_error ("\"%s\" does not name %s", error->message, paths[i]);
      g_assert_null (strchr (error->message, '\n'));
    }
}

/* The disk fills up after a rotation: one line is logged, and closing reports that rows are lost. */
static void
test_disk_full (Folder *folder, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  WpRecorder *recorder = open_record (folder);

  g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "*record.csv*No space left on device*");
  add (recorder, 0);
  await_text (folder->path, "job-0");
  g_unlink (folder->path);
  g_assert_cmpint (symlink ("/dev/full", folder->path), ==, 0);
  wp_recorder_reopen (recorder);
  for (guint seq = 1; seq < 10; seq++)
    add (recorder, seq);
  g_assert_false (wp_recorder_close (recorder, 0, WP_TIME_NONE, &error));
  wp_recorder_free (recorder);
  g_assert_error (error, WP_ERROR, WP_ERROR_IO);
  g_test_assert_expected_messages ();
}

/* A row that never comes does not hold back those after it for ever. */
static void
test_missing_row (Folder *folder, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  WpRecorder *recorder = open_record (folder);
  g_autofree char *text = NULL;

  add (recorder, 0);
  add (recorder, 2);
  g_assert_false (wp_recorder_close (recorder, 3, WP_TIME_NONE, &error));
  wp_recorder_free (recorder);
  g_assert_nonnull (strstr (error->message, "record.csv: 1 row is missing"));
  g_assert_true (g_file_get_contents (folder->path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "job-0"));
  g_assert_null (strstr (text, "job-1"));
  g_assert_nonnull (strstr (text, "job-2"));
}

/* The thread that adds the last rows is late: they are waited for. */
static gpointer
add_late (gpointer recorder)
{
  g_usleep (2 * TURN_US);
  for (guint seq = 90; seq < 100; seq++)
    add (recorder, seq);
  return NULL;
}

static void
test_last_rows (Folder *folder, gconstpointer data)
{
  WpRecorder *recorder = open_record (folder);
  GThread *thread = g_thread_new ("add-late", add_late, recorder);
  g_autoptr (GError) error = NULL;

  for (guint seq = 0; seq < 90; seq++)
    add (recorder, seq);
  g_assert_true (wp_recorder_close (recorder, 100, WP_TIME_NONE, &error));
  g_assert_no_error (error);
  g_thread_join (thread);
  wp_recorder_free (recorder);
  check_rows (folder->path, 0, 99);
}

/* The last logged line, of any thread. */
static GMutex log_mutex;
static char *last_log;

static void
on_log (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  g_mutex_lock (&log_mutex);
  g_free (last_log);
  last_log = g_strdup (message);
  g_mutex_unlock (&log_mutex);
}

static void
await_log (const char *pattern)
{
  gint64 until_us = g_get_monotonic_time () + GIVE_UP_US;

  for (gboolean found = FALSE; !found; g_usleep (1000))
    {
      g_mutex_lock (&log_mutex);
      found = last_log && g_pattern_match_simple (pattern, last_log);
      if (g_get_monotonic_time () > until_us)
        g_error ("expected \"%s\", got \"%s\"", pattern, last_log);
      g_mutex_unlock (&log_mutex);
    }
}

static void
limit_files (rlim_t bytes)
{
  struct rlimit limit;

  g_assert_no_errno (getrlimit (RLIMIT_FSIZE, &limit));
  limit.rlim_cur = MIN (bytes, limit.rlim_max);
  g_assert_no_errno (setrlimit (RLIMIT_FSIZE, &limit));
}

/* There is no room for a while, which is said; then rows follow those that are there, and how many are lost
 * is said too. */
static void
test_goes_on_once_there_is_room (Folder *folder, gconstpointer data)
{
  WpRecorder *recorder = open_record (folder);
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  GLogFunc logged = g_log_set_default_handler (on_log, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (WpTrace) trace = NULL;
  struct stat full;
  const WpRow *rows;
  gsize n;

  for (guint seq = 0; seq < 10; seq++)
    add (recorder, seq);
  await_text (folder->path, "job-9");
  g_assert_no_errno (stat (folder->path, &full));
  signal (SIGXFSZ, SIG_IGN);
  limit_files ((rlim_t) full.st_size + 20);
  for (guint seq = 10; seq < 15; seq++)
    add (recorder, seq);
  await_log ("the record *record.csv: writing the trace: File too large; recording stops until SIGHUP");
  limit_files (RLIM_INFINITY);
  for (guint seq = 15; seq < 18; seq++)
    add (recorder, seq);
  wp_recorder_reopen (recorder);
  await_log ("the record *record.csv continues without * rows that could not be written");
  for (guint seq = 18; seq < 20; seq++)
    add (recorder, seq);
  g_assert_false (wp_recorder_close (recorder, 20, WP_TIME_NONE, &error));
  wp_recorder_free (recorder);
  g_log_set_default_handler (logged, NULL);
  g_log_set_always_fatal (fatal);
  g_assert_nonnull (strstr (error->message, " rows could not be written: the record "));

  trace = wp_trace_open (folder->path, NULL, NULL);
  rows = wp_trace_load (trace, &n, NULL);
  g_assert_nonnull (rows);
  /* those that came between the limit and SIGHUP may be there or not, but not in part */
  g_assert_cmpuint (n, >=, 12);
  g_assert_cmpuint (n, ==, 20 - g_ascii_strtoull (error->message, NULL, 10));
  g_assert_cmpstr (rows[9].id, ==, "job-9");
  g_assert_cmpstr (rows[n - 1].id, ==, "job-19");
}

/* logrotate's copytruncate: what is written after it is a record of its own, without a gap before it. */
static void
test_copied_and_cut (Folder *folder, gconstpointer data)
{
  g_autofree char *old = g_strconcat (folder->path, ".1", NULL), *text = NULL;
  WpRecorder *recorder = open_record (folder);
  gsize len;

  for (guint seq = 0; seq < 10; seq++)
    add (recorder, seq);
  await_text (folder->path, "job-9");
  g_assert_true (g_file_get_contents (folder->path, &text, &len, NULL)
                 && g_file_set_contents (old, text, (gssize) len, NULL));
  g_assert_no_errno (truncate (folder->path, 0));
  for (guint seq = 10; seq < 20; seq++)
    add (recorder, seq);
  close_record (recorder);
  check_rows (old, 0, 9);
  check_rows (folder->path, 10, 19);
}

/* The same at any moment, again and again: what is in the file is always a whole record. */
static gpointer
cut_often (gpointer path)
{
  for (guint i = 0; i < 100; i++)
    {
      g_assert_no_errno (truncate (path, 0));
      g_usleep ((gulong) g_random_int_range (0, TURN_US / 10));
    }
  return NULL;
}

static void
test_cut_under_load (Folder *folder, gconstpointer data)
{
  WpRecorder *recorder = open_record (folder);
  GThread *thread = g_thread_new ("cut-often", cut_often, folder->path);

  for (guint seq = 0; seq < 20000; seq++)
    {
      add (recorder, seq);
      if (seq % 100 == 0)
        g_usleep (1000);
    }
  g_thread_join (thread);
  g_assert_no_errno (truncate (folder->path, 0));
  for (guint seq = 20000; seq < 20010; seq++)
    add (recorder, seq);
  close_record (recorder);
  {
    g_autoptr (GError) error = NULL;
    g_autoptr (WpTrace) trace = wp_trace_open (folder->path, NULL, &error);
    const WpRow *rows;
    gsize n;

    g_assert_no_error (error);
    rows = wp_trace_load (trace, &n, &error);
    g_assert_no_error (error);
    g_assert_cmpstr (rows[n - 1].id, ==, "job-20009");
    g_assert_cmpstr (wp_trace_note (trace, "queue"), ==, "3");
  }
}

/* SIGHUP finds a record at its path: its rows stay. */
static void
test_reopen_appends (Folder *folder, gconstpointer data)
{
  g_autofree char *old = g_strconcat (folder->path, ".1", NULL);
  WpRecorder *recorder = open_record (folder);

  for (guint seq = 0; seq < 10; seq++)
    add (recorder, seq);
  await_text (folder->path, "job-9");
  g_assert_no_errno (g_rename (folder->path, old));
  wp_recorder_reopen (recorder);
  await_text (folder->path, "# queue");
  g_assert_no_errno (g_rename (old, folder->path));
  wp_recorder_reopen (recorder);
  for (guint seq = 10; seq < 20; seq++)
    add (recorder, seq);
  close_record (recorder);
  check_rows (folder->path, 0, 19);
}

/* Where it is no file there is no end to look at. */
static void
test_no_file (Folder *folder, gconstpointer data)
{
  WpRecorder *recorder;

  g_assert_no_errno (symlink ("/dev/null", folder->path));
  recorder = open_record (folder);
  for (guint seq = 0; seq < 5000; seq++)
    add (recorder, seq);
  close_record (recorder);
}

static void
test_mode (Folder *folder, gconstpointer data)
{
  static const mode_t masks[] = { 0, 0022, 0777 };
  struct stat status;

  for (guint i = 0; i < G_N_ELEMENTS (masks); i++)
    {
      mode_t before = umask (masks[i]);
      WpRecorder *recorder = open_record (folder);

      umask (before);
      close_record (recorder);
      g_assert_no_errno (stat (folder->path, &status));
      g_assert_cmphex (status.st_mode & 07777, ==, 0600);
      g_assert_no_errno (g_unlink (folder->path));
    }
  g_assert_true (g_file_set_contents (folder->path, "", 0, NULL));
  g_assert_no_errno (g_chmod (folder->path, 0640));
  close_record (open_record (folder));
  g_assert_no_errno (stat (folder->path, &status));
  g_assert_cmphex (status.st_mode & 07777, ==, 0640);
}

/* Nobody reads it: an error, and no wait. */
static void
test_fifo (Folder *folder, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  char text[4096];
  WpRecorder *recorder;
  gssize n;
  int fd;

  g_assert_no_errno (mkfifo (folder->path, 0600));
  g_assert_null (wp_recorder_new (folder->path, notes, WP_RECORD_SERVER, &error));
  g_assert_error (error, WP_ERROR, WP_ERROR_IO);
  g_assert_nonnull (
      strstr (error->message, "record.csv: no program reads this FIFO; start its reader first"));
  fd = open (folder->path, O_RDONLY | O_NONBLOCK);
  recorder = open_record (folder);
  add (recorder, 0);
  close_record (recorder);
  n = read (fd, text, sizeof text - 1);
  g_assert_cmpint (n, >, 0);
  text[n] = '\0';
  g_assert_true (g_str_has_prefix (text, "# mode: WorkerPool\n"));
  g_assert_nonnull (strstr (text, "job-0"));
  close (fd);
}

/* Wherever they stand, they are no rows; without notes before them they are. */
static void
test_moments_between_rows (Folder *folder, gconstpointer data)
{
  int fd = open (folder->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  g_autoptr (WpTraceWriter) writer = wp_trace_writer_new (fd, WP_COLUMNS_ALL);
  g_autoptr (WpTrace) trace = NULL;
  g_autoptr (GError) error = NULL;
  WpRow row = WP_ROW_INIT;
  WpTracePressure pressure;
  const WpRow *rows;
  gsize n_rows;

  g_assert_cmpint (fd, >=, 0);
  wp_trace_writer_note (writer, "source", "wp-server");
  g_assert_true (wp_trace_writer_moment (writer, 0, "pressure=0.25", NULL));
  for (guint i = 0; i < 3; i++)
    {
      row.arrival_ns = i * WP_NS_PER_S;
      g_assert_true (wp_trace_writer_row (writer, &row, NULL));
      g_assert_true (
          wp_trace_writer_moment (writer, (5 - i) * WP_NS_PER_S, i == 1 ? "pressure=1 x=y:z" : "x=1", NULL));
    }
  g_assert_true (wp_trace_writer_flush (writer, NULL));
  close (fd);
  trace = wp_trace_open (folder->path, NULL, &error);
  g_assert_no_error (error);
  rows = wp_trace_load (trace, &n_rows, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_rows, ==, 3);
  g_assert_cmpint (rows[2].arrival_ns, ==, 2 * WP_NS_PER_S);
  g_assert_null (wp_trace_note (trace, "at=4.000000000 pressure=1 x=y"));
  pressure = wp_trace_pressure (trace);
  g_assert_cmpuint (pressure.n, ==, 2);
  g_assert_cmpfloat (pressure.sum, ==, 1.25);
  g_assert_cmpfloat (pressure.max, ==, 1);

  g_clear_pointer (&trace, wp_trace_free);
  g_assert_true (g_file_set_contents (folder->path, "arrival\n0\n# at=1 pressure=0.5\n1\n", -1, NULL));
  trace = wp_trace_open (folder->path, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (wp_trace_load (trace, &n_rows, &error));
  g_assert_error (error, WP_ERROR, WP_ERROR_BAD_TRACE);
}

/* What a line says that cannot be so ends the reading, with the place. */
static void
test_bad_moments (Folder *folder, gconstpointer data)
{
  static const struct {
    const char *line, *message;
  } cases[] = {
    { "# at=", "\"\" is not a time in seconds" },
    { "# at=noon pressure=0.5", "\"noon\" is not a time in seconds" },
    { "# at=99999999999999999999 x=1", "\"99999999999999999999\" is not a time in seconds" },
    { "# at=1 pressure=7", "pressure: \"7\" is not a share from 0 to 1" },
    { "# at=1 pressure=0.5x", "pressure: \"0.5x\" is not a share from 0 to 1" },
    { "# at=1 workers=0", "workers: \"0\" is not a number from 1 to 4294967294" },
    { "# at=1 queue=2 queue=3", "\"queue\" is given twice" },
    { "# at=1 recovered=-1", "recovered: \"-1\" is not a number of jobs" },
  };

  for (guint i = 0; i < 2 * G_N_ELEMENTS (cases); i++)
    {
      const char *line = cases[i / 2].line;
      gboolean above = i % 2 == 1; /* the header */
      g_autofree char *text = g_strconcat ("# source: wp-server\n", above ? line : "arrival", "\n",
                                           above ? "arrival\n0\n" : "0\n", above ? "" : line, "\n", NULL);
      g_autofree char *message = g_strdup_printf ("%s:%u: a line \"# at=...\": %s", folder->path,
                                                  above ? 2 : 4, cases[i / 2].message);
      g_autoptr (GError) error = NULL;
      g_autoptr (WpTrace) trace = NULL;
      gsize n_rows;

      g_assert_true (g_file_set_contents (folder->path, text, -1, NULL));
      if ((trace = wp_trace_open (folder->path, NULL, &error)))
        g_assert_null (wp_trace_load (trace, &n_rows, &error));
      g_assert_nonnull (error);
      g_assert_cmpstr (error->message, ==, message);
    }
}

/* A state is a line of its own, once; sizes are repeated in each file that is opened later. */
static void
test_states (Folder *folder, gconstpointer data)
{
  g_autoptr (WpTrace) trace = NULL;
  g_autoptr (GError) error = NULL;
  WpRecorder *recorder = open_record (folder);
  const WpTraceMoments *moments;
  gint64 origin_ns;
  gsize n_rows;

  wp_recorder_note (recorder, 0, "recovered=7");
  wp_recorder_note_sizes (recorder, 0, "workers=3 queue=4");
  wp_recorder_note (recorder, 2 * WP_NS_PER_S, "refusing=true");
  wp_recorder_note (recorder, 3 * WP_NS_PER_S, "refusing=true unknown=1");
  add (recorder, 0);
  close_record (recorder);
  trace = wp_trace_open (folder->path, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (wp_trace_load (trace, &n_rows, &error));
  moments = wp_trace_moments (trace, &origin_ns);
  g_assert_cmpuint (moments->n_recovered, ==, 7);
  g_assert_cmpuint (moments->sizes->len, ==, 1);
  g_assert_cmpint (moments->refusing_ns, >=, 0);
  g_assert_cmpint (moments->refusing_ns, <, 3 * WP_NS_PER_S);
}

static void
test_pressure (Folder *folder, gconstpointer data)
{
  WpPressure pressure = { 0 };
  guint64 waited_us = 0;
  double share = -1;

  g_assert_true (wp_pressure_parse (
      "some avg10=1.00 avg60=2.00 avg300=3.00 total=12345\nfull avg10=0.00 total=9\n", &waited_us));
  g_assert_cmpuint (waited_us, ==, 12345);
  g_assert_false (wp_pressure_parse ("some avg10=1.00 total=\n", &waited_us));
  g_assert_false (wp_pressure_parse ("full avg10=1.00 total=7\n", &waited_us));
  g_assert_false (wp_pressure_parse ("", &waited_us));
  g_assert_false (wp_pressure_look (&pressure, 5 * WP_NS_PER_S, &share)); /* the first */
  g_assert_false (wp_pressure_look (&pressure, 6 * WP_NS_PER_S - 1, &share));
  if (wp_pressure_look (&pressure, 7 * WP_NS_PER_S, &share)) /* where the kernel counts */
    g_assert_true (share >= 0 && share <= 1);
  g_assert_cmpint (pressure.looked_ns, ==, 7 * WP_NS_PER_S);
  g_assert_true (g_file_set_contents (folder->path, "", -1, NULL)); /* what the folder's end takes away */
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*func) (Folder *folder, gconstpointer data);
  } tests[] = {
    { "/recorder/moments-between-rows", test_moments_between_rows },
    { "/recorder/reopen-repeats-sizes", test_reopen_repeats_sizes },
    { "/recorder/bad-moments", test_bad_moments },
    { "/recorder/states", test_states },
    { "/recorder/pressure", test_pressure },
    { "/recorder/front", test_front },
    { "/recorder/worker", test_worker },
    { "/recorder/in-order-of-arrival", test_in_order_of_arrival },
    { "/recorder/first-ends-last", test_first_ends_last },
    { "/recorder/endless-job", test_endless_job },
    { "/recorder/any-order", test_any_order },
    { "/recorder/refused-request", test_refused_request },
    { "/recorder/reopen", test_reopen },
    { "/recorder/reopen-keeps-what-is-there", test_reopen_keeps_what_is_there },
    { "/recorder/unwritable-path", test_unwritable_path },
    { "/recorder/disk-full", test_disk_full },
    { "/recorder/missing-row", test_missing_row },
    { "/recorder/last-rows", test_last_rows },
    { "/recorder/goes-on-once-there-is-room", test_goes_on_once_there_is_room },
    { "/recorder/copied-and-cut", test_copied_and_cut },
    { "/recorder/cut-under-load", test_cut_under_load },
    { "/recorder/reopen-appends", test_reopen_appends },
    { "/recorder/no-file", test_no_file },
    { "/recorder/mode", test_mode },
    { "/recorder/fifo", test_fifo },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Folder, NULL, folder_make, tests[i].func, folder_remove);

  return g_test_run ();
}
