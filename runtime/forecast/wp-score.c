#include "runtime/forecast/wp-score.h"

#include <math.h>

#define MEMORY 30

void
wp_score_predict (WpScore *self, gint64 due_ns, double predicted, double persistent)
{
  guint slot = (self->head + self->n_pending) % WP_SCORE_PENDING;

  if (self->n_pending == WP_SCORE_PENDING)
    return;
  self->pending[slot].due_ns = due_ns;
  self->pending[slot].predicted = predicted;
  self->pending[slot].persistent = persistent;
  self->n_pending++;
}

void
wp_score_observe (WpScore *self, gint64 now_ns, double actual)
{
  for (; self->n_pending > 0 && self->pending[self->head].due_ns <= now_ns; self->n_pending--)
    {
      double weight;

      self->outcomes++;
      weight = 1.0 / (double) MIN (self->outcomes, MEMORY);
      self->error += weight * (fabs (self->pending[self->head].predicted - actual) - self->error);
      self->persistent_error
          += weight * (fabs (self->pending[self->head].persistent - actual) - self->persistent_error);
      self->head = (self->head + 1) % WP_SCORE_PENDING;
    }
}

double
wp_score_error (const WpScore *self)
{
  return self->outcomes < WP_SCORE_LEAST ? NAN : self->error;
}

double
wp_score_skill (const WpScore *self)
{
  if (self->outcomes < WP_SCORE_LEAST || self->persistent_error == 0)
    return NAN;
  return 1 - self->error / self->persistent_error;
}
