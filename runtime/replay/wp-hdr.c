#include "runtime/replay/wp-hdr.h"

#include <math.h>

#define TICKS_PER_HALF 5
#define MS             ((double) WP_NS_PER_MS)

static void
append_rows (GString *text, const WpHistogram *latency)
{
  guint64 count = wp_histogram_count (latency), n_up_to = 0;
  double level = 0; /* percentile / 100 */

  while (n_up_to < count && level < 1)
    {
      /* the smallest value of all has percentile 0 */
      gint64 value = wp_histogram_quantile (latency, MAX (level, 0.5 / (double) count));
      double half = pow (2, floor (log2 (1 / (1 - level))) + 1);

      n_up_to = count - wp_histogram_count_above (latency, value);
      if (n_up_to < count)
        g_string_append_printf (text, "%12.3f %2.12f %10" G_GUINT64_FORMAT " %14.2f\n", (double) value / MS,
                                level, n_up_to, 1 / (1 - level));
      level += 1 / (TICKS_PER_HALF * half);
    }
  if (count > 0)
    g_string_append_printf (text, "%12.3f %2.12f %10" G_GUINT64_FORMAT "\n",
                            (double) wp_histogram_max (latency) / MS, 1.0, count);
}

gboolean
wp_hdr_write (WpAtomicFile *file, const WpTally *tally, GError **error)
{
  const WpHistogram *latency = wp_tally_latency (tally);
  g_autoptr (GString) text = g_string_new ("       Value     Percentile TotalCount 1/(1-Percentile)\n\n");
  gboolean is_empty = wp_histogram_count (latency) == 0;

  append_rows (text, latency);
  g_string_append_printf (text, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n",
                          is_empty ? 0 : wp_histogram_mean (latency) / MS,
                          wp_tally_latency_deviation (tally) / MS);
  g_string_append_printf (text, "#[Max     = %12.3f, Total count    = %12" G_GUINT64_FORMAT "]\n",
                          is_empty ? 0 : (double) wp_histogram_max (latency) / MS,
                          wp_histogram_count (latency));

  return wp_atomic_file_write (file, text->str, text->len, error) && wp_atomic_file_commit (file, error);
}
