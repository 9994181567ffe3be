#include "runtime/forecast/wp-capacity.h"

#include <libintl.h>
#include <math.h>

#include "sim/base/wp-policy.h"

#define LEAST_REQUESTS 50
#define MOST_ERROR     0.3  /* the rate and the service are not known well enough */
#define MOST_USED      0.95 /* utilisation at which workers suffice */
#define LOOK_AHEAD_S   300  /* a growth is not extrapolated further, */
#define PLAN_AHEAD_S   60   /* and the workers needed are those for so long */
#define LONGEST_FULL_S 3600 /* without growth */

/* Jobs per second that @workers can do. */
static double
capacity_of (const WpOfferedLoad *load, const WpCapacitySystem *system, guint workers)
{
  guint rows = MIN (workers, system->most_rows);

  if (workers == WP_UNBOUNDED)
    return INFINITY;
  if (system->commits)
    return rows / (system->commit_s + rows * system->row_s);
  return workers / load->service_s;
}

/* The least number of workers that can do @rate; 0: none can. */
static guint
workers_for (const WpOfferedLoad *load, const WpCapacitySystem *system, double rate)
{
  double left_s = MOST_USED - rate * system->row_s, workers;

  if (!system->commits)
    workers = ceil (rate * load->service_s / MOST_USED - 1e-9);
  else if (left_s <= 0)
    return 0;
  else
    workers = ceil (rate * system->commit_s / left_s - 1e-9);
  if (workers >= G_MAXINT || (system->commits && workers > system->most_rows))
    return 0;
  return MAX (1, (guint) workers);
}

static double
relative_error (const WpOfferedLoad *load, const WpCapacitySystem *system)
{
  double service_error = system->commits ? 0 : load->service_error;

  return 2 * hypot (load->rate_error, service_error);
}

/* When a fluid queue of @room free places is full, at @excess jobs per second that grow. */
static double
fill_time (double room, double excess, double growth)
{
  double drained_s = 0;

  if (growth <= 0)
    return excess > 0 ? room / excess : INFINITY;
  if (excess < 0)
    {
      drained_s = -excess / growth;
      excess = 0;
    }
  return drained_s + (sqrt (excess * excess + 2 * growth * room) - excess) / growth;
}

static double
full_in (const WpOfferedLoad *load, const WpCapacitySystem *system, double capacity, double error)
{
  double queued = (double) system->queued, drains, t_s;

  if (system->parked > 0 || (system->queue_jobs > 0 && queued >= system->queue_jobs))
    return load->rate > capacity ? 0 : NAN;
  if (load->growth <= 0 && load->rate * (1 - error) <= capacity)
    return NAN;
  /* until a growing rate reaches the capacity the queue drains */
  drains = MAX (0, capacity - load->rate);
  if (load->growth > 0)
    queued = MAX (0, queued - drains * drains / (2 * load->growth));
  t_s = fill_time (system->queue_jobs - queued, load->rate - capacity, load->growth);

  return t_s <= (load->growth > 0 ? LOOK_AHEAD_S : LONGEST_FULL_S) ? t_s : NAN;
}

void
wp_capacity_judge (WpCapacity *self, const WpOfferedLoad *load, const WpCapacitySystem *system)
{
  double error = relative_error (load, system), high = load->rate * (1 + error),
         capacity = capacity_of (load, system, system->workers), full_in_s = NAN;
  gboolean too_few;

  *self = (WpCapacity){ WP_CAPACITY_UNKNOWN, 0, NAN, NAN };
  if (load->requests < LEAST_REQUESTS || !(system->commits ? system->commit_s > 0 : load->service_s > 0))
    return;
  if (system->workers != WP_UNBOUNDED)
    full_in_s = full_in (load, system, capacity, error);
  too_few = load->rate * (1 - error) > capacity || !isnan (full_in_s);
  if (!too_few && high > capacity && error > MOST_ERROR)
    return;
  self->verdict = too_few ? WP_CAPACITY_TOO_FEW : WP_CAPACITY_HOLDS;
  self->full_in_s = full_in_s;
  if (system->workers != WP_UNBOUNDED)
    self->holds_up_to = capacity / load->rate;
  self->workers_needed = workers_for (load, system, high + MAX (0, load->growth) * PLAN_AHEAD_S);
  if (too_few && self->workers_needed > 0 && system->workers != WP_UNBOUNDED)
    self->workers_needed = MAX (self->workers_needed, system->workers + 1);
}

const char *
wp_capacity_verdict_name (WpCapacityVerdict verdict)
{
  static const char *const names[] = { "unknown", "holds", "too_few" };

  return names[verdict];
}

static void
add_too_few (GString *text, const WpCapacity *self, const WpCapacitySystem *system)
{
  g_string_append_printf (text, ngettext ("%u worker is too few", "%u workers are too few", system->workers),
                          system->workers);
  if (self->workers_needed == 0)
    g_string_append (text, ", and the database is too slow for more");
  else
    g_string_append_printf (text, ngettext (", %u suffices", ", %u suffice", self->workers_needed),
                            self->workers_needed);
  if (self->full_in_s == 0)
    g_string_append (text, "; the queue is full");
  else if (!isnan (self->full_in_s))
    g_string_append_printf (text, "; at this traffic: full in %.0f s", self->full_in_s);
}

static void
add_holds (GString *text, const WpCapacity *self, const WpCapacitySystem *system)
{
  if (system->workers == WP_UNBOUNDED)
    g_string_append_printf (text,
                            ngettext ("%u worker would do this traffic", "%u workers would do this traffic",
                                      self->workers_needed),
                            self->workers_needed);
  else if (self->holds_up_to < 1.05)
    g_string_append_printf (text,
                            ngettext ("%u worker is just enough for this traffic",
                                      "%u workers are just enough for this traffic", system->workers),
                            system->workers);
  else
    g_string_append_printf (text,
                            ngettext ("%u worker holds up to %.1fx this traffic",
                                      "%u workers hold up to %.1fx this traffic", system->workers),
                            system->workers, floor (self->holds_up_to * 10) / 10);
}

char *
wp_capacity_headline (const WpCapacity *self, const WpCapacitySystem *system)
{
  GString *text = g_string_new (NULL);

  switch (self->verdict)
    {
    case WP_CAPACITY_UNKNOWN:
      g_string_append (text, "The traffic of the last minutes is too little or too uneven for a verdict");
      break;
    case WP_CAPACITY_TOO_FEW:
      add_too_few (text, self, system);
      break;
    case WP_CAPACITY_HOLDS:
      add_holds (text, self, system);
      break;
    }
  return g_string_free (text, FALSE);
}
