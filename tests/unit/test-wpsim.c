/* test-wpsim.c - the library's face: states and results against the naive model, and its errors. */
#include <math.h>

#include "sim/wpsim/wpsim.h"
#include "tests/unit/naive-model.h"
#include "tests/unit/random-load.h"

#define N_LOADS 3000

static WpsimModel *
new_model (const RandomLoad *load)
{
  WpsimModel *model
      = wpsim_model_new ((WpsimMode) load->policy.mode, load->policy.workers, load->policy.queue_jobs, NULL);

  if (load->policy.when_full == WP_WHEN_FULL_REJECT)
    wpsim_model_set_reject (model);
  else if (load->policy.block_timeout_ns > 0)
    wpsim_model_set_block_timeout (model, load->policy.block_timeout_ns);
  return model;
}

/* What the library does not have. */
static void
make_load (RandomLoad *load, WpRandom *random)
{
  random_load_make (load, random);
  load->patience_ns = WP_TIME_NONE;
  load->policy.dispatcher = WP_DISPATCHER_BOUNDED;
  load->policy.ack = WP_ACK_ACCEPTED;
  if (load->policy.block_timeout_ns == 0)
    load->policy.block_timeout_ns = WP_TIME_NONE;
}

static gboolean
lasts (gint64 from_ns, gint64 until_ns, gint64 now_ns)
{
  return from_ns != WP_TIME_NONE && from_ns <= now_ns && (until_ns == WP_TIME_NONE || now_ns < until_ns);
}

/* Counts the first @n requests at @now_ns by their own moments. */
static void
assert_state (const WpsimState *state, const RandomLoad *load, const WpRequestResult *results, gsize n,
              gint64 now_ns)
{
  guint64 queued = 0, parked = 0, in_service = 0;

  for (gsize i = 0; i < n; i++)
    {
      const WpRequestResult *result = &results[i];
      gboolean accepted = result->accepted_ns != WP_TIME_NONE;

      parked += lasts (load->rows[i].arrival_ns, accepted ? result->accepted_ns : result->ended_ns, now_ns);
      queued += accepted && lasts (result->accepted_ns, result->started_ns, now_ns);
      in_service += lasts (result->started_ns, result->finished_ns, now_ns);
    }
  g_assert_cmpuint (state->queued, ==, queued);
  g_assert_cmpuint (state->parked, ==, parked);
  g_assert_cmpuint (state->in_service, ==, in_service);
}

static void
assert_same (const WpsimResult *result, const WpSummary *summary)
{
  g_assert_cmpuint (result->requests, ==, summary->requests);
  g_assert_cmpuint (result->accepted, ==, summary->accepted);
  g_assert_cmpuint (result->rejected, ==, summary->rejected);
  g_assert_cmpuint (result->timed_out, ==, summary->timed_out);
  g_assert_cmpuint (result->blocked, ==, summary->blocked);
  g_assert_cmpuint (result->blocked_peak, ==, summary->blocked_peak);
  g_assert_cmpint (result->wait.p50, ==, summary->wait.p50);
  g_assert_cmpint (result->wait.p99, ==, summary->wait.p99);
  g_assert_cmpint (result->response.max, ==, summary->response.max);
  g_assert_cmpint (result->blocked_time.max, ==, summary->blocked_time.max);
  g_assert_cmpint (result->depth_p95, ==, summary->depth_p95);
  g_assert_cmpint (result->depth_peak, ==, summary->depth_max);
  g_assert_cmpint (result->time_full_ns, ==, summary->time_full_ns);
  g_assert_cmpint (result->first_full_ns, ==, summary->first_full_ns);
  g_assert_true (result->busy_mean == summary->busy_mean
                 || fabs (result->busy_mean - summary->busy_mean) < 1e-9
                 || (isnan (result->busy_mean) && isnan (summary->busy_mean)));
}

/* Between two arrivals, and after the last, the state is that of the naive model's moments. */
static void
test_states (void)
{
  guint64 seed = (guint32) g_test_rand_int ();
  WpRandom random;

  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_LOADS; i++)
    {
      WpRequestResult results[RANDOM_LOAD_MAX];
      WpSummary summary;
      WpsimResult result;
      WpsimState state;
      RandomLoad load;
      g_autoptr (WpsimModel) model = NULL;

      make_load (&load, &random);
      naive_model_run (&load.policy, WP_TIME_NONE, load.rows, load.services_ns, load.n_rows, results,
                       &summary);
      model = new_model (&load);
      for (gsize row = 0; row < load.n_rows; row++)
        {
          gint64 arrival_ns = load.rows[row].arrival_ns,
                 next_ns = row + 1 < load.n_rows ? load.rows[row + 1].arrival_ns : arrival_ns + 30,
                 now_ns
                 = arrival_ns + (gint64) wp_random_below (&random, (guint64) (next_ns - arrival_ns) + 1);

          g_assert_true (wpsim_model_feed (model, arrival_ns, load.services_ns[row], NULL));
          if (now_ns == next_ns && row + 1 < load.n_rows)
            continue;
          g_assert_true (wpsim_model_get_state (model, now_ns, &state, NULL));
          assert_state (&state, &load, results, row + 1, now_ns);
        }
      g_assert_true (wpsim_model_finish (model, &result, NULL));
      assert_same (&result, &summary);
    }
}

/* Two workers and one place; a commit takes 10 ns. The first is committed alone, the next two together. */
static void
test_commits (void)
{
  g_autoptr (WpsimModel) model = wpsim_model_new (WPSIM_MODE_WORKER_POOL, 2, 1, NULL);
  WpsimResult result;
  WpsimState state;

  wpsim_model_set_commit (model, 10, 0, 100);
  for (gint64 arrival_ns = 0; arrival_ns < 4; arrival_ns++)
    g_assert_true (wpsim_model_feed (model, arrival_ns, 0, NULL));
  g_assert_true (wpsim_model_get_state (model, 5, &state, NULL));
  g_assert_cmpuint (state.in_service, ==, 2);
  g_assert_cmpuint (state.queued, ==, 1);
  g_assert_cmpuint (state.parked, ==, 1);
  g_assert_true (wpsim_model_get_state (model, 10, &state, NULL));
  g_assert_cmpuint (state.in_service, ==, 2);
  g_assert_cmpuint (state.queued, ==, 1);
  g_assert_cmpuint (state.parked, ==, 0);
  g_assert_true (wpsim_model_finish (model, &result, NULL));
  g_assert_cmpuint (result.requests, ==, 4);
  g_assert_cmpint (result.response.max, ==, 27); /* the fourth, in the third commit, which ends at 30 */
}

static void
test_errors (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (WpsimModel) model = NULL;
  WpsimResult result;
  WpsimState state;

  g_assert_null (wpsim_model_new (WPSIM_MODE_WORKER_POOL, 0, 10, &error));
  g_assert_error (error, WPSIM_ERROR, WPSIM_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_null (wpsim_model_new ((WpsimMode) 3, 1, 10, &error));
  g_assert_error (error, WPSIM_ERROR, WPSIM_ERROR_INVALID);
  g_clear_error (&error);

  model = wpsim_model_new (WPSIM_MODE_WORKER_POOL, 1, 10, NULL);
  g_assert_false (wpsim_model_feed (model, 0, -1, &error));
  g_assert_error (error, WPSIM_ERROR, WPSIM_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_false (wpsim_model_feed (model, -1, 0, &error));
  g_assert_error (error, WPSIM_ERROR, WPSIM_ERROR_ORDER);
  g_clear_error (&error);
  g_assert_true (wpsim_model_feed (model, 10, 5, NULL));
  g_assert_false (wpsim_model_get_state (model, 9, &state, &error));
  g_assert_error (error, WPSIM_ERROR, WPSIM_ERROR_ORDER);
  g_clear_error (&error);
  g_assert_true (wpsim_model_get_state (model, 12, &state, NULL));
  g_assert_cmpuint (state.in_service, ==, 1);
  g_assert_false (wpsim_model_feed (model, 11, 0, &error));
  g_assert_error (error, WPSIM_ERROR, WPSIM_ERROR_ORDER);
  g_clear_error (&error);
  g_assert_true (wpsim_model_finish (model, &result, NULL));
  g_assert_false (wpsim_model_feed (model, 20, 0, &error));
  g_assert_error (error, WPSIM_ERROR, WPSIM_ERROR_INVALID);
}

/* After it only freeing is possible. */
static void
test_range (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (WpsimModel) model = wpsim_model_new (WPSIM_MODE_BUFFERED_CHANNEL, 1, 10, NULL);
  WpsimResult result;

  g_assert_false (wpsim_model_feed (model, G_MAXINT64, 1, &error));
  g_assert_error (error, WPSIM_ERROR, WPSIM_ERROR_RANGE);
  g_clear_error (&error);
  g_assert_false (wpsim_model_finish (model, &result, &error));
  g_assert_error (error, WPSIM_ERROR, WPSIM_ERROR_INVALID);
}

static void
test_nothing_fed (void)
{
  g_autoptr (WpsimModel) model = wpsim_model_new (WPSIM_MODE_DEFAULT, 1, 0, NULL);
  WpsimResult result;

  g_assert_true (wpsim_model_finish (model, &result, NULL));
  g_assert_cmpuint (result.requests, ==, 0);
  g_assert_cmpint (result.wait.p99, ==, WPSIM_NONE);
  g_assert_true (isnan (result.utilisation));
}

#define MISUSE(call, text)                                                                                   \
  G_STMT_START                                                                                               \
  {                                                                                                          \
    g_test_expect_message (NULL, G_LOG_LEVEL_CRITICAL, "*" text "*");                                        \
    call;                                                                                                    \
    g_test_assert_expected_messages ();                                                                      \
  }                                                                                                          \
  G_STMT_END

/* A program's mistake is one critical message, and changes nothing. */
static void
test_misuse (void)
{
  g_autoptr (WpsimModel) model = wpsim_model_new (WPSIM_MODE_WORKER_POOL, 1, 10, NULL);
  WpsimResult result;
  WpsimState state;

  wpsim_model_free (NULL);
  MISUSE (wpsim_model_set_reject (NULL), "self");
  MISUSE (wpsim_model_set_block_timeout (NULL, 1), "self");
  MISUSE (wpsim_model_set_block_timeout (model, 0), "timeout_ns > 0");
  MISUSE (wpsim_model_set_commit (NULL, 1, 1, 1), "self");
  MISUSE (wpsim_model_set_commit (model, 1, 1, 0), "most_rows >= 1");
  MISUSE (g_assert_false (wpsim_model_feed (NULL, 0, 0, NULL)), "self");
  MISUSE (g_assert_false (wpsim_model_get_state (NULL, 0, &state, NULL)), "self");
  MISUSE (g_assert_false (wpsim_model_get_state (model, 0, NULL, NULL)), "state");
  MISUSE (g_assert_false (wpsim_model_finish (NULL, &result, NULL)), "self");
  MISUSE (g_assert_false (wpsim_model_finish (model, NULL, NULL)), "result");
  g_assert_true (wpsim_model_feed (model, 0, 1, NULL));
  MISUSE (wpsim_model_set_reject (model), "has_begun");
  g_assert_true (wpsim_model_finish (model, &result, NULL));
  g_assert_cmpuint (result.accepted, ==, 1);
}

/* What a careless or hostile caller gives. */
static gint64
draw_time (WpRandom *random)
{
  static const gint64 times_ns[]
      = { 0, 1, 2, 1000, 1000000000, G_MAXINT64 / 2, G_MAXINT64 - 1, G_MAXINT64, -1, G_MININT64 };

  return times_ns[wp_random_below (random, G_N_ELEMENTS (times_ns))];
}

static gint64
draw_least (WpRandom *random, gint64 least_ns)
{
  gint64 time_ns = draw_time (random);

  return MAX (time_ns, least_ns);
}

static guint
draw_size (WpRandom *random)
{
  static const guint sizes[] = { 0, 1, 2, 100, G_MAXINT, WPSIM_MAX_QUEUE, G_MAXUINT };

  return sizes[wp_random_below (random, G_N_ELEMENTS (sizes))];
}

static WpsimModel *
draw_model (WpRandom *random)
{
  guint workers = draw_size (random), queue = draw_size (random);
  g_autoptr (GError) error = NULL;
  WpsimModel *model = wpsim_model_new ((WpsimMode) wp_random_below (random, 4), workers, queue, &error);

  g_assert_true (model ? !error : g_error_matches (error, WPSIM_ERROR, WPSIM_ERROR_INVALID));
  if (!model)
    return NULL;
  if (wp_random_below (random, 4) == 0)
    wpsim_model_set_reject (model);
  if (wp_random_below (random, 4) == 0)
    wpsim_model_set_block_timeout (model, draw_least (random, 1));
  if (wp_random_below (random, 4) == 0)
    wpsim_model_set_commit (model, draw_least (random, 0), draw_least (random, 0), draw_size (random) | 1);
  return model;
}

/* Each call is done, or refused with an error; requests that were taken are all in the result. */
static void
test_extremes (void)
{
  guint64 seed = (guint32) g_test_rand_int ();
  WpRandom random;

  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_LOADS; i++)
    {
      g_autoptr (WpsimModel) model = draw_model (&random);
      g_autoptr (GError) error = NULL;
      guint64 taken = 0;
      WpsimResult result;

      for (guint row = 0; model && row < 30; row++)
        {
          WpsimState state;

          g_clear_error (&error);
          if (wpsim_model_feed (model, draw_time (&random), draw_time (&random), &error))
            taken++;
          g_assert_true (!error || error->domain == WPSIM_ERROR);
          g_clear_error (&error);
          g_assert_true (wp_random_below (&random, 8) > 0
                         || wpsim_model_get_state (model, draw_time (&random), &state, &error) || error);
        }
      g_clear_error (&error);
      if (model && wpsim_model_finish (model, &result, &error))
        {
          g_assert_cmpuint (result.requests, ==, taken);
          g_assert_cmpuint (result.accepted + result.rejected + result.timed_out, ==, taken);
        }
      else if (model)
        g_assert_false (g_error_matches (error, WPSIM_ERROR, WPSIM_ERROR_INTERNAL));
    }
}

#define N_THREADS 4

static gpointer
run_thread (gpointer data)
{
  WpsimModel *model = wpsim_model_new (WPSIM_MODE_WORKER_POOL, 2, 10, NULL);
  WpsimResult *result = data;

  if (result->reserved[0] != 0) /* half of them commit */
    wpsim_model_set_commit (model, 10, 1, 100);
  for (gint64 i = 0; i < 10000; i++)
    g_assert_true (wpsim_model_feed (model, i, (i * 7919) % 5, NULL));
  g_assert_true (wpsim_model_finish (wpsim_model_ref (model), result, NULL));
  wpsim_model_free (model);
  wpsim_model_free (model);
  return NULL;
}

/* Models of several threads at once share nothing. */
static void
test_threads (void)
{
  WpsimResult results[N_THREADS];
  GThread *threads[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    {
      results[i].reserved[0] = i % 2;
      threads[i] = g_thread_new (NULL, run_thread, &results[i]);
    }
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  for (guint i = 0; i < N_THREADS; i++)
    {
      g_assert_cmpuint (results[i].accepted, ==, 10000);
      g_assert_cmpint (results[i].wait.p99, ==, results[i % 2].wait.p99);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wpsim/states", test_states);
  g_test_add_func ("/wpsim/commits", test_commits);
  g_test_add_func ("/wpsim/errors", test_errors);
  g_test_add_func ("/wpsim/range", test_range);
  g_test_add_func ("/wpsim/nothing-fed", test_nothing_fed);
  g_test_add_func ("/wpsim/misuse", test_misuse);
  g_test_add_func ("/wpsim/extremes", test_extremes);
  g_test_add_func ("/wpsim/threads", test_threads);

  return g_test_run ();
}
