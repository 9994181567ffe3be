/* wp-stages.h - what requests pass before queue and workers, and which of them are counted. */
#pragma once

#include "sim/model/wp-http-stage.h"
#include "sim/model/wp-service-time.h"

/* As wp-sim's options of these names. All zero: none of it. */
typedef struct {
  WpHttpStageOptions http_stage;
  const WpServiceTime *dispatch; /* NULL: none; each simulation draws from a copy with @seed */
  guint64 seed;
  guint64 warmup_rows;
  gint64 warmup_ns; /* the rows that arrive before, at @warmup_scale times the traffic: the same at every
                       scale */
  double warmup_scale;
} WpStages;

/* Is a run of the model needed for each size, since a backlog knows neither dispatches nor a warm-up? @self:
 * (nullable) */
static inline gboolean
wp_stages_need_runs (const WpStages *self)
{
  return self && (self->dispatch || self->warmup_rows > 0 || self->warmup_ns > 0);
}
