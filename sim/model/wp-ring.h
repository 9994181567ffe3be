/* wp-ring.h - a FIFO of times that grows to the longest line it ever held, and no further than twice that. */
#pragma once

#include <glib.h>

/* A plain value; all zero is empty. The functions are inline, for the model's loop. */
typedef struct {
  gint64 *times;
  gsize mask;     /* capacity - 1; capacity is a power of two */
  gsize head;     /* counts up for ever; the slot is head & mask */
  gsize length;
} WpRing;

/* For rings: doubles @slots (nullable: none yet) of @slot_bytes each in place, where the allocator can, so that a long line is not copied. What
 * had begun anew at the front goes behind what was the end. Returns: the slots. */
gpointer wp_ring_double (gpointer slots, gsize slot_bytes, gsize *mask, gsize *head, gsize length);

void wp_ring_grow (WpRing *self);
void wp_ring_clear (WpRing *self);   /* frees; the ring is empty and usable again */

static inline gint64
wp_ring_front (const WpRing *self)   /* length > 0 */
{
  return self->times[self->head & self->mask];
}

static inline gint64
wp_ring_at (const WpRing *self, gsize i)   /* the i-th from the front, from 0; i < length */
{
  return self->times[(self->head + i) & self->mask];
}

static inline void
wp_ring_pop (WpRing *self)           /* length > 0 */
{
  self->head++;
  self->length--;
}

static inline void
wp_ring_push (WpRing *self, gint64 time)
{
  if (G_UNLIKELY (self->times == NULL || self->length > self->mask))
    wp_ring_grow (self);
  self->times[(self->head + self->length++) & self->mask] = time;
}
