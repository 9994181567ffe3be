#include "sim/trace/wp-time-scale.h"

#include <math.h>

#include "sim/base/wp-error.h"

static gint64
round_time (long double ns)
{
  return fabsl (ns) < 0x1p63L ? llroundl (ns) : ns < 0 ? -G_MAXINT64 : G_MAXINT64;
}

gint64
wp_time_scale_arrival (gint64 arrival_ns, double scale)
{
  return scale == 1.0 ? arrival_ns : round_time ((long double) arrival_ns / scale);
}

gint64
wp_time_scale_service (gint64 service_ns, double service_scale)
{
  return service_scale == 1.0 || service_ns == WP_TIME_NONE
             ? service_ns
             : round_time ((long double) service_ns * service_scale);
}

static gboolean
subtract_origin (const WpTimeScale *self, gint64 *ns)
{
  return *ns == WP_TIME_NONE || (!__builtin_sub_overflow (*ns, self->origin_ns, ns) && *ns != WP_TIME_NONE);
}

static gboolean
fail_far (GError **error)
{
  return wp_fail (error, WP_ERROR_BAD_TRACE, "a time of more than 292 years from the first arrival");
}

static gboolean
scale_rows (const WpTimeScale *self, WpRow *rows, gsize n_rows, GError **error)
{
  for (gsize i = 0; i < n_rows; i++)
    {
      rows[i].arrival_ns = wp_time_scale_arrival (rows[i].arrival_ns, self->arrivals);
      rows[i].service_ns = wp_time_scale_service (rows[i].service_ns, self->services);
      if (rows[i].arrival_ns == G_MAXINT64 || rows[i].service_ns == G_MAXINT64)
        return wp_fail (error, WP_ERROR_BAD_TRACE, "a time of more than 292 years, once it is scaled");
    }

  return TRUE;
}

gboolean
wp_time_scale_rows (const WpTimeScale *self, WpRow *rows, gsize n_rows, GError **error)
{
  for (gsize i = 0; i < n_rows; i++)
    if (!subtract_origin (self, &rows[i].arrival_ns))
      return fail_far (error);
  if (self->has_measured)
    for (gsize i = 0; i < n_rows; i++)
      if (!subtract_origin (self, &rows[i].accepted_ns) || !subtract_origin (self, &rows[i].started_ns)
          || !subtract_origin (self, &rows[i].finished_ns) || !subtract_origin (self, &rows[i].ended_ns))
        return fail_far (error);

  return (self->arrivals == 1.0 && self->services == 1.0) || scale_rows (self, rows, n_rows, error);
}
