#include "sim/report/wp-format.h"

#include <math.h>
#include <string.h>

char *
wp_format_whole (char *cell, double value)
{
  char digits[WP_FORMAT_CELL];
  char *at = cell;
  gsize n = (gsize) g_snprintf (digits, sizeof digits, "%.0f", value);

  for (gsize i = 0; i < n; i++)
    {
      *at++ = digits[i];
      if ((n - i - 1) % 3 == 0 && i + 1 < n)
        *at++ = ',';
    }
  *at = '\0';

  return cell;
}

/* Three significant digits. */
char *
wp_format_number (char *cell, double value)
{
  if (value >= 999.5)
    return wp_format_whole (cell, value);
  g_snprintf (cell, WP_FORMAT_CELL, "%.*f", value >= 99.95 ? 0 : value >= 9.995 ? 1 : value >= 0.9995 || value == 0 ? 2 : 3, value);

  return cell;
}

char *
wp_format_seconds (char *cell, double seconds)
{
  char buffer[WP_TIME_BUFFER];
  double ns = nearbyint (seconds * WP_NS_PER_S);

  g_strlcpy (cell, wp_time_format_people (buffer, ns < (double) G_MAXINT64 ? (gint64) ns : G_MAXINT64), WP_FORMAT_CELL);

  return cell;
}

char *
wp_format_value (char *cell, WpUnit unit, double value)
{
  if (isnan (value))
    return strcpy (cell, "-");
  switch (unit)
    {
    case WP_UNIT_REQUESTS:
    case WP_UNIT_JOBS:
      return wp_format_whole (cell, value);
    case WP_UNIT_TIME:
      return wp_format_seconds (cell, value);
    case WP_UNIT_SHARE:
      return strcat (wp_format_number (cell, 100 * value), " %");
    case WP_UNIT_RATE:
      return strcat (wp_format_number (cell, value), "/s");
    case WP_UNIT_MEAN_JOBS:
    default:
      return wp_format_number (cell, value);
    }
}
