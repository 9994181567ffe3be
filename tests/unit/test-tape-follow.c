/* A tape is read while a trace is still read into it: by as many as like, who come to what they would come to later; again from the start where the
 * trace turns out to be out of order; and to an end where it ends in an error. */
#include <string.h>

#include "sim/plan/wp-tape.h"
#include "sim/plan/wp-trial.h"

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
  const WpTape *tape;
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
      g_autoptr(WpTapeReader) reader = wp_tape_reader_new (self->tape, 1, 0);
      const gint64 *arrivals_ns, *services_ns;
      gssize n;

      self->n = self->sum = 0;
      while ((n = wp_tape_reader_next (reader, &arrivals_ns, &services_ns, NULL)) > 0)
        {
          self->n += (guint64) n;
          self->sum = sum_of (arrivals_ns, services_ns, n, self->sum);
        }
      self->failed = n < 0;
      is_void = wp_tape_reader_is_void (reader);
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
  g_autoptr(WpTape) tape = wp_tape_new (WP_TAPE_MEMORY_BYTES);
  g_autoptr(GError) error = NULL;
  Follower followers[FOLLOWERS] = { 0 }, after = { tape };
  GThread *threads[FOLLOWERS];

  wp_tape_follow (tape);
  for (guint i = 0; i < FOLLOWERS; i++)
    {
      followers[i].tape = tape;
      threads[i] = g_thread_new ("follower", follow, &followers[i]);
    }
  g_assert_true (wp_tape_load (tape, trace, NULL, NULL, &error) == (kind != LAST_IS_NO_TIME));
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
restart (gpointer tape)
{
  wp_tape_restart (tape);

  return NULL;
}

/* A reader in the midst of a tape that starts again holds that up, learns of it, and sees nothing of what was. */
static void
test_restart_awaits_readers (void)
{
  g_autoptr(WpTape) tape = wp_tape_new (WP_TAPE_MEMORY_BYTES);
  g_autofree WpRow *rows = g_new0 (WpRow, 5000);
  g_autofree gint64 *zeros = g_new0 (gint64, 5000);
  g_autofree char *text = make_text (IN_ORDER);
  g_autoptr(WpTrace) trace = open_text (text);
  const gint64 *arrivals_ns, *services_ns;
  WpTapeReader *reader;
  Follower after = { tape };
  GThread *thread;

  wp_tape_follow (tape);
  g_assert_true (wp_tape_add (tape, rows, zeros, 5000, NULL));
  reader = wp_tape_reader_new (tape, 1, 0);
  g_assert_cmpint (wp_tape_reader_next (reader, &arrivals_ns, &services_ns, NULL), ==, 4096);
  thread = g_thread_new ("restart", restart, tape);
  g_assert_cmpint (wp_tape_reader_next (reader, &arrivals_ns, &services_ns, NULL), ==, 0);   /* awaits the second block, or that there is none */
  g_assert_true (wp_tape_reader_is_void (reader));
  g_assert_cmpint (arrivals_ns[4095], ==, 0);   /* still there */
  wp_tape_reader_free (reader);
  g_thread_join (thread);
  g_assert_cmpuint (wp_tape_length (tape), ==, 0);
  g_assert_true (wp_tape_load (tape, trace, NULL, NULL, NULL));
  follow (&after);
  g_assert_cmpuint (after.n, ==, ROWS);
  g_assert_cmpuint (after.n_void, ==, 0);
}

static void
check_trials (Kind kind, guint threads)
{
  g_autofree char *text = make_text (kind);
  g_autoptr(WpTrace) trace = open_text (text);
  g_autoptr(WpTape) tape = wp_tape_new (WP_TAPE_MEMORY_BYTES);
  WpTrial trials[6] = { 0 }, later[6];
  WpTrialBatch *batch;

  for (guint i = 0; i < 6; i++)
    trials[i] = (WpTrial) { .policy = { .mode = WP_MODE_WORKER_POOL, .workers = 40 + 4 * i, .queue_jobs = 100, .block_timeout_ns = WP_TIME_NONE },
                            .patience_ns = WP_TIME_NONE, .scale = 1, .as_line = i % 2, .parts = WP_LINE_ALL };
  memcpy (later, trials, sizeof later);
  wp_tape_follow (tape);
  batch = wp_trials_begin (tape, trials, 6, threads, NULL, NULL);
  g_assert_true (wp_tape_load (tape, trace, NULL, NULL, NULL) == (kind != LAST_IS_NO_TIME));
  g_assert_true (wp_trials_end (batch, NULL) == (kind != LAST_IS_NO_TIME));
  for (guint i = 0; i < 6 && kind != LAST_IS_NO_TIME; i++)
    {
      WpFigures one = trials[i].figures, other;

      g_assert_true (wp_trials_run (tape, &later[i], 1, 1, NULL, NULL, NULL));
      other = later[i].figures;
      if (trials[i].as_line)
        {
          wp_line_figures (trials[i].line, 100, &one);
          wp_line_figures (later[i].line, 100, &other);
        }
      g_assert_cmpuint (one.requests, ==, ROWS + (kind == LAST_IS_FIRST));
      g_assert_cmpuint (one.blocked, ==, other.blocked);
      g_assert_cmpfloat (one.depth_mean, ==, other.depth_mean);
      g_assert_cmpint (one.makespan_ns, ==, other.makespan_ns);
    }
  for (guint i = 0; i < 6; i++)
    {
      wp_trial_clear (&trials[i]);
      if (kind != LAST_IS_NO_TIME)
        wp_trial_clear (&later[i]);
    }
}

static void
test_trials (gconstpointer kind)
{
  for (guint threads = 1; threads <= 4; threads++)
    check_trials (GPOINTER_TO_INT (kind), threads);
}

int
main (int argc, char **argv)
{
  static const char *names[] = { "in-order", "last-is-first", "last-is-no-time" };

  g_test_init (&argc, &argv, NULL);
  for (Kind kind = IN_ORDER; kind <= LAST_IS_NO_TIME; kind++)
    {
      g_autofree char *followers = g_strconcat ("/tape/followers/", names[kind], NULL), *trials = g_strconcat ("/tape/trials/", names[kind], NULL);

      g_test_add_data_func (followers, GINT_TO_POINTER (kind), test_followers);
      g_test_add_data_func (trials, GINT_TO_POINTER (kind), test_trials);
    }
  g_test_add_func ("/tape/restart-awaits-readers", test_restart_awaits_readers);

  return g_test_run ();
}
