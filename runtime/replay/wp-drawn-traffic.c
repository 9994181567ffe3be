#include "runtime/replay/wp-drawn-traffic.h"

#include <math.h>
#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/model/wp-arrivals.h"
#include "sim/model/wp-service-time.h"
#include "sim/trace/wp-time-scale.h"

typedef struct {
  WpArrivals *arrivals;
  double scale;
  double from, growth; /* of the rate: requests/s at first, and per second; growth 0: as the arrivals come */
  double mean;         /* of the rate */
} Source;

gboolean
wp_drawn_traffic_is_asked (const WpDrawnTraffic *self)
{
  return self->rate > 0 || self->ramp || self->arrivals;
}

static gboolean
parse_ramp (WpDrawnTraffic *self, GError **error)
{
  g_auto (GStrv) rates = g_strsplit (self->ramp, ":", -1);

  if (g_strv_length (rates) == 2 && wp_options_parse_positive (rates[0], &self->ramp_from, NULL)
      && wp_options_parse_positive (rates[1], &self->ramp_to, NULL))
    return TRUE;
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "--ramp: \"%s\" is not two rates such as 50:500",
               self->ramp);
  return FALSE;
}

gboolean
wp_drawn_traffic_check (WpDrawnTraffic *self, guint64 limit_rows, GError **error)
{
  gboolean is_whole = self->arrivals && strchr (self->arrivals, ':');
  const char *wrong = NULL;

  if (!wp_drawn_traffic_is_asked (self))
    wrong = self->duration_ns > 0
                ? "--duration is of traffic that is drawn: give --rate, --ramp or --arrivals, too"
            : self->service ? "--service is of traffic that is drawn: give --rate, --ramp or --arrivals, too"
                            : NULL;
  else if (self->ramp && self->rate > 0)
    wrong = "--ramp and --rate: give one of them";
  else if (is_whole && (self->ramp || self->rate > 0))
    wrong = "--arrivals has the rate already: leave out --rate and --ramp";
  else if (self->arrivals && !is_whole && !self->ramp && self->rate == 0)
    wrong = "--arrivals needs --rate";
  else if (self->ramp && self->duration_ns == 0)
    wrong = "--ramp needs --duration";
  else if (!is_whole && self->duration_ns == 0 && limit_rows == 0)
    wrong = "--rate needs --duration, or --limit";
  if (wrong)
    g_set_error_literal (error, WP_ERROR, WP_ERROR_USAGE, wrong);

  return !wrong && (!self->ramp || parse_ramp (self, error));
}

/* As wp_arrivals_new() takes it. */
static char *
make_spec (const WpDrawnTraffic *self)
{
  GString *spec = g_string_new (self->arrivals ? self->arrivals : "poisson");
  double rate = self->ramp ? (self->ramp_from + self->ramp_to) / 2 : self->rate;
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  if (rate > 0)
    g_string_append_printf (spec, ":rate=%s", g_ascii_dtostr (number, sizeof number, rate));
  if (self->duration_ns > 0 && self->duration_ns % WP_NS_PER_S == 0)
    g_string_append_printf (spec, ",duration=%" G_GINT64_FORMAT "s", self->duration_ns / WP_NS_PER_S);
  else if (self->duration_ns > 0)
    g_string_append_printf (spec, ",duration=%" G_GINT64_FORMAT "ns", self->duration_ns);

  return g_string_free (spec, FALSE);
}

/* When a rate that rises has brought as many requests as its mean brings until @ns: from t + growth t²/2 =
 * mean ns, solved for t without a difference of near numbers. */
static gint64
warp (const Source *self, gint64 ns)
{
  double n = self->mean * ((double) ns / (double) WP_NS_PER_S);

  return (gint64) (2 * n / (self->from + sqrt (self->from * self->from + 2 * self->growth * n))
                   * (double) WP_NS_PER_S);
}

static gsize
next (gpointer source, gint64 *arrivals_ns, gsize most)
{
  Source *self = source;
  gsize n = wp_arrivals_next (self->arrivals, arrivals_ns, most);

  for (gsize i = 0; i < n; i++)
    {
      if (self->growth != 0)
        arrivals_ns[i] = warp (self, arrivals_ns[i]);
      arrivals_ns[i] = wp_time_scale_arrival (arrivals_ns[i], self->scale);
    }
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
wp_drawn_traffic_open (const WpDrawnTraffic *self, double scale, guint64 limit_rows, GError **error)
{
  static const WpTraceSource functions = { next, progress, drop };
  g_autofree char *spec = make_spec (self);
  WpArrivals *arrivals = wp_arrivals_new (spec, self->seed, limit_rows > 0, error);
  double duration_s = (double) self->duration_ns / (double) WP_NS_PER_S;
  Source *source;

  if (!arrivals)
    return NULL;
  source = g_new0 (Source, 1);
  source->arrivals = arrivals;
  source->scale = scale;
  source->from = self->ramp_from;
  source->mean = (self->ramp_from + self->ramp_to) / 2;
  source->growth = self->ramp ? (self->ramp_to - self->ramp_from) / duration_s : 0;

  return wp_trace_new_drawn (spec, &functions, source, limit_rows);
}

gboolean
wp_drawn_traffic_fill (const WpDrawnTraffic *self, double service_scale, WpRow *rows, gsize n_rows,
                       GError **error)
{
  g_autoptr (WpServiceTime) service
      = self->service ? wp_service_time_new (self->service, service_scale, TRUE, self->seed, error) : NULL;

  if (service)
    for (gsize i = 0; i < n_rows; i++)
      wp_service_time_draw (service, &rows[i].service_ns, 1);
  return service || !self->service;
}
