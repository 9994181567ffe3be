#include "sim/stats/wp-histogram.h"

#include <math.h>

#include "sim/stats/wp-random.h"
#include "sim/base/wp-time.h"

static void
test_empty (void)
{
  g_autoptr (WpHistogram) histogram = wp_histogram_new ();

  wp_histogram_add (histogram, 5, 0);
  g_assert_cmpuint (wp_histogram_count (histogram), ==, 0);
  g_assert_true (isnan (wp_histogram_mean (histogram)));
  g_assert_cmpint (wp_histogram_max (histogram), ==, WP_TIME_NONE);
  g_assert_cmpint (wp_histogram_quantile (histogram, 0.5), ==, WP_TIME_NONE);
}

static void
test_small_values_are_exact (void)
{
  g_autoptr (WpHistogram) histogram = wp_histogram_new ();

  for (gint64 value = 0; value < 1024; value++)
    wp_histogram_add (histogram, value, 1);
  for (gint64 rank = 1; rank <= 1024; rank++)
    g_assert_cmpint (wp_histogram_quantile (histogram, (double) rank / 1024), ==, rank - 1);
  g_assert_cmpfloat (wp_histogram_mean (histogram), ==, 511.5);
}

static void
test_nearest_rank (void)
{
  g_autoptr (WpHistogram) histogram = wp_histogram_new ();

  for (gint64 value = 1; value <= 100; value++)
    wp_histogram_add (histogram, value, 1);
  for (gint64 percent = 1; percent <= 100; percent++)
    /* 0.07 * 100 is not 7 in binary */
    g_assert_cmpint (wp_histogram_quantile (histogram, (double) percent / 100), ==, percent);
  g_assert_cmpint (wp_histogram_quantile (histogram, 0.001), ==, 1);
  g_assert_cmpint (wp_histogram_quantile (histogram, 0.501), ==, 51);
}

static void
test_weights (void)
{
  g_autoptr (WpHistogram) histogram = wp_histogram_new ();

  wp_histogram_add (histogram, 10, 98);
  wp_histogram_add (histogram, 20, 2);
  g_assert_cmpuint (wp_histogram_count (histogram), ==, 100);
  g_assert_cmpfloat (wp_histogram_mean (histogram), ==, 10.2);
  g_assert_cmpint (wp_histogram_quantile (histogram, 0.98), ==, 10);
  g_assert_cmpint (wp_histogram_quantile (histogram, 0.99), ==, 20);
}

/* One value between two others is every percentile's own bucket: the result is within 0.1 % of it. */
static void
test_relative_error (void)
{
  guint32 seed = (guint32) g_test_rand_int ();
  WpRandom random;

  g_test_message ("seed %u", seed);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < 2000; i++)
    {
      g_autoptr (WpHistogram) histogram = wp_histogram_new ();
      gint64 value = (gint64) (wp_random_next (&random) >> (1 + wp_random_below (&random, 63)));
      gint64 found;

      wp_histogram_add (histogram, 0, 1);
      wp_histogram_add (histogram, value, 1);
      wp_histogram_add (histogram, G_MAXINT64, 1);
      found = wp_histogram_quantile (histogram, 0.5);
      g_assert_cmpfloat (fabs ((double) found - (double) value), <=, 0.001 * (double) value);
      g_assert_cmpint (wp_histogram_quantile (histogram, 1), ==, G_MAXINT64);
      g_assert_cmpint (wp_histogram_max (histogram), ==, G_MAXINT64);
    }
}

static void
test_large_sums_are_exact (void)
{
  g_autoptr (WpHistogram) histogram = wp_histogram_new ();

  wp_histogram_add (histogram, G_MAXINT64, 3); /* passes 64 bits */
  wp_histogram_add (histogram, G_MAXINT64, 5);
  g_assert_cmpfloat (wp_histogram_mean (histogram), ==, (double) G_MAXINT64);
  g_assert_cmpint (wp_histogram_quantile (histogram, 0.01), ==, G_MAXINT64);
}

static void
test_merge (void)
{
  g_autoptr (WpHistogram) one = wp_histogram_new ();
  g_autoptr (WpHistogram) two = wp_histogram_new ();
  g_autoptr (WpHistogram) empty = wp_histogram_new ();

  wp_histogram_add (one, 5, 1);
  wp_histogram_add (two, 3, 2);
  wp_histogram_add (two, 9, 1);
  wp_histogram_merge (one, two);
  wp_histogram_merge (one, empty);
  g_assert_cmpuint (wp_histogram_count (one), ==, 4);
  g_assert_cmpfloat (wp_histogram_mean (one), ==, 5);
  g_assert_cmpint (wp_histogram_quantile (one, 0.01), ==, 3);
  g_assert_cmpint (wp_histogram_max (one), ==, 9);
  g_assert_cmpint (wp_histogram_quantile (one, 0.5), ==, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/histogram/empty", test_empty);
  g_test_add_func ("/histogram/small-values-are-exact", test_small_values_are_exact);
  g_test_add_func ("/histogram/nearest-rank", test_nearest_rank);
  g_test_add_func ("/histogram/weights", test_weights);
  g_test_add_func ("/histogram/relative-error", test_relative_error);
  g_test_add_func ("/histogram/large-sums-are-exact", test_large_sums_are_exact);
  g_test_add_func ("/histogram/merge", test_merge);

  return g_test_run ();
}
