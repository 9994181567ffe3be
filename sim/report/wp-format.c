#include "sim/report/wp-format.h"

#include <math.h>
#include <string.h>

#define DIGITS     3  /* significant by default */
#define MAX_DIGITS 15 /* of a double */

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
  g_snprintf (cell, WP_FORMAT_CELL, "%.*f",
              value >= 99.95                  ? 0
              : value >= 9.995                ? 1
              : value >= 0.9995 || value == 0 ? 2
                                              : 3,
              value);

  return cell;
}

char *
wp_format_seconds (char *cell, double seconds)
{
  char buffer[WP_TIME_BUFFER];
  double ns = nearbyint (seconds * WP_NS_PER_S);

  g_strlcpy (cell, wp_time_format_people (buffer, ns < (double) G_MAXINT64 ? (gint64) ns : G_MAXINT64),
             WP_FORMAT_CELL);

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

/* @digits significant digits; times in seconds or less, as minutes would hide digits. */
static void
format_digits (char *cell, WpUnit unit, double value, int digits)
{
  static const struct {
    double scale;
    const char *name;
  } units[] = { { 1, " s" }, { 1e-3, " ms" }, { 1e-6, " us" }, { 1e-9, " ns" } };
  const char *suffix = unit == WP_UNIT_SHARE ? " %" : unit == WP_UNIT_RATE ? "/s" : "";
  double shown = unit == WP_UNIT_SHARE ? 100 * value : value;
  guint i = 0;

  if (unit == WP_UNIT_TIME)
    {
      while (i + 1 < G_N_ELEMENTS (units) && fabs (value) < units[i].scale)
        i++;
      shown = value / units[i].scale;
      suffix = units[i].name;
    }
  g_snprintf (cell, WP_FORMAT_CELL, "%.*f%s", MAX (0, digits - 1 - (int) floor (log10 (fabs (shown)))), shown,
              suffix);
}

static gboolean
is_apart (const char *cell, WpUnit unit, double value, double other, int digits)
{
  char text[WP_FORMAT_CELL];

  if (isnan (other) || other == value)
    return TRUE;
  if (digits <= DIGITS || other == 0 || isinf (other)) /* of which no digit is the first */
    wp_format_value (text, unit, other);
  else
    format_digits (text, unit, other, digits);

  return !g_str_equal (cell, text);
}

char *
wp_format_distinct (char *cell, WpUnit unit, double value, const double *others, guint n_others)
{
  wp_format_value (cell, unit, value);
  if (isnan (value) || isinf (value) || value == 0)
    return cell;
  for (guint i = 0, digits = DIGITS; i < n_others && digits < MAX_DIGITS;)
    {
      if (is_apart (cell, unit, value, others[i], (int) digits))
        i++;
      else
        {
          format_digits (cell, unit, value, (int) ++digits);
          i = 0;
        }
    }

  return cell;
}
