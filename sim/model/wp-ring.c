#include "sim/model/wp-ring.h"

#define FIRST_CAPACITY 64

void
wp_ring_grow (WpRing *self)
{
  gsize capacity = self->times ? 2 * (self->mask + 1) : FIRST_CAPACITY;
  gint64 *times = g_new (gint64, capacity);

  for (gsize i = 0; i < self->length; i++)
    times[i] = self->times[(self->head + i) & self->mask];
  g_free (self->times);
  self->times = times;
  self->mask = capacity - 1;
  self->head = 0;
}

void
wp_ring_clear (WpRing *self)
{
  g_free (self->times);
  *self = (WpRing) { 0 };
}
