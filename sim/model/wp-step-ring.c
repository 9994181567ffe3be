#include "sim/model/wp-step-ring.h"

void
wp_step_ring_grow (WpStepRing *self)
{
  self->steps = wp_ring_double (self->steps, sizeof *self->steps, &self->mask, &self->head, self->length);
}

void
wp_step_ring_clear (WpStepRing *self)
{
  g_free (self->steps);
  wp_ring_clear (&self->far);
  *self = (WpStepRing) { 0 };
}
