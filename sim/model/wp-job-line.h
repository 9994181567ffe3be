/* wp-job-line.h - a FIFO of the jobs in a system, in a ring that grows to the longest line it ever held, and no further than twice that. */
#pragma once

#include <glib.h>

typedef struct {
  guint64 request;           /* its number in order of arrival, from 0 */
  gint64 arrival_ns, accepted_ns, started_ns;
  gboolean blocked;
} WpLineJob;

/* A plain value; all zero is empty. The functions are inline, for the model's loop. */
typedef struct {
  WpLineJob *jobs;
  gsize mask, head, length;  /* as in WpRing */
} WpJobLine;

void wp_job_line_grow (WpJobLine *self);
void wp_job_line_clear (WpJobLine *self);   /* frees; the line is empty and usable again */

static inline WpLineJob *
wp_job_line_at (const WpJobLine *self, gsize i)   /* the i-th from the front, from 0; i < length */
{
  return &self->jobs[(self->head + i) & self->mask];
}

static inline void
wp_job_line_push (WpJobLine *self, WpLineJob job)
{
  if (G_UNLIKELY (!self->jobs || self->length > self->mask))
    wp_job_line_grow (self);
  self->jobs[(self->head + self->length++) & self->mask] = job;
}

static inline WpLineJob
wp_job_line_pop (WpJobLine *self)                 /* length > 0 */
{
  WpLineJob job = *wp_job_line_at (self, 0);

  self->head++;
  self->length--;

  return job;
}
