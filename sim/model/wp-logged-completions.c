#include "sim/model/wp-logged-completions.h"

#include <math.h>

#include "sim/model/wp-logged-sample.h"

#define MIN_GROUP   8    /* fewer are too few to decide */
#define LEAST_LEFT  0.8  /* of the completions for each second of a request */
#define LEAST_RISE  4.0  /* standard deviations */
#define LEAST_SHOWN 0.4  /* of the number in the system, at completions over its mean */
#define LEAST_VARY  0.02 /* standard deviation of the number in the system, of its mean */

static void
add_window (WpLoggedCompletions *self, const WpLoggedWindow *window, guint32 median)
{
  g_autofree gint64 *departures = wp_logged_window_departures (window);
  gint64 now = window->arrivals[0];
  guint arrived = 0, gone = 0, before = 0, edge = wp_logged_window_edge (window);

  while (arrived < window->n)
    {
      gboolean departs = gone < arrived && departures[gone] <= window->arrivals[arrived];
      gint64 next = departs ? departures[gone] : window->arrivals[arrived];
      guint in_system = arrived - gone;

      before = next > now ? in_system : before; /* all of a stamp leave what was there before it */
      if (arrived > window->first + edge && arrived < window->end - edge)
        {
          double ns = (double) (next - now);

          self->request_ns[before > median] += in_system * ns;
          self->completions[before > median] += departs;
          self->ns += ns;
          self->in_system_ns += in_system * ns;
          self->squares_ns += (double) in_system * in_system * ns;
          self->in_system += departs ? before : 0;
        }
      now = next;
      if (departs)
        gone++;
      else
        arrived++;
    }
}

void
wp_logged_completions_init (WpLoggedCompletions *self, const WpLoggedSearch *log, guint32 median)
{
  *self = (WpLoggedCompletions){ 0 };
  for (guint i = 0; i < log->n_windows; i++)
    add_window (self, &log->windows[i], median);
}

static double
mean_in_system (const WpLoggedCompletions *self)
{
  return self->in_system_ns / self->ns;
}

static double
variance_in_system (const WpLoggedCompletions *self)
{
  return self->squares_ns / self->ns - mean_in_system (self) * mean_in_system (self);
}

gboolean
wp_logged_completions_vary (const WpLoggedCompletions *self)
{
  double least = LEAST_VARY * mean_in_system (self);

  return variance_in_system (self) > least * least;
}

gboolean
wp_logged_completions_fall (const WpLoggedCompletions *self)
{
  if (self->completions[1] < MIN_GROUP || !(self->completions[0] > 0))
    return FALSE;

  return self->completions[1] / self->request_ns[1] < LEAST_LEFT * self->completions[0] / self->request_ns[0];
}

/* If completions did not depend on the number in the system, its sum over them, less its mean, would be a
 * martingale, with this standard deviation. Where each in the system is as likely to be completed, it is the
 * number's variance over its mean; regular completions of busy workers, between which the number rises, give
 * up to a half. */
gboolean
wp_logged_completions_rise (const WpLoggedCompletions *self)
{
  double n = self->completions[0] + self->completions[1];
  double more = self->in_system / n - mean_in_system (self);
  double if_nobody_waits = variance_in_system (self) / mean_in_system (self);

  return wp_logged_completions_vary (self) && if_nobody_waits > LEAST_SHOWN && more > if_nobody_waits / 2
         && more > LEAST_RISE * sqrt (variance_in_system (self) / n);
}
