#include "sim/model/wp-step-ring.h"

#include <string.h>

#include "sim/base/wp-memory.h"

#define FIRST_CAPACITY 64

/* As wp_ring_grow(). */
void
wp_step_ring_grow (WpStepRing *self)
{
  gsize before = self->steps ? self->mask + 1 : 0;
  gsize capacity = before > 0 ? 2 * before : FIRST_CAPACITY;
  gsize first = self->head & self->mask;

  self->steps = g_renew (guint32, self->steps, capacity);
  wp_memory_use_large_pages (self->steps, capacity * sizeof *self->steps);
  if (first + self->length > before)
    memcpy (self->steps + before, self->steps, (first + self->length - before) * sizeof *self->steps);
  self->mask = capacity - 1;
  self->head = first;
}

void
wp_step_ring_clear (WpStepRing *self)
{
  g_free (self->steps);
  wp_ring_clear (&self->far);
  *self = (WpStepRing) { 0 };
}
