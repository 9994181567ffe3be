#include "runtime/replay/wp-drawn-traffic.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/model/wp-service-time.h"
#include "sim/model/wp-synthetic.h"

gboolean
wp_drawn_traffic_is_requested (const WpDrawnTraffic *self)
{
  return self->rate > 0 || self->ramp || self->arrivals || self->clients > 0;
}

gboolean
wp_drawn_traffic_check (const WpDrawnTraffic *self, guint64 limit_rows, GError **error)
{
  gboolean is_whole = self->arrivals && strchr (self->arrivals, ':');
  const char *wrong = NULL;

  if (self->think && self->clients == 0)
    wrong = "--think needs --clients";
  else if (wp_service_time_is_batch (self->think) || wp_service_time_is_batch (self->service))
    wrong = "batch: is for the database of wp-sim: give --service and --think a time, or a distribution";
  else if (!wp_drawn_traffic_is_requested (self))
    wrong = self->duration_ns > 0
                ? "--duration is of traffic that is drawn: give --rate, --ramp, --arrivals or --clients, too"
            : self->service
                ? "--service is of traffic that is drawn: give --rate, --ramp, --arrivals or --clients, too"
                : NULL;
  else if (self->clients > 0 && (self->rate > 0 || self->ramp || self->arrivals))
    wrong = "--clients send when they have a response: leave out --rate, --ramp and --arrivals";
  else if (self->clients > 0 && self->duration_ns == 0 && limit_rows == 0)
    wrong = "--clients needs --duration, or --limit";
  else if (self->clients > 0)
    return TRUE;
  else if (self->ramp && self->rate > 0)
    wrong = "--ramp and --rate: give one of them";
  else if (is_whole && (self->ramp || self->rate > 0))
    wrong = "--arrivals has the rate already: leave out --rate and --ramp";
  else if (self->arrivals && !is_whole && !self->ramp && self->rate == 0)
    wrong = "--arrivals needs --rate";
  else if (self->ramp && self->duration_ns == 0)
    wrong = "--ramp needs --duration";
  else if (self->ramp && !strchr (self->ramp, ':'))
    wrong = "--ramp: two rates are needed, R1:R2, such as 5:50";
  else if (!is_whole && self->duration_ns == 0 && limit_rows == 0)
    wrong = "--rate needs --duration, or --limit";
  if (wrong)
    g_set_error_literal (error, WP_ERROR, WP_ERROR_USAGE, wrong);

  return !wrong;
}

/* As wp_arrivals_new() takes it. */
static char *
make_spec (const WpDrawnTraffic *self)
{
  GString *spec = g_string_new (self->arrivals ? self->arrivals : "poisson");
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  if (self->ramp)
    g_string_append_printf (spec, ":rate=%s", self->ramp);
  else if (self->rate > 0)
    g_string_append_printf (spec, ":rate=%s", g_ascii_dtostr (number, sizeof number, self->rate));
  if (self->duration_ns > 0 && self->duration_ns % WP_NS_PER_S == 0)
    g_string_append_printf (spec, ",duration=%" G_GINT64_FORMAT "s", self->duration_ns / WP_NS_PER_S);
  else if (self->duration_ns > 0)
    g_string_append_printf (spec, ",duration=%" G_GINT64_FORMAT "ns", self->duration_ns);

  return g_string_free (spec, FALSE);
}

WpTrace *
wp_drawn_traffic_open (const WpDrawnTraffic *self, double scale, guint64 limit_rows, GError **error)
{
  g_autofree char *spec = make_spec (self);
  WpTrace *trace = wp_synthetic_open (spec, self->seed, scale, limit_rows, error);

  if (!trace)
    g_prefix_error (error, "%s: ", self->ramp ? "--ramp" : self->rate > 0 ? "--rate" : "--arrivals");
  return trace;
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
