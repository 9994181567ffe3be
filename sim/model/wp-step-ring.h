/* wp-step-ring.h - a FIFO of times that never decrease, at 4 bytes each: the steps between them. */
#pragma once

#include "sim/model/wp-ring.h"

/* A plain value; all zero is empty. Memory that is touched for the first time costs more than what is counted in it: a second for 500 MB
 * on a virtual machine, measured in 2026. */
typedef struct {
  guint32 *steps;          /* from the one before; WP_STEP_FAR: the time is in far */
  gsize mask;              /* capacity - 1; capacity is a power of two */
  gsize head;              /* counts up for ever; the slot is head & mask */
  gsize length;
  gint64 front, back;      /* where length > 0 */
  WpRing far;
} WpStepRing;

#define WP_STEP_FAR G_MAXUINT32

void wp_step_ring_grow (WpStepRing *self);
void wp_step_ring_clear (WpStepRing *self);   /* frees; the ring is empty and usable again */

static inline void
wp_step_ring_pop (WpStepRing *self)           /* length > 0 */
{
  guint32 step;

  self->head++;
  if (--self->length == 0)
    return;
  step = self->steps[self->head & self->mask];
  if (G_LIKELY (step != WP_STEP_FAR))
    {
      self->front += step;
      return;
    }
  self->front = wp_ring_front (&self->far);
  wp_ring_pop (&self->far);
}

static inline void
wp_step_ring_push (WpStepRing *self, gint64 time)   /* time >= back, where length > 0 */
{
  guint64 step = self->length > 0 ? (guint64) time - (guint64) self->back : 0;

  if (G_UNLIKELY (self->steps == NULL || self->length > self->mask))
    wp_step_ring_grow (self);
  if (G_UNLIKELY (step >= WP_STEP_FAR))
    {
      wp_ring_push (&self->far, time);
      step = WP_STEP_FAR;
    }
  if (self->length == 0)
    self->front = time;
  self->back = time;
  self->steps[(self->head + self->length++) & self->mask] = (guint32) step;
}
