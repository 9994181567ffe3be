#include "sim/model/wp-in-flight.h"

#define FIRST_CAPACITY 16

void
wp_in_flight_free_ends (WpInFlight *self)
{
  g_clear_pointer (&self->ends, g_free);
  self->n = self->capacity = 0;
}

void
wp_in_flight_clear (WpInFlight *self, gint64 now)
{
  gint64 earliest = G_MAXINT64;
  gsize kept = 0;

  self->looks += self->n;
  for (gsize i = 0; i < self->n; i++)
    {
      gint64 end = self->ends[i];

      self->ends[kept] = end; /* written over unless kept: no branch, which would be a coin's toss */
      kept += end > now;
      earliest = MIN (earliest, end > now ? end : G_MAXINT64);
    }
  self->n = kept;
  self->earliest = earliest;
}

void
wp_in_flight_grow (WpInFlight *self)
{
  self->capacity = MAX (FIRST_CAPACITY, 2 * self->capacity);
  self->ends = g_renew (gint64, self->ends, self->capacity);
}
