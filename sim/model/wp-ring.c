#include "sim/model/wp-ring.h"

#include <string.h>

#include "sim/base/wp-memory.h"

#define FIRST_CAPACITY 64

/* In place, where the allocator can: a long line is not copied. What had begun anew at the front goes behind what was the end. */
void
wp_ring_grow (WpRing *self)
{
  gsize before = self->times ? self->mask + 1 : 0;
  gsize capacity = before > 0 ? 2 * before : FIRST_CAPACITY;
  gsize first = self->head & self->mask;

  self->times = g_renew (gint64, self->times, capacity);
  wp_memory_use_large_pages (self->times, capacity * sizeof *self->times);
  if (first + self->length > before)
    memcpy (self->times + before, self->times, (first + self->length - before) * sizeof *self->times);
  self->mask = capacity - 1;
  self->head = first;
}

void
wp_ring_clear (WpRing *self)
{
  g_free (self->times);
  *self = (WpRing) { 0 };
}
