/* wp-ring.h - FIFOs in ring buffers that double when full. */
#pragma once

#include <glib.h>

/**
 * WP_DEFINE_RING:
 * Defines @Ring, a FIFO of @Item, and its inline functions. A ring is a plain value; all zero is empty.
 * ring_front() and ring_pop() need a length > 0, ring_at() an i < length, from 0 at the front. ring_clear()
 * frees the memory and leaves an empty ring.
 */
#define WP_DEFINE_RING(Ring, ring, Item)                                                                     \
  typedef struct {                                                                                           \
    Item *items;                                                                                             \
    gsize mask; /* capacity - 1; capacity is a power of two */                                               \
    gsize head; /* never wraps; the slot is head & mask */                                                   \
    gsize length;                                                                                            \
  } Ring;                                                                                                    \
                                                                                                             \
  G_GNUC_UNUSED static inline Item ring##_at (const Ring *self, gsize i)                                     \
  {                                                                                                          \
    return self->items[(self->head + i) & self->mask];                                                       \
  }                                                                                                          \
                                                                                                             \
  G_GNUC_UNUSED static inline Item ring##_front (const Ring *self)                                           \
  {                                                                                                          \
    return self->items[self->head & self->mask];                                                             \
  }                                                                                                          \
                                                                                                             \
  G_GNUC_UNUSED static inline Item ring##_pop (Ring *self)                                                   \
  {                                                                                                          \
    self->length--;                                                                                          \
    return self->items[self->head++ & self->mask];                                                           \
  }                                                                                                          \
                                                                                                             \
  G_GNUC_UNUSED G_NO_INLINE static void ring##_grow (Ring *self)                                             \
  {                                                                                                          \
    self->items = wp_ring_double (self->items, sizeof (Item), &self->mask, &self->head, self->length);       \
  }                                                                                                          \
                                                                                                             \
  G_GNUC_UNUSED static inline void ring##_push (Ring *self, Item item)                                       \
  {                                                                                                          \
    if (G_UNLIKELY (self->items == NULL || self->length > self->mask))                                       \
      ring##_grow (self);                                                                                    \
    self->items[(self->head + self->length++) & self->mask] = item;                                          \
  }                                                                                                          \
                                                                                                             \
  G_GNUC_UNUSED static inline void ring##_clear (Ring *self)                                                 \
  {                                                                                                          \
    g_free (self->items);                                                                                    \
    *self = (Ring){ 0 };                                                                                     \
  }

/* Doubles @slots (nullable: none yet) of @slot_bytes each, in place if the allocator can. The wrapped part
 * moves behind the old end. Returns the slots. */
gpointer wp_ring_double (gpointer slots, gsize slot_bytes, gsize *mask, gsize *head, gsize length);

WP_DEFINE_RING (WpRing, wp_ring, gint64) /* of times */
WP_DEFINE_RING (WpSteps, wp_steps, guint32)

/* Moves the last time, of others that do not decrease, to where it belongs. */
static inline void
wp_ring_sort_last (WpRing *self)
{
  for (gsize i = self->length - 1; i > 0 && wp_ring_at (self, i - 1) > wp_ring_at (self, i); i--)
    {
      gint64 *earlier = &self->items[(self->head + i - 1) & self->mask];
      gint64 *later = &self->items[(self->head + i) & self->mask];
      gint64 time = *earlier;

      *earlier = *later;
      *later = time;
    }
}

/* A FIFO of times that do not decrease, stored as 4-byte differences. A plain value; all zero is empty. It
 * saves the first touch of memory: 1 s for 500 MB, measured on a virtual machine in 2026. */
typedef struct {
  WpSteps steps;      /* to the previous time; WP_STEP_FAR: the time is in far */
  gint64 front, back; /* valid if steps.length > 0 */
  WpRing far;
} WpStepRing;

#define WP_STEP_FAR G_MAXUINT32

static inline void
wp_step_ring_pop (WpStepRing *self) /* steps.length > 0 */
{
  guint32 step;

  wp_steps_pop (&self->steps);
  if (self->steps.length == 0)
    return;
  step = wp_steps_front (&self->steps);
  if (G_LIKELY (step != WP_STEP_FAR))
    self->front += step;
  else
    self->front = wp_ring_pop (&self->far);
}

static inline void
wp_step_ring_push (WpStepRing *self, gint64 time) /* time >= back if steps.length > 0 */
{
  guint64 step = self->steps.length > 0 ? (guint64) time - (guint64) self->back : 0;

  if (G_UNLIKELY (step >= WP_STEP_FAR))
    {
      wp_ring_push (&self->far, time);
      step = WP_STEP_FAR;
    }
  if (self->steps.length == 0)
    self->front = time;
  self->back = time;
  wp_steps_push (&self->steps, (guint32) step);
}

static inline void
wp_step_ring_clear (WpStepRing *self)
{
  wp_steps_clear (&self->steps);
  wp_ring_clear (&self->far);
}
