#include "sim/model/wp-model-private.h"

void
wp_model_leave_unbounded (WpModel *self)
{
  WpInFlight *in_flight = &self->in_flight;

  if (!self->is_unordered)
    return;
  self->is_unordered = FALSE;
  for (gsize i = 0; i < in_flight->most; i++)
    wp_server_times_add (&self->workers, i < in_flight->n ? in_flight->ends[i] : 0);
  wp_in_flight_free_ends (in_flight);
}

static gboolean
offer_one (WpModel *self, gint64 arrival_ns, gint64 service_ns)
{
  gint64 finished_ns;

  if (G_UNLIKELY (__builtin_add_overflow (arrival_ns, service_ns, &finished_ns)))
    return FALSE;
  wp_in_flight_take (&self->in_flight, arrival_ns, finished_ns);
  self->last_ns = MAX (self->last_ns, finished_ns);
  self->service_ns += (guint64) service_ns;
  wp_histogram_add_inline (self->response, service_ns, 1);

  return TRUE;
}

gboolean
wp_model_offer_unbounded (WpModel *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows)
{
  for (gsize i = 0; i < n_rows; i++)
    if (!offer_one (self, rows[i].arrival_ns, services_ns[i]))
      return FALSE;
  self->accepted += n_rows;
  self->entered_ns = rows[n_rows - 1].arrival_ns;
  if (wp_in_flight_is_dear (&self->in_flight))
    wp_model_leave_unbounded (self);

  return TRUE;
}
