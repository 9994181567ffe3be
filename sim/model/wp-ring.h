/* wp-ring.h - FIFOs, each in a ring that grows to the longest line it ever held, and no further than twice
 * that. */
#pragma once

#include <glib.h>

/**
 * WP_DEFINE_RING:
 *
 * Defines @Ring, a FIFO of @Item, and its functions: inline, for the model's loop. It is a plain value; all
 * zero is empty. ring_front() and ring_pop() need a length > 0, ring_at() an i < length, from 0 at the front.
 * ring_clear() frees; the ring is empty then, and usable again.
 */
#define WP_DEFINE_RING(Ring, ring, Item)                                                                     \
  typedef struct {                                                                                           \
    Item *items;                                                                                             \
    gsize mask; /* capacity - 1; capacity is a power of two */                                               \
    gsize head; /* counts up for ever; the slot is head & mask */                                            \
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

/* For rings: doubles @slots (nullable: none yet) of @slot_bytes each in place, where the allocator can, so
 * that a long line is not copied. What had begun anew at the front goes behind what was the end. Returns: the
 * slots. */
gpointer wp_ring_double (gpointer slots, gsize slot_bytes, gsize *mask, gsize *head, gsize length);

WP_DEFINE_RING (WpRing, wp_ring, gint64) /* of times */
WP_DEFINE_RING (WpSteps, wp_steps, guint32)

/* A FIFO of times that never decrease, at 4 bytes each: the steps between them. A plain value; all zero is
 * empty. Memory that is touched for the first time costs more than what is counted in it: a second for 500 MB
 * on a virtual machine, measured in 2026. */
typedef struct {
  WpSteps steps;      /* from the one before; WP_STEP_FAR: the time is in far */
  gint64 front, back; /* where steps.length > 0 */
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
wp_step_ring_push (WpStepRing *self, gint64 time) /* time >= back, where steps.length > 0 */
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
