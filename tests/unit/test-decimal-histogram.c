#include "runtime/queue/wp-decimal-histogram.h"

#include "sim/stats/wp-random.h"

static const WpDecimalHistogram nothing;

/* Every bound, and its neighbours. */
static void
test_bounds_are_inclusive (void)
{
  g_autofree WpDecimalHistogram *histogram = g_new0 (WpDecimalHistogram, 1);

  for (guint i = 0; i < WP_DECIMAL_BOUNDS; i++)
    {
      guint64 bound = wp_decimal_bounds[i], n = wp_decimal_histogram_count (histogram, i);
      guint64 n_below = i > 0 ? wp_decimal_histogram_count (histogram, i - 1) : 0;

      wp_decimal_histogram_add (histogram, bound);
      g_assert_cmpuint (wp_decimal_histogram_count (histogram, i), ==, n + 1);
      if (i > 0)
        g_assert_cmpuint (wp_decimal_histogram_count (histogram, i - 1), ==, n_below);
      wp_decimal_histogram_add (histogram, bound + 1);
      g_assert_cmpuint (wp_decimal_histogram_count (histogram, i), ==, n + 1);
      g_assert_cmpuint (wp_decimal_histogram_count (histogram, i + 1), ==, n + 2);
    }
  g_assert_cmpuint (wp_decimal_bounds[WP_DECIMAL_BOUNDS - 1], ==, G_GUINT64_CONSTANT (1000000000000));
  wp_decimal_histogram_add (histogram, G_MAXUINT64 / 2);
  wp_decimal_histogram_add (histogram, 0);
  g_assert_cmpuint (wp_decimal_histogram_count (histogram, 0), ==, 2);
  g_assert_cmpuint (wp_decimal_histogram_count (histogram, WP_DECIMAL_BOUNDS), ==, 2 * WP_DECIMAL_BOUNDS + 2);
}

/* A value alone is all percentiles, and sums are exact. */
static void
test_within_two_and_a_half_percent (void)
{
  guint64 seed = g_test_rand_int ();
  WpRandom random;

  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree WpDecimalHistogram *histogram = g_new0 (WpDecimalHistogram, 1);
      guint64 value = 2 + wp_random_below (&random, G_GUINT64_CONSTANT (1) << (1 + i % 39));
      double median;

      wp_decimal_histogram_add (histogram, value);
      median = wp_decimal_histogram_quantile (histogram, &nothing, 0.5);
      g_assert_cmpfloat (ABS (median - (double) value), <=, 0.025 * (double) value + 1);
      g_assert_cmpfloat (wp_decimal_histogram_quantile (histogram, &nothing, 0.99), ==, median);
      g_assert_cmpuint (histogram->sum, ==, value);
    }
}

static void
test_nearest_rank (void)
{
  g_autofree WpDecimalHistogram *histogram = g_new0 (WpDecimalHistogram, 1),
                                *before = g_new0 (WpDecimalHistogram, 1);

  g_assert_cmpfloat (wp_decimal_histogram_quantile (histogram, &nothing, 0.5), ==, -1);
  for (guint i = 0; i < 1000; i++)
    wp_decimal_histogram_add (histogram, 500000);
  wp_decimal_histogram_copy (before, histogram);
  g_assert_cmpfloat (wp_decimal_histogram_quantile (histogram, before, 0.5), ==, -1);
  for (guint i = 0; i < 94; i++)
    wp_decimal_histogram_add (histogram, 0);
  wp_decimal_histogram_add (histogram, 100);
  for (guint i = 0; i < 5; i++)
    wp_decimal_histogram_add (histogram, 10000);
  g_assert_cmpfloat (wp_decimal_histogram_quantile (histogram, before, 0.94), ==, 0);
  g_assert_cmpfloat_with_epsilon (wp_decimal_histogram_quantile (histogram, before, 0.95), 100, 3);
  g_assert_cmpfloat_with_epsilon (wp_decimal_histogram_quantile (histogram, before, 0.96), 10000, 250);
  g_assert_cmpfloat_with_epsilon (wp_decimal_histogram_quantile (histogram, &nothing, 0.5), 500000, 12500);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/decimal-histogram/bounds-are-inclusive", test_bounds_are_inclusive);
  g_test_add_func ("/decimal-histogram/within-two-and-a-half-percent", test_within_two_and_a_half_percent);
  g_test_add_func ("/decimal-histogram/nearest-rank", test_nearest_rank);

  return g_test_run ();
}
