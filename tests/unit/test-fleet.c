/* Several servers behind a balancer, against a naive twin that simulates each server apart. */
#include "sim/model/wp-bulk-fleet.h"

#include "tests/unit/compare-summary.h"
#include "tests/unit/naive-model.h"
#include "tests/unit/random-load.h"

#define N_LOADS 2000
#define MOST    5 /* servers */

#define MOST_THREADS 3

/* When a balancer no longer counts the request as open. */
static gint64
naive_close (const RandomLoad *load, gsize row, const WpRequestResult *result)
{
  gint64 leaves_ns
      = load->patience_ns == WP_TIME_NONE ? G_MAXINT64 : load->rows[row].arrival_ns + load->patience_ns;
  gboolean accepts = load->policy.ack == WP_ACK_ACCEPTED && result->accepted_ns != WP_TIME_NONE;

  return MIN (leaves_ns, accepts ? result->accepted_ns : result->ended_ns);
}

/* Simulates the requests of @server among the first @n_rows, and nothing else. */
static void
naive_server (const RandomLoad *load, const guint *servers, guint server, gsize n_rows,
              WpRequestResult *results, WpSummary *summary)
{
  WpRow rows[RANDOM_LOAD_MAX];
  gint64 services_ns[RANDOM_LOAD_MAX];
  WpRequestResult own[RANDOM_LOAD_MAX];
  gsize numbers[RANDOM_LOAD_MAX], n = 0;

  for (gsize i = 0; i < n_rows; i++)
    if (servers[i] == server)
      {
        rows[n] = load->rows[i];
        services_ns[n] = load->services_ns[i];
        numbers[n++] = i;
      }
  wp_summary_init (summary);
  if (n == 0)
    return;
  naive_model_run (&load->policy, load->patience_ns, rows, services_ns, n, own, summary);
  for (gsize i = 0; i < n; i++)
    results[numbers[i]] = own[i];
}

static guint
naive_least (const RandomLoad *load, const guint *servers, const WpRequestResult *results, gsize row, guint n)
{
  guint open[MOST] = { 0 }, first = row == 0 ? 0 : (servers[row - 1] + 1) % n, best = first;

  for (gsize i = 0; i < row; i++)
    open[servers[i]] += naive_close (load, i, &results[i]) > load->rows[row].arrival_ns;
  for (guint i = 0; i < n; i++)
    if (open[(first + i) % n] < open[best])
      best = (first + i) % n;

  return best;
}

/* When the HTTP threads of @server have passed the request on; @free_ns: those of each server. */
static gint64
naive_pass (const WpFleetOptions *options, gint64 (*free_ns)[MOST_THREADS], guint server, gint64 arrival_ns)
{
  guint first = 0;

  if (options->http_stage.time_ns == 0)
    return arrival_ns;
  for (guint i = 1; i < options->http_stage.threads; i++)
    if (free_ns[server][i] < free_ns[server][first])
      first = i;

  return free_ns[server][first] = MAX (arrival_ns, free_ns[server][first]) + options->http_stage.time_ns;
}

/* No later request changes the result of an earlier one. @queued: gets the load as it reaches the queues. */
static void
naive_fleet (const RandomLoad *load, const WpFleetOptions *options, guint *servers, WpRequestResult *results,
             RandomLoad *queued)
{
  gint64 free_ns[MOST][MOST_THREADS] = { { 0 } };
  WpSummary unused;
  WpRandom random;

  *queued = *load;

  wp_random_init (&random, options->seed, 7);
  for (gsize i = 0; i < load->n_rows; i++)
    {
      servers[i] = options->balance == WP_BALANCE_ROUND_ROBIN ? (guint) (i % options->instances)
                   : options->balance == WP_BALANCE_RANDOM
                       ? (guint) wp_random_below (&random, options->instances)
                       : naive_least (load, servers, results, i, options->instances);
      queued->rows[i].arrival_ns = naive_pass (options, free_ns, servers[i], load->rows[i].arrival_ns);
      naive_server (queued, servers, servers[i], i + 1, results, &unused);
    }
}

/* The figures of all requests, by sorting; those that are no sums are of the servers' own. */
static void
naive_summary (const RandomLoad *load, const guint *servers, guint n, const WpRequestResult *results,
               WpSummary *summary)
{
  WpRow rows[RANDOM_LOAD_MAX];
  WpRequestResult unused[RANDOM_LOAD_MAX];
  gint64 full_ns = 0, first_full_ns = WP_TIME_NONE, busy_max = 0;
  WpLayout layout;

  for (gsize i = 0; i < load->n_rows; i++)
    rows[i] = (WpRow){ .arrival_ns = load->rows[i].arrival_ns,
                       .service_ns = load->services_ns[i],
                       .bytes = -1,
                       .accepted_ns = results[i].accepted_ns,
                       .started_ns = results[i].started_ns,
                       .finished_ns = results[i].finished_ns,
                       .ended_ns = results[i].ended_ns,
                       .outcome = results[i].outcome,
                       .blocked = results[i].blocked };
  wp_policy_layout (&load->policy, &layout);
  layout.workers *= n;
  qsort (rows, load->n_rows, sizeof *rows, wp_time_compare);
  wp_summary_measure (summary, &layout, rows, load->n_rows);
  for (guint i = 0; i < n; i++)
    {
      WpSummary own;

      naive_server (load, servers, i, load->n_rows, unused, &own);
      full_ns += own.time_full_ns == WP_TIME_NONE ? 0 : own.time_full_ns;
      busy_max += own.busy_max == WP_TIME_NONE ? 0 : own.busy_max;
      if (own.first_full_ns != WP_TIME_NONE
          && (first_full_ns == WP_TIME_NONE || own.first_full_ns < first_full_ns))
        first_full_ns = own.first_full_ns;
    }
  summary->time_full_ns = layout.can_be_full ? full_ns / n : WP_TIME_NONE;
  summary->first_full_ns = first_full_ns;
  summary->busy_max = busy_max;
}

static void
check_results (const RandomLoad *load, const WpFleetOptions *options, const guint *servers,
               const WpRequestResult *fleet, const WpRequestResult *naive)
{
  for (gsize i = 0; i < load->n_rows; i++)
    if (fleet[i].accepted_ns != naive[i].accepted_ns || fleet[i].started_ns != naive[i].started_ns
        || fleet[i].ended_ns != naive[i].ended_ns || fleet[i].outcome != naive[i].outcome)
      g_error ("%s, %u servers: row %" G_GSIZE_FORMAT ", on server %u: ended %" G_GINT64_FORMAT
               ", naive %" G_GINT64_FORMAT,
               wp_balance_names[options->balance], options->instances, i, servers[i], fleet[i].ended_ns,
               naive[i].ended_ns);
}

static void
check_load (const RandomLoad *load, const WpFleetOptions *options)
{
  g_autoptr (WpFleet) fleet = NULL;
  g_autoptr (GError) error = NULL;
  WpRequestResult results[RANDOM_LOAD_MAX], naive[RANDOM_LOAD_MAX];
  guint servers[RANDOM_LOAD_MAX];
  RandomLoad queued;
  WpSummary summary, naive_figures;
  const char *differs;
  WpLayout layout;

  wp_policy_layout (&load->policy, &layout);
  fleet = wp_fleet_new (options, &layout, load->patience_ns);
  g_assert_true (wp_fleet_offer (fleet, load->rows, load->services_ns, NULL, load->n_rows, FALSE, results));
  wp_fleet_finish (fleet, &summary);
  wp_fleet_check (fleet, &error);
  g_assert_no_error (error);
  naive_fleet (load, options, servers, naive, &queued);
  check_results (load, options, servers, results, naive);
  naive_summary (&queued, servers, options->instances, naive, &naive_figures);
  differs = compare_figures (&summary, &naive_figures);
  if (differs)
    g_error ("%s, %u servers: %s is %.17g, naive %.17g", wp_balance_names[options->balance],
             options->instances, differs, wp_metric_value (wp_metric_find (differs), &summary),
             wp_metric_value (wp_metric_find (differs), &naive_figures));
}

/* A random load of a mode that a fleet has: Default has nothing to share. */
static void
make_load (RandomLoad *load, WpRandom *random)
{
  do
    random_load_make (load, random);
  while (load->policy.mode == WP_MODE_DEFAULT);
}

static void
test_equals_naive (gconstpointer data)
{
  WpFleetOptions options = { .balance = (WpBalance) GPOINTER_TO_UINT (data) };
  guint64 seed = g_test_rand_int ();
  WpRandom random;
  RandomLoad load;

  g_test_message ("seed %" G_GUINT64_FORMAT ", %d loads", seed, N_LOADS);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_LOADS; i++)
    {
      make_load (&load, &random);
      options.instances = 1 + (guint) wp_random_below (&random, MOST);
      options.seed = wp_random_next (&random);
      options.until_stored = load.policy.ack == WP_ACK_STORED;
      options.http_stage = (WpHttpStageOptions){ 0 };
      if (wp_random_below (&random, 3) == 0)
        {
          options.http_stage.time_ns = 1 + (gint64) wp_random_below (&random, 4);
          options.http_stage.threads = 1 + (guint) wp_random_below (&random, MOST_THREADS);
          load.patience_ns = WP_TIME_NONE; /* the naive twin's is the same for all */
        }
      check_load (&load, &options);
    }
}

/* Of a database that commits in groups; clients are patient. */
static void
naive_commits (const RandomLoad *load, const NaiveCommit *commit, const guint *servers, guint server,
               gsize n_rows, WpRequestResult *results, WpSummary *summary)
{
  WpRow rows[RANDOM_LOAD_MAX];
  WpRequestResult own[RANDOM_LOAD_MAX];
  gsize numbers[RANDOM_LOAD_MAX], n = 0;

  for (gsize i = 0; i < n_rows; i++)
    if (servers[i] == server)
      {
        rows[n] = load->rows[i];
        numbers[n++] = i;
      }
  wp_summary_init (summary);
  if (n > 0)
    naive_model_run_batch (&load->policy, WP_TIME_NONE, rows, commit, n, own, summary);
  for (gsize i = 0; i < n; i++)
    results[numbers[i]] = own[i];
}

static void
on_result (guint64 request, const WpRequestResult *result, gpointer data)
{
  if (result->outcome != WP_OUTCOME_NONE)
    ((WpRequestResult *) data)[request] = *result;
}

/* The naive twin is given the balancer's choices: with each choice, no other server has fewer open requests.
 * A later request may change the results of an earlier one, so that all servers are simulated up to each. */
static void
check_commits (const RandomLoad *load, const NaiveCommit *naive, const WpFleetOptions *options)
{
  WpCommitCost cost
      = { (double) naive->fixed_ns, (double) naive->row_ns, (double) naive->idle_ns, naive->most };
  g_autoptr (WpCommit) commit = wp_commit_new (&cost, NULL, 1, 1);
  g_autoptr (WpBulkFleet) fleet = NULL;
  g_autoptr (GError) error = NULL;
  WpRequestResult results[RANDOM_LOAD_MAX], of_naive[RANDOM_LOAD_MAX];
  guint servers[RANDOM_LOAD_MAX], n = options->instances;
  WpSummary summary, unused;
  WpLayout layout;
  double wait_ns = 0;

  wp_policy_layout (&load->policy, &layout);
  fleet = wp_bulk_fleet_new (options, &layout, commit, on_result, results);
  for (gsize i = 0; i < load->n_rows; i++)
    {
      g_assert_true (wp_bulk_fleet_offer (fleet, load->rows[i].arrival_ns));
      for (guint server = 0; server < n; server++)
        naive_commits (load, naive, servers, server, i, of_naive, &unused);
      servers[i] = options->balance == WP_BALANCE_ROUND_ROBIN ? (guint) (i % n)
                                                              : naive_least (load, servers, of_naive, i, n);
    }
  g_assert_true (wp_bulk_fleet_finish (fleet, &summary));
  wp_bulk_fleet_check (fleet, &error);
  g_assert_no_error (error);
  for (guint server = 0; server < n; server++)
    naive_commits (load, naive, servers, server, load->n_rows, of_naive, &unused);
  for (gsize i = 0; i < load->n_rows; i++)
    {
      wait_ns += (double) (of_naive[i].started_ns - load->rows[i].arrival_ns);
      if (!same_result (&results[i], &of_naive[i]))
        g_error ("%s, %u servers: row %" G_GSIZE_FORMAT " of server %u ended %" G_GINT64_FORMAT
                 ", naive %" G_GINT64_FORMAT,
                 wp_balance_names[options->balance], n, i, servers[i], results[i].ended_ns,
                 of_naive[i].ended_ns);
    }
  g_assert_cmpuint (summary.requests, ==, load->n_rows);
  g_assert_cmpfloat_with_epsilon (summary.wait.mean, wait_ns / (double) load->n_rows, 1e-6);
}

static void
test_commits_equal_naive (void)
{
  guint64 seed = g_test_rand_int ();
  WpRandom random;
  RandomLoad load;

  g_test_message ("seed %" G_GUINT64_FORMAT ", %d loads", seed, N_LOADS / 4);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_LOADS / 4; i++)
    {
      WpFleetOptions options = { .instances = 1 + (guint) wp_random_below (&random, MOST),
                                 .balance = i % 2 ? WP_BALANCE_LEAST : WP_BALANCE_ROUND_ROBIN };
      NaiveCommit commit
          = { 1 + (gint64) wp_random_below (&random, 20), (gint64) wp_random_below (&random, 4),
              (gint64) wp_random_below (&random, 3), 1 + (guint) wp_random_below (&random, 5) };

      make_load (&load, &random);
      load.patience_ns = load.policy.block_timeout_ns = WP_TIME_NONE;
      load.policy.when_full = WP_WHEN_FULL_BLOCK;
      options.until_stored = load.policy.ack == WP_ACK_STORED;
      check_commits (&load, &commit, &options);
    }
}

/* A client leaves that long after its arrival at its server: the HTTP thread has a share of it. */
static void
test_patience_counts_from_the_arrival (void)
{
  WpFleetOptions options = { .instances = 1, .http_stage = { 40, 1 } };
  WpLayout layout = { .queue_jobs = 1, .workers = 1, .block_timeout_ns = WP_TIME_NONE, .can_be_full = TRUE };
  g_autoptr (WpFleet) fleet = wp_fleet_new (&options, &layout, 200);
  WpRow rows[3] = { { .arrival_ns = 0 }, { .arrival_ns = 0 }, { .arrival_ns = 0 } };
  const gint64 services_ns[3] = { 1000, 1000, 1000 };
  WpHttpStageSummary stage;
  WpRequestResult results[3];
  WpSummary summary;

  g_assert_true (wp_fleet_offer (fleet, rows, services_ns, NULL, 3, FALSE, results));
  g_assert_cmpint (results[0].started_ns, ==, 40);
  g_assert_cmpint (results[1].accepted_ns, ==, 80);
  g_assert_cmpint (results[2].outcome, ==, WP_OUTCOME_ABANDONED);
  g_assert_cmpint (results[2].ended_ns, ==, 200);
  wp_fleet_finish (fleet, &summary);
  g_assert_true (wp_fleet_http_stage_summary (fleet, &stage));
  g_assert_cmpint (stage.wait.max, ==, 80);
  g_assert_cmpfloat (stage.utilisation, ==, 1);
}

/* The first rows warm up. */
static void
run_plain (WpModel *model, const RandomLoad *load, const gint64 *dispatches_ns, gsize warmup,
           WpSummary *summary)
{
  gsize n_rows = load->n_rows - warmup;

  g_assert_true (wp_model_warm_up (model, load->rows, load->services_ns, dispatches_ns, warmup, NULL));
  if (warmup > 0)
    wp_model_start_counting (model, load->rows[warmup].arrival_ns);
  g_assert_true (wp_model_offer_dispatched (model, load->rows + warmup, load->services_ns + warmup,
                                            dispatches_ns + warmup, n_rows, NULL));
  wp_model_finish (model, summary);
}

static void
run_fleet (WpFleet *fleet, const RandomLoad *load, const gint64 *dispatches_ns, gsize warmup,
           WpSummary *summary)
{
  g_autoptr (GError) error = NULL;
  gsize n_rows = load->n_rows - warmup;

  g_assert_true (wp_fleet_offer (fleet, load->rows, load->services_ns, dispatches_ns, warmup, TRUE, NULL));
  if (warmup > 0)
    wp_fleet_start_counting (fleet, load->rows[warmup].arrival_ns);
  g_assert_true (wp_fleet_offer (fleet, load->rows + warmup, load->services_ns + warmup,
                                 dispatches_ns + warmup, n_rows, FALSE, NULL));
  wp_fleet_finish (fleet, summary);
  wp_fleet_check (fleet, &error);
  g_assert_no_error (error);
}

/* Every figure, with a warm-up and dispatches too, to the last bit. */
static void
test_one_server_is_a_plain_model (void)
{
  guint64 seed = g_test_rand_int ();
  gint64 dispatches_ns[RANDOM_LOAD_MAX];
  WpRandom random;
  RandomLoad load;

  g_test_message ("seed %" G_GUINT64_FORMAT ", %d loads", seed, N_LOADS);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_LOADS; i++)
    {
      WpFleetOptions options = { .instances = 1, .balance = (WpBalance) (i % 3), .seed = i };
      g_autoptr (WpFleet) fleet = NULL;
      g_autoptr (WpModel) model = NULL;
      WpSummary one, plain;
      WpLayout layout;
      gsize warmup;

      make_load (&load, &random);
      for (gsize j = 0; j < load.n_rows; j++)
        dispatches_ns[j] = (gint64) wp_random_below (&random, 3);
      warmup = wp_random_below (&random, load.n_rows);
      wp_policy_layout (&load.policy, &layout);
      fleet = wp_fleet_new (&options, &layout, load.patience_ns);
      model = wp_model_new (&layout, load.patience_ns);
      run_fleet (fleet, &load, dispatches_ns, warmup, &one);
      run_plain (model, &load, dispatches_ns, warmup, &plain);
      g_assert_cmpstr (compare_figures (&one, &plain), ==, NULL);
    }
}

/* With a warm-up, the sums by the clock equal those over the requests. */
static void
test_warm_up_keeps_littles_law (void)
{
  gint64 no_dispatches_ns[RANDOM_LOAD_MAX] = { 0 };
  guint64 seed = g_test_rand_int ();
  WpRandom random;
  RandomLoad load;

  g_test_message ("seed %" G_GUINT64_FORMAT ", %d loads", seed, N_LOADS);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_LOADS; i++)
    {
      WpFleetOptions options = { .instances = 2 + i % 4, .balance = (WpBalance) (i % 3), .seed = i };
      g_autoptr (WpFleet) fleet = NULL;
      WpSummary summary;
      WpLayout layout;
      gsize warmup;

      make_load (&load, &random);
      warmup = wp_random_below (&random, load.n_rows);
      wp_policy_layout (&load.policy, &layout);
      fleet = wp_fleet_new (&options, &layout, load.patience_ns);
      run_fleet (fleet, &load, no_dispatches_ns, warmup, &summary);
      g_assert_cmpuint (summary.requests, ==, load.n_rows - warmup);
    }
}

#define N_DRAWN  1000000
#define MEAN_NS  1000000.0
#define N_SERVED 4 /* servers, with as many workers each */

/* The p99 of the wait, of Poisson traffic with 90 % of the capacity and exponential services. */
static double
wait_p99 (const WpFleetOptions *options, guint workers, guint queue_jobs)
{
  g_autoptr (WpFleet) fleet = NULL;
  WpPolicy policy;
  WpLayout layout;
  WpSummary summary;
  WpRandom random;
  double now_ns = 0;

  wp_policy_init (&policy, WP_MODE_WORKER_POOL);
  policy.workers = workers;
  policy.queue_jobs = queue_jobs;
  wp_policy_layout (&policy, &layout);
  fleet = wp_fleet_new (options, &layout, WP_TIME_NONE);
  wp_random_init (&random, 5, 0);
  for (guint i = 0; i < N_DRAWN; i++)
    {
      WpRow row = { .arrival_ns = (gint64) now_ns };
      gint64 service_ns = (gint64) (MEAN_NS * wp_random_exponential (&random));

      g_assert_true (wp_fleet_offer (fleet, &row, &service_ns, NULL, 1, FALSE, NULL));
      now_ns += MEAN_NS / (0.9 * N_SERVED * N_SERVED) * wp_random_exponential (&random);
    }
  wp_fleet_finish (fleet, &summary);

  return (double) summary.wait.p99;
}

/* Theory: p99 is ln (100 C) / (c - load) services with Erlang's C. That is 2.57 of the shared queue, M/M/16,
 * and 10.9 of servers that are chosen at random, M/M/4. Those in turn are E4/M/4, with a decay of 0.63 per
 * service; that of the fewest requests is of another simulation. */
static void
test_balances_differ_as_known (void)
{
  WpFleetOptions shared = { .instances = 1 },
                 least = { .instances = 4, .balance = WP_BALANCE_LEAST, .until_stored = TRUE },
                 in_turn = { .instances = 4, .balance = WP_BALANCE_ROUND_ROBIN },
                 random = { .instances = 4, .balance = WP_BALANCE_RANDOM, .seed = 1 };
  double one = wait_p99 (&shared, 16, 100), of_least = wait_p99 (&least, 4, 25) / one,
         of_turns = wait_p99 (&in_turn, 4, 25) / one, of_random = wait_p99 (&random, 4, 25) / one;

  g_test_message ("shared %.3g services; least %.3g, round robin %.3g, random %.3g times that", one / MEAN_NS,
                  of_least, of_turns, of_random);
  g_assert_cmpfloat_with_epsilon (one / MEAN_NS, 2.57, 0.1);
  g_assert_cmpfloat_with_epsilon (of_least, 1.15, 0.05);
  g_assert_cmpfloat_with_epsilon (of_turns, 2.65, 0.2);
  g_assert_cmpfloat_with_epsilon (of_random, 4.25, 0.3);
}

/* A balancer that is answered at acceptance sees empty servers, whatever waits in them. */
static void
test_least_sees_open_requests_only (void)
{
  WpFleetOptions accepted = { .instances = 4, .balance = WP_BALANCE_LEAST },
                 in_turn = { .instances = 4, .balance = WP_BALANCE_ROUND_ROBIN };

  g_assert_cmpfloat (wait_p99 (&accepted, 4, 1000), ==, wait_p99 (&in_turn, 4, 1000));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/fleet/round-robin", GUINT_TO_POINTER (WP_BALANCE_ROUND_ROBIN), test_equals_naive);
  g_test_add_data_func ("/fleet/random", GUINT_TO_POINTER (WP_BALANCE_RANDOM), test_equals_naive);
  g_test_add_data_func ("/fleet/least", GUINT_TO_POINTER (WP_BALANCE_LEAST), test_equals_naive);
  g_test_add_func ("/fleet/commits", test_commits_equal_naive);
  g_test_add_func ("/fleet/patience", test_patience_counts_from_the_arrival);
  g_test_add_func ("/fleet/one", test_one_server_is_a_plain_model);
  g_test_add_func ("/fleet/warm-up", test_warm_up_keeps_littles_law);
  g_test_add_func ("/fleet/balances", test_balances_differ_as_known);
  g_test_add_func ("/fleet/accepted", test_least_sees_open_requests_only);

  return g_test_run ();
}
