/* wp-in-flight.h - the most jobs that are in service at once, where none ever waits for another. */
#pragma once

#include <glib.h>

/**
 * WpInFlight:
 *
 * The ends of the jobs in service, in no order, and of some that have ended since: those are cleared away
 * only when there seem to be more than ever before. A job then costs a store and its share of the clearing: 2
 * ns, where the heap of WpServerTimes costs 15. Where nearly the most are in service all the time the share
 * is large: see wp_in_flight_is_dear().
 *
 * A plain value; all zero is empty.
 */
typedef struct {
  gint64 *ends;
  gsize n;    /* in service, or not yet cleared */
  gsize most; /* that were ever in service at once */
  gsize capacity;
  gint64 earliest;     /* no end is before it */
  guint64 looks, jobs; /* ends that were looked at in clearing, and jobs taken */
} WpInFlight;

void wp_in_flight_free_ends (WpInFlight *self);

/* Those that have ended by @now. */
void wp_in_flight_clear (WpInFlight *self, gint64 now);

void wp_in_flight_grow (WpInFlight *self); /* there is room for more than the most */

/* A job from @start to @end, in order of start. */
static inline void
wp_in_flight_take (WpInFlight *self, gint64 start, gint64 end)
{
  self->jobs++;
  if (self->n == self->most)
    {
      if (self->earliest <= start)
        wp_in_flight_clear (self, start);
      if (self->n == self->most && self->most++ == self->capacity)
        wp_in_flight_grow (self);
    }
  self->ends[self->n++] = end;
  self->earliest = MIN (self->earliest, end);
}

/* Whether a heap would have been cheaper so far. */
static inline gboolean
wp_in_flight_is_dear (const WpInFlight *self)
{
  return self->looks > 16 * self->jobs + (1 << 25); /* with some to begin with, for the way up */
}
