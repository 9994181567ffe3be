/* The cost of a commit: from one record, and from several at other loads. */
#include "sim/model/wp-commit.h"

#define LIGHT_COST                                                                                           \
  {                                                                                                          \
    500e3, 20e3, 300e3, WP_COMMIT_MAX                                                                        \
  }
#define HEAVY_COST                                                                                           \
  {                                                                                                          \
    300e3, 10e3, 100e3, WP_COMMIT_MAX                                                                        \
  }

/* A commit of 2 rows takes 540 us at 1,000 rows per second, 320 us at 3,000. */
static WpCommit *
of_two_loads (double scale)
{
  const WpCommitLoad loads[] = { { 3000, HEAVY_COST, NULL }, { 1000, LIGHT_COST, NULL } };

  return wp_commit_new_for_loads (loads, G_N_ELEMENTS (loads), scale, 1);
}

/* So many rows are handed over, evenly, for 5 s from @from_s on. */
static void
hand_over (const WpCommit *commit, WpCommitDraws *draws, double from_s, double rows_per_s)
{
  for (guint i = 0; i < 5 * rows_per_s; i++)
    wp_commit_count_row (commit, draws, (gint64) ((from_s + i / rows_per_s) * 1e9));
}

static void
assert_near (gint64 ns, double expected_us)
{
  g_assert_cmpfloat (ABS ((double) ns / 1e3 - expected_us), <=, 0.02 * expected_us);
}

static void
test_one_load (void)
{
  const WpCommitCost cost = LIGHT_COST;
  g_autoptr (WpCommit) commit = wp_commit_new (&cost, NULL, 1, 1);
  WpCommitDraws draws;

  wp_commit_restart (commit, &draws);
  g_assert_cmpint (wp_commit_draw (commit, &draws, 2), ==, 540000);
  hand_over (commit, &draws, 0, 3000);
  g_assert_cmpint (wp_commit_draw (commit, &draws, 2), ==, 540000);
  g_assert_cmpint (wp_commit_idle_delay (commit, &draws), ==, 300000);
}

static void
test_interpolates_between_loads (void)
{
  static const struct {
    double rows_per_s, commit_us, idle_us;
  } steps[] = {
    { 1000, 540, 300 }, { 2000, 430, 200 }, { 3000, 320, 100 },
    { 9000, 320, 100 }, { 200, 540, 300 },  { 1500, 485, 250 },
  };
  g_autoptr (WpCommit) commit = of_two_loads (1);
  WpCommitDraws draws;

  wp_commit_restart (commit, &draws);
  /* before anything has come, as at the lightest */
  g_assert_cmpint (wp_commit_draw (commit, &draws, 2), ==, 540000);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      hand_over (commit, &draws, 10 * i, steps[i].rows_per_s);
      assert_near (wp_commit_draw (commit, &draws, 2), steps[i].commit_us);
      assert_near (wp_commit_idle_delay (commit, &draws), steps[i].idle_us);
    }
}

/* In a world of half the speed the same rows are twice the load. */
static void
test_scaled (void)
{
  g_autoptr (WpCommit) commit = of_two_loads (2);
  WpCommitDraws draws;

  wp_commit_restart (commit, &draws);
  hand_over (commit, &draws, 0, 1000);
  assert_near (wp_commit_draw (commit, &draws, 2), 2 * 430);
}

/* Each load has the spread of its own record, and the nearest is taken. */
static void
test_spread_of_nearest_load (void)
{
  const gint64 light_ns = 7000, heavy_ns = -3000;
  g_autoptr (GArray) light = g_array_new (FALSE, FALSE, sizeof (gint64)),
                     heavy = g_array_new (FALSE, FALSE, sizeof (gint64));
  WpCommitLoad loads[]
      = { { 1000, { 500e3, 0, 0, WP_COMMIT_MAX }, light }, { 3000, { 500e3, 0, 0, WP_COMMIT_MAX }, heavy } };
  g_autoptr (WpCommit) commit = NULL;
  WpCommitDraws draws;

  g_array_append_val (light, light_ns);
  for (guint i = 0; i < 3; i++)
    g_array_append_val (heavy, heavy_ns);
  commit = wp_commit_new_for_loads (loads, G_N_ELEMENTS (loads), 1, 1);
  wp_commit_restart (commit, &draws);
  for (guint i = 0; i < 20; i++)
    {
      hand_over (commit, &draws, 20 * i, 1500);
      g_assert_cmpint (wp_commit_draw (commit, &draws, 1), ==, 507000);
      hand_over (commit, &draws, 20 * i + 10, 2500);
      g_assert_cmpint (wp_commit_draw (commit, &draws, 1), ==, 497000);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/commit/one-load", test_one_load);
  g_test_add_func ("/commit/interpolates-between-loads", test_interpolates_between_loads);
  g_test_add_func ("/commit/scaled", test_scaled);
  g_test_add_func ("/commit/spread-of-nearest-load", test_spread_of_nearest_load);

  return g_test_run ();
}
