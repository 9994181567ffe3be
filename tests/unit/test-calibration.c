/* Calibration from a record: the costs that it was made with, and whether its database commits in groups. */
#include "sim/model/wp-bulk-service.h"
#include "sim/model/wp-calibration.h"

#include <math.h>

#include "sim/base/wp-error.h"

#define N_ROWS 20000

static WpRow rows[N_ROWS];

static void
on_told (guint64 request, const WpRequestResult *result, gpointer data)
{
  rows[request].accepted_ns = result->accepted_ns;
  rows[request].started_ns = result->started_ns;
  rows[request].finished_ns = result->finished_ns;
}

/* A record of Poisson traffic by a server of @workers; @late_ns is drawn from for each commit. */
static void
record_groups (guint workers, double rate, const WpCommitCost *cost, GArray *late_ns)
{
  g_autoptr (WpCommit) commit = wp_commit_new (cost, late_ns, 1, 3);
  g_autoptr (WpBulkService) server = NULL;
  WpSummary summary;
  WpRandom random;
  WpPolicy policy;
  WpLayout layout;
  double now_ns = 0;

  wp_policy_init (&policy, WP_MODE_WORKER_POOL);
  policy.workers = workers;
  wp_policy_layout (&policy, &layout);
  server = wp_bulk_service_new (&layout, WP_TIME_NONE, commit, on_told, NULL);
  wp_random_init (&random, 5, 0);
  for (guint i = 0; i < N_ROWS; i++)
    {
      rows[i] = (WpRow){ .arrival_ns = (gint64) now_ns, .bytes = -1, .blocked = -1 };
      g_assert_true (wp_bulk_service_offer (server, rows[i].arrival_ns));
      now_ns -= 1e9 / rate * log (1 - wp_random_uniform (&random));
    }
  g_assert_true (wp_bulk_service_finish (server, &summary));
}

static void
assert_near (double value, double expected, double share)
{
  g_assert_cmpfloat (fabs (value - expected), <=, share * expected);
}

static void
test_exact_costs (void)
{
  const WpCommitCost cost = { 200e3, 10e3, 50e3, WP_COMMIT_MAX };
  g_autoptr (WpCalibration) self = NULL;
  g_autoptr (GError) error = NULL;

  record_groups (64, 4000, &cost, NULL);
  self = wp_calibration_new ("r.csv", rows, N_ROWS, &error);
  g_assert_no_error (error);
  g_assert_true (self->in_groups);
  g_assert_cmpuint (self->n_updates, ==, N_ROWS);
  g_assert_cmpuint (self->most_seen, >, 3);
  assert_near (self->cost.fixed_ns, cost.fixed_ns, 1e-3);
  assert_near (self->cost.row_ns, cost.row_ns, 1e-3);
  assert_near (self->cost.idle_ns, cost.idle_ns, 1e-3);
  g_assert_cmpint (self->off_p99_ns, <=, 1000);
  g_assert_cmpfloat (self->r2, >, 0.999);
}

/* Slow commits, one in fifty, do not tilt the costs, and are all in the spread. */
static void
test_outliers (void)
{
  const WpCommitCost cost = { 200e3, 10e3, 50e3, WP_COMMIT_MAX };
  g_autoptr (GArray) late_ns = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (WpCalibration) self = NULL;
  WpRandom random;
  double slow = 0;

  wp_random_init (&random, 9, 0);
  for (guint i = 0; i < 5000; i++)
    {
      gint64 ns = i % 50 == 0 ? 8000000 : (gint64) (20e3 * wp_random_normal (&random));

      g_array_append_val (late_ns, ns);
    }
  record_groups (64, 2000, &cost, late_ns);
  self = wp_calibration_new ("r.csv", rows, N_ROWS, NULL);
  assert_near (self->cost.fixed_ns, cost.fixed_ns, 0.03);
  assert_near (self->cost.row_ns, cost.row_ns, 0.1);
  assert_near (self->cost.idle_ns, cost.idle_ns, 0.1);
  for (guint i = 0; i < self->late_ns->len; i++)
    slow += g_array_index (self->late_ns, gint64, i) > 7000000;
  assert_near (slow / self->late_ns->len, 0.02, 0.15);
}

/* One worker: no commit has two rows, and the cost of a row is part of the fixed cost. */
static void
test_one_worker (void)
{
  const WpCommitCost cost = { 200e3, 10e3, 50e3, WP_COMMIT_MAX };
  g_autoptr (WpCalibration) self = NULL;

  record_groups (1, 2000, &cost, NULL);
  self = wp_calibration_new ("r.csv", rows, N_ROWS, NULL);
  g_assert_false (self->in_groups);
  g_assert_cmpuint (self->n_left, ==, 0);
  g_assert_cmpuint (self->most_seen, ==, 1);
  assert_near (self->cost.fixed_ns, 210e3, 1e-3);
  assert_near (self->cost.idle_ns, 50e3, 1e-3);
  g_assert_cmpfloat (self->cost.row_ns, ==, 0);
}

/* More rows wait than one commit takes: the rest is no sign against group commit. */
static void
test_full_commits (void)
{
  const WpCommitCost cost = { 200e3, 10e3, 50e3, WP_COMMIT_MAX };
  g_autoptr (WpCalibration) self = NULL;

  record_groups (5000, 500000, &cost, NULL);
  self = wp_calibration_new ("r.csv", rows, N_ROWS, NULL);
  g_assert_cmpuint (self->most_seen, ==, WP_COMMIT_MAX);
  g_assert_true (self->in_groups);
  assert_near (self->cost.row_ns, cost.row_ns, 1e-3);
}

/* Updates that run side by side, each for as long as it needs: no writer that takes all. */
static void
test_no_groups (void)
{
  g_autoptr (WpCalibration) self = NULL;
  WpRandom random;
  double now_ns = 0;

  wp_random_init (&random, 5, 0);
  for (guint i = 0; i < N_ROWS; i++)
    {
      gint64 arrival_ns = (gint64) now_ns;

      rows[i] = (WpRow){ .arrival_ns = arrival_ns,
                         .started_ns = arrival_ns,
                         .finished_ns = arrival_ns + (gint64) (1e6 * wp_random_uniform (&random)) };
      now_ns += 500e3 * wp_random_uniform (&random);
    }
  self = wp_calibration_new ("r.csv", rows, N_ROWS, NULL);
  g_assert_false (self->in_groups);
  g_assert_cmpuint (self->n_left, >, self->n_taken);
  assert_near (self->service_mean_ns, 500e3, 0.02);
}

static void
test_no_usable_rows (void)
{
  g_autoptr (GError) error = NULL;

  rows[0] = (WpRow){ .started_ns = WP_TIME_NONE, .finished_ns = WP_TIME_NONE };
  g_assert_null (wp_calibration_new ("r.csv", rows, 1, &error));
  g_assert_error (error, WP_ERROR, WP_ERROR_BAD_TRACE);
  g_assert_cmpstr (error->message, ==,
                   "r.csv: no row has both \"started\" and \"finished\": it is not a record of wp-server");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/calibration/exact-costs", test_exact_costs);
  g_test_add_func ("/calibration/outliers", test_outliers);
  g_test_add_func ("/calibration/one-worker", test_one_worker);
  g_test_add_func ("/calibration/full-commits", test_full_commits);
  g_test_add_func ("/calibration/no-groups", test_no_groups);
  g_test_add_func ("/calibration/no-usable-rows", test_no_usable_rows);

  return g_test_run ();
}
