#include "sim/plot/wp-axis.h"

#include <math.h>
#include <string.h>

#include "sim/base/wp-time.h"

/* The least of 1, 2 and 5 times a power of ten that gives at most @max_steps. */
static double
choose_step (double most, guint max_steps, gboolean whole)
{
  static const double factors[] = { 1, 2, 5, 10 };
  double least = most / max_steps;
  double power = pow (10, floor (log10 (least)));

  if (whole && least < 1)
    return 1;
  for (guint i = 0; i < G_N_ELEMENTS (factors); i++)
    if (factors[i] * power >= least * (1 - 1e-9))
      return factors[i] * power;

  return 10 * power;
}

static void
set_ticks (WpAxis *self, double step)
{
  self->n_ticks = 0;
  for (guint i = 0; i < WP_AXIS_TICKS && i * step <= self->to * (1 + 1e-9); i++)
    self->ticks[self->n_ticks++] = i * step;
}

void
wp_axis_linear (WpAxis *self, double most, guint max_ticks, gboolean whole)
{
  double step = choose_step (most > 0 ? most : 1, max_ticks, whole);

  *self = (WpAxis){ .to = MAX (1, ceil (most / step * (1 - 1e-9))) * step };
  set_ticks (self, step);
}

#define MINUTE 60.0
#define HOUR   3600.0
#define DAY    86400.0

/* In seconds. */
static double
choose_time_step (double most, guint max_steps)
{
  static const double steps[]
      = { 1,           2,           5,           10,   15,       30,       MINUTE,   2 * MINUTE, 5 * MINUTE,
          10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,  DAY };
  double least = most / max_steps * (1 - 1e-9);

  if (least > steps[0] / 2)
    for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
      if (steps[i] >= least)
        return steps[i];

  return least > DAY ? choose_step (most / DAY, max_steps, TRUE) * DAY : choose_step (most, max_steps, FALSE);
}

void
wp_axis_until (WpAxis *self, gint64 most_ns, guint max_ticks)
{
  *self = (WpAxis){ .to = most_ns > 0 ? (double) most_ns / WP_NS_PER_S : 1 };
  set_ticks (self, choose_time_step (self->to, max_ticks));
}

/* The next tick of a logarithmic axis, in seconds. */
static double
next_time (double seconds)
{
  static const double ticks[] = { 10, MINUTE, 10 * MINUTE, HOUR, 10 * HOUR, DAY };

  for (guint i = 0; i + 1 < G_N_ELEMENTS (ticks); i++)
    if (seconds > ticks[i] * (1 - 1e-9) && seconds < ticks[i + 1] * (1 - 1e-9))
      return ticks[i + 1];
  if (seconds < 1) /* a product of powers would not stay exact */
    return pow (10, round (log10 (seconds)) + 1);

  return 10 * seconds;
}

void
wp_axis_log_time (WpAxis *self, double least, double most)
{
  double tick = pow (10, MIN (floor (log10 (least) + 1e-9), 1));

  while (next_time (tick) <= least * (1 + 1e-9))
    tick = next_time (tick);
  *self = (WpAxis){ .from = tick, .is_log = TRUE };
  do
    self->ticks[self->n_ticks++] = self->to = tick;
  while ((tick = next_time (tick)),
         (self->n_ticks < 2 || self->to < most * (1 - 1e-9)) && self->n_ticks < WP_AXIS_TICKS);
}

double
wp_axis_place (const WpAxis *self, double value)
{
  if (self->is_log)
    return value > 0 ? log (value / self->from) / log (self->to / self->from) : -INFINITY;

  return (value - self->from) / (self->to - self->from);
}

char *
wp_axis_number (char text[WP_AXIS_TEXT], double value)
{
  char digits[WP_AXIS_TEXT];
  gsize n, at = 0;

  if (value >= 1e7 || value < 1000)
    {
      g_snprintf (text, WP_AXIS_TEXT, "%.6g", value);
      return text;
    }
  n = (gsize) g_snprintf (digits, sizeof digits, "%.0f", value);
  for (gsize i = 0; i < n; i++)
    {
      if (i > 0 && (n - i) % 3 == 0)
        text[at++] = ',';
      text[at++] = digits[i];
    }
  text[at] = '\0';

  return text;
}

static const struct {
  const char *name;
  double seconds;
} units[] = { { "d", DAY },   { "h", HOUR },  { "min", MINUTE }, { "s", 1 },
              { "ms", 1e-3 }, { "us", 1e-6 }, { "ns", 1e-9 } };

#define SECONDS 3 /* in units: from here on one number says all */

char *
wp_axis_seconds (char text[WP_AXIS_TEXT], double seconds)
{
  double left = seconds;
  char number[WP_AXIS_TEXT];
  gsize length = 0;
  guint i = 0;

  if (seconds == 0)
    return strcpy (text, "0");
  for (; i < SECONDS && seconds >= 1; i++)
    {
      double whole = floor (left / units[i].seconds + 1e-9);

      left -= whole * units[i].seconds;
      if (whole > 0)
        length += (gsize) g_snprintf (text + length, WP_AXIS_TEXT - length, "%s%s %s", length > 0 ? " " : "",
                                      wp_axis_number (number, whole), units[i].name);
    }
  if (length > 0 && left < 1e-6) /* rounding */
    return text;
  while (i + 1 < G_N_ELEMENTS (units) && left < units[i].seconds * (1 - 1e-9))
    i++;
  g_snprintf (text + length, WP_AXIS_TEXT - length, "%s%s %s", length > 0 ? " " : "",
              wp_axis_number (number, left / units[i].seconds), units[i].name);

  return text;
}
