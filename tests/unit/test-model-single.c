/* The model's fast path for one worker against its general one: every figure, at random, through full queues
 * and back; the end of a warm-up, and Little's law. */
#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/model/wp-model-private.h"
#include "sim/stats/wp-random.h"
#include "tests/unit/compare-summary.h"

#define MAX_ROWS 3000
#define N_RUNS   1500

typedef struct {
  WpLayout layout;
  gint64 patience_ns;
  WpRow rows[MAX_ROWS];
  gint64 services_ns[MAX_ROWS];
  WpRequestResult results[MAX_ROWS];
  gsize n_rows;
} Load;

static void
make_load (Load *self, WpRandom *random)
{
  static const guint queues[] = { 1, 2, 40, 300, 600, 2000, WP_UNBOUNDED };
  guint gap = 1 + (guint) wp_random_below (random, 20), service = 1 + (guint) wp_random_below (random, 20);
  gint64 unit_ns = wp_random_below (random, 3) == 0 ? 1 : (gint64) 1 << wp_random_below (random, 42);
  gint64 now_ns = 0;

  self->layout = (WpLayout){ queues[wp_random_below (random, G_N_ELEMENTS (queues))],
                             wp_random_below (random, 3) == 0 ? 3 : 1, wp_random_below (random, 4) == 0,
                             WP_TIME_NONE, TRUE };
  if (wp_random_below (random, 4) == 0)
    self->layout = (WpLayout){ 0, WP_UNBOUNDED, FALSE, WP_TIME_NONE, FALSE };
  self->layout.drops_queued = wp_random_below (random, 2) == 0;
  self->patience_ns
      = wp_random_below (random, 3) == 0 ? (gint64) wp_random_below (random, 100) * unit_ns : WP_TIME_NONE;
  self->n_rows = 1 + wp_random_below (random, MAX_ROWS);
  for (gsize i = 0; i < self->n_rows; i++)
    {
      self->rows[i] = (WpRow){ .arrival_ns = now_ns, .bytes = -1, .blocked = -1 };
      self->services_ns[i] = (gint64) wp_random_below (random, service) * unit_ns;
      now_ns += (gint64) wp_random_below (random, gap) * unit_ns;
      if (wp_random_below (random, 500) == 0)
        now_ns += 5000 * unit_ns; /* the queue empties */
    }
}

/* Now and then somebody asks for verdicts all the same. */
static gboolean
run (Load *self, WpRandom *random, gboolean quick, WpSummary *summary)
{
  g_autoptr (WpModel) model = wp_model_new (&self->layout, self->patience_ns);

  for (gsize i = 0, n; i < self->n_rows; i += n)
    {
      n = 1 + wp_random_below (random, 700);
      n = MIN (n, self->n_rows - i);
      if (!wp_model_offer (model, self->rows + i, self->services_ns + i, n,
                           quick && wp_random_below (random, 30) > 0 ? NULL : self->results + i))
        return FALSE;
    }
  wp_model_finish (model, summary);
  g_assert_true (wp_model_check (model, NULL));

  return TRUE;
}

static void
test_equal (void)
{
  guint64 seed = (guint64) g_test_rand_int ();
  g_autofree Load *load = g_new (Load, 1);
  guint n_overflows = 0, n_blocked = 0;
  WpRandom random;

  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_RUNS; i++)
    {
      WpSummary slow, quick;
      gboolean fits;

      make_load (load, &random);
      fits = run (load, &random, FALSE, &slow);
      g_assert_cmpint (run (load, &random, TRUE, &quick), ==, fits);
      n_overflows += !fits;
      if (!fits)
        continue;
      n_blocked += slow.blocked > 0;
      g_assert_cmpstr (compare_figures (&quick, &slow), ==, NULL);
    }
  g_test_message ("%u loads, %u of them with blocked requests, %u past 292 years", N_RUNS, n_blocked,
                  n_overflows);
  g_assert_cmpuint (n_blocked, >, N_RUNS / 20);
}

/* Two come for each that ends, so that there are more in service than ever before, time and again. */
static void
test_many_in_flight (void)
{
  enum { N = 20000 };
  const WpLayout layout = { 0, WP_UNBOUNDED, FALSE, WP_TIME_NONE, FALSE };
  g_autoptr (WpModel) model = wp_model_new (&layout, WP_TIME_NONE);
  WpSummary summary;

  for (gint64 i = 0; i < N; i++)
    {
      const WpRow row = { .arrival_ns = i };
      const gint64 service_ns = i % 2 == 0 ? 1 : N;

      g_assert_true (wp_model_offer (model, &row, &service_ns, 1, NULL));
    }
  wp_model_finish (model, &summary);
  g_assert_cmpint (summary.busy_max, ==, N / 2);
  g_assert_cmpuint (summary.accepted, ==, N);
}

/* The largest times of all: those that fit must be counted, the others must be reported. */
static void
test_the_longest_times (void)
{
  const WpLayout layout = { 10, 1, FALSE, WP_TIME_NONE, TRUE };
  const gint64 half_ns = G_MAXINT64 / 2;
  WpRow rows[3] = { { .arrival_ns = 0 }, { .arrival_ns = 1 }, { .arrival_ns = 2 } };
  gint64 services_ns[3] = { half_ns, half_ns, 0 };
  g_autoptr (WpModel) model = wp_model_new (&layout, WP_TIME_NONE);
  WpSummary summary;

  g_assert_true (wp_model_offer (model, rows, services_ns, 3, NULL));
  wp_model_finish (model, &summary);
  g_assert_cmpint (summary.makespan_ns, ==, 2 * half_ns);
  g_assert_cmpint (summary.wait.max, ==, 2 * half_ns - 2);
  services_ns[2] = 2;
  g_clear_pointer (&model, wp_model_free);
  model = wp_model_new (&layout, WP_TIME_NONE);
  g_assert_false (wp_model_offer (model, rows, services_ns, 3, NULL));
}

/* The part of a span that is left from @now_ns on. */
static double
rest (gint64 from_ns, gint64 to_ns, gint64 now_ns)
{
  return (double) MAX (0, to_ns - MAX (from_ns, now_ns));
}

static void
assert_close (double value, double expected)
{
  g_assert_cmpfloat (fabs (value - expected), <=, 1e-9 * (1 + fabs (expected)));
}

/* When a request that was blocked is parked no more. */
static gint64
parked_until (const WpRequestResult *result)
{
  return result->accepted_ns != WP_TIME_NONE ? result->accepted_ns : result->ended_ns;
}

/* The largest number parked at once from the arrival of row @from on; a request that is parked for no time
 * counts for its instant. They end in order. */
static guint64
peak_of (const Load *load, gsize from)
{
  guint64 parked = 0, peak = 0;
  gsize ended = 0;

  for (gsize i = 0; i < load->n_rows; i++)
    {
      for (; ended < i
             && (!load->results[ended].blocked
                 || parked_until (&load->results[ended]) <= load->rows[i].arrival_ns);
           ended++)
        parked -= load->results[ended].blocked;
      if (i >= from)
        peak = MAX (peak, parked + load->results[i].blocked);
      parked += load->results[i].blocked;
    }

  return peak;
}

/* Counted again from what became of each request. */
static void
check_warm (const Load *load, gsize from, const WpSummary *summary)
{
  gint64 now_ns = load->rows[from].arrival_ns, last_ns = 0;
  double depth = 0, busy = 0, wait = 0;
  guint64 accepted = 0, abandoned = 0, blocked = 0, started = 0, completed = 0;

  for (gsize i = 0; i < load->n_rows; i++)
    {
      const WpRequestResult *result = &load->results[i];

      blocked += i >= from && result->blocked;
      abandoned += i >= from && result->outcome == WP_OUTCOME_ABANDONED;
      if (result->accepted_ns == WP_TIME_NONE)
        continue;
      accepted += i >= from;
      depth += rest (result->accepted_ns, wp_request_result_left_queue (result, 0), now_ns);
      if (result->outcome != WP_OUTCOME_STORED)
        continue;
      last_ns = MAX (last_ns, result->finished_ns);
      busy += rest (result->started_ns, result->finished_ns, now_ns);
      started += i >= from;
      completed += i >= from || result->finished_ns > now_ns;
      wait += i >= from ? (double) (result->started_ns - load->rows[i].arrival_ns) : 0;
    }
  g_assert_cmpuint (summary->requests, ==, load->n_rows - from);
  g_assert_cmpuint (summary->accepted, ==, accepted);
  g_assert_cmpuint (summary->abandoned, ==, abandoned);
  g_assert_cmpuint (summary->blocked, ==, blocked);
  g_assert_cmpuint (summary->blocked_peak, ==, peak_of (load, from));
  if (started == 0)
    {
      g_assert_cmpint (summary->makespan_ns, ==, WP_TIME_NONE);
      return;
    }
  g_assert_cmpint (summary->makespan_ns, ==, last_ns - now_ns);
  assert_close (summary->wait.mean, wait / (double) started);
  if (last_ns == now_ns)
    return;
  assert_close (summary->depth_mean, depth / (double) (last_ns - now_ns));
  assert_close (summary->busy_mean, busy / (double) (last_ns - now_ns));
  assert_close (summary->throughput, 1e9 * (double) completed / (double) (last_ns - now_ns));
}

static void
test_warm_up (void)
{
  guint64 seed = (guint64) g_test_rand_int ();
  g_autofree Load *load = g_new (Load, 1);
  WpRandom random;

  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_RUNS; i++)
    {
      g_autoptr (WpModel) model = NULL;
      g_autoptr (GError) error = NULL;
      gboolean quick = wp_random_below (&random, 2) == 0;
      WpSummary summary;
      gsize from;

      make_load (load, &random);
      load->layout.workers = 1 + (guint) wp_random_below (&random, 3);
      load->layout.queue_jobs = wp_random_below (&random, 4) == 0 ? 0 : load->layout.queue_jobs;
      from = 1 + wp_random_below (&random, load->n_rows);
      if (from == load->n_rows || !run (load, &random, FALSE, &summary))
        continue;
      model = wp_model_new (&load->layout, load->patience_ns);
      wp_model_warm_up (model, load->rows, load->services_ns, NULL, from, quick ? NULL : load->results);
      wp_model_start_counting (model, load->rows[from].arrival_ns);
      wp_model_offer (model, load->rows + from, load->services_ns + from, load->n_rows - from,
                      quick ? NULL : load->results + from);
      wp_model_finish (model, &summary);
      wp_model_check (model, &error);
      g_assert_no_error (error);
      check_warm (load, from, &summary);
    }
}

/* A model that has lost a nanosecond says so. */
static void
test_littles_law (void)
{
  static const struct {
    const char *what;
    gsize offset;
  } sums[] = {
    { "response", G_STRUCT_OFFSET (WpModel, service_ns) },
    { "parked", G_STRUCT_OFFSET (WpModel, parked_own_ns) },
    { "depth", G_STRUCT_OFFSET (WpModel, carried_depth_ns) },
    { "workers", G_STRUCT_OFFSET (WpModel, carried_busy_ns) },
  };
  const WpLayout layout = { 1, 1, FALSE, WP_TIME_NONE, TRUE };
  WpRow rows[4] = { { .arrival_ns = 0 }, { .arrival_ns = 1 }, { .arrival_ns = 2 }, { .arrival_ns = 3 } };
  gint64 services_ns[4] = { 10, 10, 10, 10 };

  for (guint i = 0; i < G_N_ELEMENTS (sums); i++)
    {
      g_autoptr (WpModel) model = wp_model_new (&layout, WP_TIME_NONE);
      g_autoptr (GError) error = NULL;
      WpSummary summary;

      wp_model_offer (model, rows, services_ns, 4, NULL);
      wp_model_finish (model, &summary);
      g_assert_true (wp_model_check (model, NULL));
      G_STRUCT_MEMBER (WpUint128, model, sums[i].offset)++;
      g_assert_false (wp_model_check (model, &error));
      g_assert_error (error, WP_ERROR, WP_ERROR_INTERNAL);
      g_test_message ("%s", error->message);
      g_assert_true (g_str_has_prefix (error->message, "internal error: Little's law does not hold: "));
      g_assert_nonnull (strstr (error->message, sums[i].what));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model-single/many-in-flight", test_many_in_flight);
  g_test_add_func ("/model-single/equal", test_equal);
  g_test_add_func ("/model-single/longest-times", test_the_longest_times);
  g_test_add_func ("/model-single/warm-up", test_warm_up);
  g_test_add_func ("/model-single/littles-law", test_littles_law);

  return g_test_run ();
}
