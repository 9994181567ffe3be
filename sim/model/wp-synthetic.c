#include "sim/model/wp-synthetic.h"

#include "sim/model/wp-arrivals.h"
#include "sim/trace/wp-time-scale.h"

typedef struct {
  WpArrivals *arrivals;
  double scale;
} Source;

static gsize
next (gpointer source, gint64 *arrivals_ns, gsize most)
{
  Source *self = source;
  gsize n = wp_arrivals_next (self->arrivals, arrivals_ns, most);

  if (self->scale != 1.0)
    for (gsize i = 0; i < n; i++)
      arrivals_ns[i] = wp_time_scale_arrival (arrivals_ns[i], self->scale);

  return n;
}

static double
progress (gpointer source)
{
  return wp_arrivals_progress (((Source *) source)->arrivals);
}

static void
drop (gpointer source)
{
  Source *self = source;

  wp_arrivals_free (self->arrivals);
  g_free (self);
}

WpTrace *
wp_synthetic_open (const char *spec, guint64 seed, double scale, guint64 limit_rows, GError **error)
{
  static const WpTraceSource functions = { next, progress, drop };
  WpArrivals *arrivals = wp_arrivals_new (spec, seed, limit_rows > 0, error);
  Source *self;

  if (!arrivals)
    return NULL;
  self = g_new (Source, 1);
  *self = (Source){ arrivals, scale };

  return wp_trace_new_drawn (spec, &functions, self, limit_rows);
}
