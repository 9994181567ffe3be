/* A buffer is read while a trace is still read into it: by as many as like, who come to what they would come to later; again from the start where the
 * trace turns out to be out of order; and to an end where it ends in an error. */
#include <string.h>

#include "sim/plan/wp-trace-buffer.h"
#include "sim/plan/wp-evaluation.h"

#define ROWS 60000      /* 14 blocks of 4,096, and some */
#define FOLLOWERS 3

typedef enum { IN_ORDER, LAST_IS_FIRST, LAST_IS_NO_TIME } Kind;

static char *
make_text (Kind kind)
{
  GString *text = g_string_new ("arrival,service\n");

  for (guint i = 0; i < ROWS; i++)
    g_string_append_printf (text, "%u.%03u,0.0%u\n", 1 + i / 1000, i % 1000, i % 97);
  if (kind != IN_ORDER)
    g_string_append (text, kind == LAST_IS_FIRST ? "0.5,0.5\n" : "soon,0.5\n");

  return g_string_free (text, FALSE);
}

/* What the services count for depends on their place, so that another order is another sum. */
static guint64
sum_of (const gint64 *arrivals_ns, const gint64 *services_ns, gssize n, guint64 before)
{
  for (gssize i = 0; i < n; i++)
    before = before * 31 + (guint64) arrivals_ns[i] + 7 * (guint64) services_ns[i];

  return before;
}

typedef struct {
  const WpTraceBuffer *buffer;
  guint64 n, sum;
  guint n_void;
  gboolean failed;
} Follower;

static gpointer
follow (gpointer data)
{
  Follower *self = data;
  gboolean is_void;

  do
    {
      g_autoptr(WpTraceBufferReader) reader = wp_trace_buffer_reader_new (self->buffer, 1, 0);
      const gint64 *arrivals_ns, *services_ns;
      gssize n;

      self->n = self->sum = 0;
      while ((n = wp_trace_buffer_reader_next (reader, &arrivals_ns, &services_ns, NULL)) > 0)
        {
          self->n += (guint64) n;
          self->sum = sum_of (arrivals_ns, services_ns, n, self->sum);
        }
      self->failed = n < 0;
      is_void = wp_trace_buffer_reader_is_void (reader);
      self->n_void += is_void;
    }
  while (is_void);

  return NULL;
}

static WpTrace *
open_text (const char *text)
{
  g_autoptr(GError) error = NULL;
  WpTrace *trace = wp_trace_open_data ("t.csv", text, strlen (text), NULL, &error);

  g_assert_no_error (error);

  return trace;
}

static void
check_followers (Kind kind)
{
  g_autofree char *text = make_text (kind);
  g_autoptr(WpTrace) trace = open_text (text);
  g_autoptr(WpTraceBuffer) buffer = wp_trace_buffer_new (WP_TRACE_BUFFER_MEMORY_BYTES);
  g_autoptr(GError) error = NULL;
  Follower followers[FOLLOWERS] = { 0 }, after = { buffer };
  GThread *threads[FOLLOWERS];

  wp_trace_buffer_follow (buffer);
  for (guint i = 0; i < FOLLOWERS; i++)
    {
      followers[i].buffer = buffer;
      threads[i] = g_thread_new ("follower", follow, &followers[i]);
    }
  g_assert_true (wp_trace_buffer_load (buffer, trace, NULL, NULL, &error) == (kind != LAST_IS_NO_TIME));
  g_assert_true ((error != NULL) == (kind == LAST_IS_NO_TIME));
  for (guint i = 0; i < FOLLOWERS; i++)
    g_thread_join (threads[i]);
  follow (&after);
  g_assert_true (after.failed == (kind == LAST_IS_NO_TIME));
  if (!after.failed)
    g_assert_cmpuint (after.n, ==, ROWS + (kind == LAST_IS_FIRST));
  for (guint i = 0; i < FOLLOWERS; i++)
    {
      g_assert_true (followers[i].failed == after.failed);
      if (!after.failed)
        {
          g_assert_cmpuint (followers[i].n, ==, after.n);
          g_assert_cmpuint (followers[i].sum, ==, after.sum);
        }
    }
}

static void
test_followers (gconstpointer kind)
{
  for (guint i = 0; i < 10; i++)
    check_followers (GPOINTER_TO_INT (kind));
}

static gpointer
restart (gpointer buffer)
{
  wp_trace_buffer_restart (buffer);

  return NULL;
}

/* A reader in the midst of a buffer that starts again holds that up, learns of it, and sees nothing of what was. */
static void
test_restart_awaits_readers (void)
{
  g_autoptr(WpTraceBuffer) buffer = wp_trace_buffer_new (WP_TRACE_BUFFER_MEMORY_BYTES);
  g_autofree WpRow *rows = g_new0 (WpRow, 5000);
  g_autofree gint64 *zeros = g_new0 (gint64, 5000);
  g_autofree char *text = make_text (IN_ORDER);
  g_autoptr(WpTrace) trace = open_text (text);
  const gint64 *arrivals_ns, *services_ns;
  WpTraceBufferReader *reader;
  Follower after = { buffer };
  GThread *thread;

  wp_trace_buffer_follow (buffer);
  g_assert_true (wp_trace_buffer_add (buffer, rows, zeros, 5000, NULL));
  reader = wp_trace_buffer_reader_new (buffer, 1, 0);
  g_assert_cmpint (wp_trace_buffer_reader_next (reader, &arrivals_ns, &services_ns, NULL), ==, 4096);
  thread = g_thread_new ("restart", restart, buffer);
  g_assert_cmpint (wp_trace_buffer_reader_next (reader, &arrivals_ns, &services_ns, NULL), ==, 0);   /* awaits the second block, or that there is none */
  g_assert_true (wp_trace_buffer_reader_is_void (reader));
  g_assert_cmpint (arrivals_ns[4095], ==, 0);   /* still there */
  wp_trace_buffer_reader_free (reader);
  g_thread_join (thread);
  g_assert_cmpuint (wp_trace_buffer_length (buffer), ==, 0);
  g_assert_true (wp_trace_buffer_load (buffer, trace, NULL, NULL, NULL));
  follow (&after);
  g_assert_cmpuint (after.n, ==, ROWS);
  g_assert_cmpuint (after.n_void, ==, 0);
}

static void
check_evaluations (Kind kind, guint threads)
{
  g_autofree char *text = make_text (kind);
  g_autoptr(WpTrace) trace = open_text (text);
  g_autoptr(WpTraceBuffer) buffer = wp_trace_buffer_new (WP_TRACE_BUFFER_MEMORY_BYTES);
  WpEvaluation evaluations[6] = { 0 }, later[6];
  WpEvaluationBatch *batch;

  for (guint i = 0; i < 6; i++)
    evaluations[i] = (WpEvaluation) { .policy = { .mode = WP_MODE_WORKER_POOL, .workers = 40 + 4 * i, .queue_jobs = 100, .block_timeout_ns = WP_TIME_NONE },
                            .patience_ns = WP_TIME_NONE, .scale = 1, .as_line = i % 2, .parts = WP_BACKLOG_ALL };
  memcpy (later, evaluations, sizeof later);
  wp_trace_buffer_follow (buffer);
  batch = wp_evaluations_begin (buffer, evaluations, 6, threads, NULL, NULL);
  g_assert_true (wp_trace_buffer_load (buffer, trace, NULL, NULL, NULL) == (kind != LAST_IS_NO_TIME));
  g_assert_true (wp_evaluations_end (batch, NULL) == (kind != LAST_IS_NO_TIME));
  for (guint i = 0; i < 6 && kind != LAST_IS_NO_TIME; i++)
    {
      WpFigures one = evaluations[i].figures, other;

      g_assert_true (wp_evaluations_run (buffer, &later[i], 1, 1, NULL, NULL, NULL));
      other = later[i].figures;
      if (evaluations[i].as_line)
        {
          wp_backlog_figures (evaluations[i].line, 100, &one);
          wp_backlog_figures (later[i].line, 100, &other);
        }
      g_assert_cmpuint (one.requests, ==, ROWS + (kind == LAST_IS_FIRST));
      g_assert_cmpuint (one.blocked, ==, other.blocked);
      g_assert_cmpfloat (one.depth_mean, ==, other.depth_mean);
      g_assert_cmpint (one.makespan_ns, ==, other.makespan_ns);
    }
  for (guint i = 0; i < 6; i++)
    {
      wp_evaluation_clear (&evaluations[i]);
      if (kind != LAST_IS_NO_TIME)
        wp_evaluation_clear (&later[i]);
    }
}

static void
test_evaluations (gconstpointer kind)
{
  for (guint threads = 1; threads <= 4; threads++)
    check_evaluations (GPOINTER_TO_INT (kind), threads);
}

int
main (int argc, char **argv)
{
  static const char *names[] = { "in-order", "last-is-first", "last-is-no-time" };

  g_test_init (&argc, &argv, NULL);
  for (Kind kind = IN_ORDER; kind <= LAST_IS_NO_TIME; kind++)
    {
      g_autofree char *followers = g_strconcat ("/buffer/followers/", names[kind], NULL), *evaluations = g_strconcat ("/buffer/evaluations/", names[kind], NULL);

      g_test_add_data_func (followers, GINT_TO_POINTER (kind), test_followers);
      g_test_add_data_func (evaluations, GINT_TO_POINTER (kind), test_evaluations);
    }
  g_test_add_func ("/buffer/restart-awaits-readers", test_restart_awaits_readers);

  return g_test_run ();
}
