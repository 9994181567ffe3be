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

void
wp_axis_until (WpAxis *self, double most, guint max_ticks)
{
  *self = (WpAxis){ .to = most > 0 ? most : 1 };
  set_ticks (self, choose_step (self->to, max_ticks, FALSE));
}

void
wp_axis_log (WpAxis *self, double least, double most)
{
  int first = (int) floor (log10 (least) + 1e-9), last = MAX ((int) ceil (log10 (most) - 1e-9), first + 1);
  int step = (last - first) / WP_AXIS_TICKS + 1;

  *self = (WpAxis){ .from = pow (10, first), .to = pow (10, last), .is_log = TRUE };
  for (int i = first; i <= last; i += step)
    self->ticks[self->n_ticks++] = pow (10, i);
}

double
wp_axis_place (const WpAxis *self, double value)
{
  if (self->is_log)
    return value > 0 ? log (value / self->from) / log (self->to / self->from) : -INFINITY;

  return (value - self->from) / (self->to - self->from);
}

static const struct {
  const char *name;
  double ns;
  double until;
} units[] = { { "ns", 1, 1e3 },          { "us", 1e3, 1e6 },          { "ms", 1e6, 1e9 },
              { "s", 1e9, 300e9 },       { "min", 60e9, 5 * 3600e9 }, { "h", 3600e9, 5 * 86400e9 },
              { "d", 86400e9, INFINITY } };

double
wp_axis_time_unit (gint64 most_ns, const char **name)
{
  guint i = 0;

  while ((double) most_ns >= units[i].until)
    i++;
  *name = units[i].name;

  return units[i].ns;
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

char *
wp_axis_seconds (char text[WP_AXIS_TEXT], double seconds)
{
  char number[WP_AXIS_TEXT];
  double ns = seconds * WP_NS_PER_S * (1 + 1e-9);
  guint i = 0;

  while (i + 1 < 4 && ns >= units[i + 1].ns) /* powers of ten stay so up to the second */
    i++;
  g_snprintf (text, WP_AXIS_TEXT, "%s %s", wp_axis_number (number, seconds * WP_NS_PER_S / units[i].ns),
              units[i].name);

  return text;
}
