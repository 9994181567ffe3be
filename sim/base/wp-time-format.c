/* Times as text, and the clock. */
#include "sim/base/wp-time.h"

#include <string.h>
#include <time.h>

static char *
put_digits (char *at, guint64 value, int n)
{
  for (int i = n - 1; i >= 0; i--, value /= 10)
    at[i] = (char) ('0' + value % 10);

  return at + n;
}

const char *
wp_time_format_seconds (char buffer[WP_TIME_BUFFER], gint64 ns)
{
  guint64 size = ns < 0 ? -(guint64) ns : (guint64) ns;
  guint64 seconds = size / (guint64) WP_NS_PER_S;
  char *at = buffer;
  int n_digits = 1;

  if (ns == WP_TIME_NONE)
    {
      *at = '\0';
      return buffer;
    }
  if (ns < 0)
    *at++ = '-';
  for (guint64 rest = seconds / 10; rest > 0; rest /= 10)
    n_digits++;
  at = put_digits (at, seconds, n_digits);
  *at++ = '.';
  at = put_digits (at, size % (guint64) WP_NS_PER_S, 9);
  *at = '\0';

  return buffer;
}

/* Under a minute, @ns already rounded to three digits. */
static void
format_short (char *at, gsize size, guint64 ns)
{
  static const char *const names[] = { "ns", "us", "ms", "s" };
  guint64 unit_ns = 1;
  guint unit = 0;
  int decimals;

  for (; unit < 3 && ns >= unit_ns * 1000; unit++)
    unit_ns *= 1000;
  decimals = unit == 0 || ns >= 100 * unit_ns ? 0 : ns >= 10 * unit_ns ? 1 : 2;
  if (decimals == 0)
    g_snprintf (at, size, "%" G_GUINT64_FORMAT " %s", ns / unit_ns, names[unit]);
  else
    g_snprintf (at, size, "%" G_GUINT64_FORMAT ".%0*u %s", ns / unit_ns, decimals,
                (guint) (ns % unit_ns / (unit_ns / (decimals == 1 ? 10 : 100))), names[unit]);
}

static void
format_long (char *at, gsize size, guint64 ns)
{
  guint64 seconds = (ns + 500000000) / 1000000000;
  guint64 minutes = (seconds + 30) / 60;
  guint64 hours = (minutes + 30) / 60;

  if (seconds < 3600)
    g_snprintf (at, size, "%u min %u s", (guint) (seconds / 60), (guint) (seconds % 60));
  else if (minutes < 24 * 60)
    g_snprintf (at, size, "%u h %u min", (guint) (minutes / 60), (guint) (minutes % 60));
  else
    g_snprintf (at, size, "%u d %u h", (guint) (hours / 24), (guint) (hours % 24));
}

const char *
wp_time_format_people (char buffer[WP_TIME_BUFFER], gint64 ns)
{
  guint64 size = ns < 0 ? -(guint64) ns : (guint64) ns;
  guint64 rounded, step = 1;
  char *at = buffer;

  if (ns == WP_TIME_NONE || ns == 0)
    return strcpy (buffer, ns == 0 ? "0 s" : "-");
  if (ns < 0)
    *at++ = '-';
  while (size / step >= 1000)
    step *= 10;
  rounded = (size + step / 2) / step * step;
  if (rounded < 60000000000)
    format_short (at, WP_TIME_BUFFER - 1, rounded);
  else
    format_long (at, WP_TIME_BUFFER - 1, size);

  return buffer;
}

gint64
wp_time_monotonic (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);

  return now.tv_sec * WP_NS_PER_S + now.tv_nsec;
}
