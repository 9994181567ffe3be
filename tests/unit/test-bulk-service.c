/* Bulk service against a naive event calendar, against the recursion if each commit has one row, and cases
 * that a person can follow. */
#include "sim/model/wp-bulk-service.h"

#include "tests/unit/compare-summary.h"
#include "tests/unit/naive-model.h"
#include "tests/unit/random-load.h"

#define N_LOADS 1000

typedef struct {
  WpRequestResult results[RANDOM_LOAD_MAX];
  guint64 n_accepted, n_ended;
} Seen;

static void
on_told (guint64 request, const WpRequestResult *result, gpointer data)
{
  Seen *seen = data;

  if (result->outcome == WP_OUTCOME_NONE)
    {
      g_assert_cmpint (result->accepted_ns, !=, WP_TIME_NONE);
      seen->n_accepted++;
      return;
    }
  seen->results[request] = *result;
  seen->n_ended++;
}

static WpCommit *
commit_of (const NaiveCommit *naive)
{
  WpCommitCost cost
      = { (double) naive->fixed_ns, (double) naive->row_ns, (double) naive->idle_ns, naive->most };

  return wp_commit_new (&cost, NULL, 1, 1);
}

static void
run_server (const RandomLoad *load, const NaiveCommit *naive, Seen *seen, WpSummary *summary)
{
  g_autoptr (WpCommit) commit = commit_of (naive);
  g_autoptr (WpBulkService) server = NULL;
  g_autoptr (GError) error = NULL;
  WpLayout layout;

  *seen = (Seen){ .n_ended = 0 };
  wp_policy_layout (&load->policy, &layout);
  server = wp_bulk_service_new (&layout, load->patience_ns, commit, on_told, seen);
  for (gsize i = 0; i < load->n_rows; i++)
    g_assert_true (wp_bulk_service_offer (server, load->rows[i].arrival_ns));
  g_assert_true (wp_bulk_service_finish (server, summary));
  g_assert_true (wp_bulk_service_check (server, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (seen->n_ended, ==, load->n_rows);
  g_assert_cmpuint (seen->n_accepted, ==, summary->accepted);
}

static void
check_same (const RandomLoad *load, const NaiveCommit *commit, const WpRequestResult *one,
            const WpRequestResult *two, const WpSummary *summary, const WpSummary *others)
{
  const char *metric = compare_figures (summary, others);
  gboolean same = !metric;

  for (gsize i = 0; i < load->n_rows && same; i++)
    same = same_result (&one[i], &two[i]);
  if (same)
    return;
  g_test_message ("%s queue %u workers %u %s timeout %" G_GINT64_FORMAT " patience %" G_GINT64_FORMAT
                  ", commit %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %u %" G_GINT64_FORMAT ": %s",
                  wp_mode_name (load->policy.mode), load->policy.queue_jobs, load->policy.workers,
                  wp_when_full_name (load->policy.when_full), load->policy.block_timeout_ns,
                  load->patience_ns, commit->fixed_ns, commit->row_ns, commit->most, commit->idle_ns,
                  metric ? metric : "a verdict");
  for (gsize i = 0; i < load->n_rows; i++)
    {
      g_test_message ("arrival %" G_GINT64_FORMAT, load->rows[i].arrival_ns);
      print_result ("server", &one[i]);
      print_result ("other ", &two[i]);
    }
  g_assert_not_reached ();
}

static void
test_equals_naive (void)
{
  guint64 seed = g_test_rand_int ();
  WpRandom random;

  g_test_message ("seed %" G_GUINT64_FORMAT ", %d loads", seed, N_LOADS);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_LOADS; i++)
    {
      RandomLoad load;
      NaiveCommit commit;
      WpRequestResult results[RANDOM_LOAD_MAX];
      WpSummary summary, expected;
      Seen seen;

      random_load_make (&load, &random);
      commit
          = (NaiveCommit){ (gint64) wp_random_below (&random, 9), (gint64) wp_random_below (&random, 4),
                           (gint64) wp_random_below (&random, 4), 1 + (guint) wp_random_below (&random, 6) };
      run_server (&load, &commit, &seen, &summary);
      naive_model_run_batch (&load.policy, load.patience_ns, load.rows, &commit, load.n_rows, results,
                             &expected);
      check_same (&load, &commit, seen.results, results, &summary, &expected);
    }
}

/* One worker and a writer that needs no waking: each commit has one row, and so has constant service. */
static void
test_one_worker_equals_the_recursion (void)
{
  guint64 seed = g_test_rand_int ();
  WpRandom random;

  g_test_message ("seed %" G_GUINT64_FORMAT ", %d loads", seed, N_LOADS);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_LOADS; i++)
    {
      NaiveCommit commit = { (gint64) wp_random_below (&random, 9), (gint64) wp_random_below (&random, 4), 0,
                             1 + (guint) wp_random_below (&random, 6) };
      g_autoptr (WpModel) model = NULL;
      WpRequestResult results[RANDOM_LOAD_MAX];
      WpSummary summary, expected;
      RandomLoad load;
      WpLayout layout;
      Seen seen;

      random_load_make (&load, &random);
      load.policy.mode = WP_MODE_BUFFERED_CHANNEL;
      for (gsize j = 0; j < load.n_rows; j++)
        load.services_ns[j] = commit.fixed_ns + commit.row_ns;
      run_server (&load, &commit, &seen, &summary);
      wp_policy_layout (&load.policy, &layout);
      model = wp_model_new (&layout, load.patience_ns);
      g_assert_true (wp_model_offer (model, load.rows, load.services_ns, load.n_rows, results));
      wp_model_finish (model, &expected);
      check_same (&load, &commit, seen.results, results, &summary, &expected);
    }
}

/* Rows that arrive during a commit share the next one. */
static void
test_commit_takes_all_waiting_rows (void)
{
  const NaiveCommit commit = { 100, 10, 0, 1000 };
  RandomLoad load = { .patience_ns = WP_TIME_NONE, .n_rows = 4 };
  const gint64 arrivals_ns[] = { 0, 1, 2, 110 }, finished_ns[] = { 110, 230, 230, 340 };
  WpSummary summary;
  Seen seen;

  wp_policy_init (&load.policy, WP_MODE_WORKER_POOL);
  load.policy.workers = 10;
  for (guint i = 0; i < 4; i++)
    load.rows[i] = (WpRow){ .arrival_ns = arrivals_ns[i] };
  run_server (&load, &commit, &seen, &summary);
  for (guint i = 0; i < 4; i++)
    {
      g_assert_cmpint (seen.results[i].started_ns, ==, arrivals_ns[i]);
      g_assert_cmpint (seen.results[i].finished_ns, ==, finished_ns[i]);
    }
  g_assert_cmpint (summary.busy_max, ==, 3); /* the fourth arrives after the first has left */
  g_assert_cmpint (summary.depth_max, ==, 0);
}

/* A writer that must be woken takes the rows that have arrived by the time it is awake. */
static void
test_idle_writer_gathers (void)
{
  const NaiveCommit commit = { 100, 10, 50, 1000 };
  RandomLoad load = { .patience_ns = WP_TIME_NONE, .n_rows = 3 };
  const gint64 arrivals_ns[] = { 0, 40, 50 }, finished_ns[] = { 170, 170, 280 };
  WpSummary summary;
  Seen seen;

  wp_policy_init (&load.policy, WP_MODE_DEFAULT);
  for (guint i = 0; i < 3; i++)
    load.rows[i] = (WpRow){ .arrival_ns = arrivals_ns[i] };
  run_server (&load, &commit, &seen, &summary);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (seen.results[i].finished_ns, ==, finished_ns[i]);
}

/* Requests that a warm-up leaves in the system are there, and not counted. */
static void
test_warm_up (void)
{
  const NaiveCommit naive = { 100, 0, 0, 1 };
  g_autoptr (WpCommit) commit = commit_of (&naive);
  g_autoptr (WpBulkService) server = NULL;
  WpSummary summary;
  WpPolicy policy;
  WpLayout layout;

  wp_policy_init (&policy, WP_MODE_BUFFERED_CHANNEL);
  wp_policy_layout (&policy, &layout);
  server = wp_bulk_service_new (&layout, WP_TIME_NONE, commit, NULL, NULL);
  for (guint i = 0; i < 3; i++)
    g_assert_true (wp_bulk_service_offer (server, 0));
  wp_bulk_service_start_counting (server, 150);
  g_assert_true (wp_bulk_service_offer (server, 150));
  g_assert_true (wp_bulk_service_finish (server, &summary));
  g_assert_cmpuint (summary.requests, ==, 1);
  g_assert_cmpint (summary.wait.max, ==, 150); /* two are before it, one half done */
  g_assert_cmpint (summary.makespan_ns, ==, 250);
  g_assert_cmpfloat (summary.busy_mean, ==, 1);
  g_assert_cmpfloat_with_epsilon (summary.throughput, 3 / 250e-9, 1); /* the rest of the warm-up is done in
                                                                         that time */
}

/* Peaks of the warm-up are not those of the run: four in service and two parked, all of whom have gone as the
 * counting starts. */
static void
test_peaks_after_a_warm_up (void)
{
  const NaiveCommit naive = { 100, 0, 0, 1000 };
  g_autoptr (WpCommit) commit = commit_of (&naive);
  g_autoptr (WpBulkService) server = NULL;
  WpSummary summary;
  WpPolicy policy;
  WpLayout layout;

  wp_policy_init (&policy, WP_MODE_WORKER_POOL);
  policy.workers = 4;
  policy.queue_jobs = 0;
  wp_policy_layout (&policy, &layout);
  server = wp_bulk_service_new (&layout, WP_TIME_NONE, commit, NULL, NULL);
  for (guint i = 0; i < 6; i++)
    g_assert_true (wp_bulk_service_offer (server, 0));
  wp_bulk_service_start_counting (server, 1000);
  g_assert_true (wp_bulk_service_offer (server, 1000));
  g_assert_true (wp_bulk_service_finish (server, &summary));
  g_assert_cmpint (summary.busy_max, ==, 1);
  g_assert_cmpuint (summary.blocked_peak, ==, 0);
  g_assert_cmpuint (summary.blocked, ==, 0);
  g_assert_cmpint (summary.time_full_ns, ==, 0);
  g_assert_cmpint (summary.makespan_ns, ==, 100);
}

static void
test_times_beyond_292_years (void)
{
  const NaiveCommit naive = { G_MAXINT64 / 2, 0, 0, 1 };
  g_autoptr (WpCommit) commit = commit_of (&naive);
  g_autoptr (WpBulkService) server = NULL;
  WpSummary summary;
  WpPolicy policy;
  WpLayout layout;

  wp_policy_init (&policy, WP_MODE_BUFFERED_CHANNEL);
  wp_policy_layout (&policy, &layout);
  server = wp_bulk_service_new (&layout, WP_TIME_NONE, commit, NULL, NULL);
  for (guint i = 0; i < 3; i++)
    g_assert_true (wp_bulk_service_offer (server, 0));
  g_assert_false (wp_bulk_service_finish (server, &summary));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bulk-service/equals-naive", test_equals_naive);
  g_test_add_func ("/bulk-service/one-worker-equals-the-recursion", test_one_worker_equals_the_recursion);
  g_test_add_func ("/bulk-service/commit-takes-all-waiting-rows", test_commit_takes_all_waiting_rows);
  g_test_add_func ("/bulk-service/idle-writer-gathers", test_idle_writer_gathers);
  g_test_add_func ("/bulk-service/warm-up", test_warm_up);
  g_test_add_func ("/bulk-service/peaks-after-a-warm-up", test_peaks_after_a_warm_up);
  g_test_add_func ("/bulk-service/times-beyond-292-years", test_times_beyond_292_years);

  return g_test_run ();
}
