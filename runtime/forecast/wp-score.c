#include "runtime/forecast/wp-score.h"

#include <math.h>

#define MEMORY 40
#define SIGMAS 2

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
wp_score_forget_pending (WpScore *self)
{
  self->n_pending = 0;
}

static void
add_outcome (WpScore *self, double error, double persistent_error)
{
  double weight, gain = persistent_error - error, before = self->persistent_error - self->error;

  self->outcomes++;
  weight = 1.0 / (double) MIN (self->outcomes, MEMORY);
  self->error += weight * (error - self->error);
  self->persistent_error += weight * (persistent_error - self->persistent_error);
  self->variance
      += weight * ((gain - before) * (gain - (self->persistent_error - self->error)) - self->variance);
}

void
wp_score_observe (WpScore *self, gint64 now_ns, double actual)
{
  self->due = NAN;
  for (; self->n_pending > 0 && self->pending[self->head].due_ns <= now_ns; self->n_pending--)
    {
      self->due = self->pending[self->head].predicted;
      add_outcome (self, fabs (self->pending[self->head].predicted - actual),
                   fabs (self->pending[self->head].persistent - actual));
      self->head = (self->head + 1) % WP_SCORE_PENDING;
    }
}

gboolean
wp_score_is_significant (const WpScore *self)
{
  double independent = MAX (1, (double) MIN (self->outcomes, MEMORY) / (1 + self->n_pending));

  return self->outcomes >= WP_SCORE_LEAST
         && self->persistent_error - self->error > SIGMAS * sqrt (self->variance / independent);
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
