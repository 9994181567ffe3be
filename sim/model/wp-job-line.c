#include "sim/model/wp-job-line.h"

#define FIRST_PLACES 64

void
wp_job_line_grow (WpJobLine *self)
{
  gsize places = self->jobs ? 2 * (self->mask + 1) : FIRST_PLACES;
  WpLineJob *jobs = g_new (WpLineJob, places);

  for (gsize i = 0; i < self->length; i++)
    jobs[i] = *wp_job_line_at (self, i);
  g_free (self->jobs);
  *self = (WpJobLine) { jobs, places - 1, 0, self->length };
}

void
wp_job_line_clear (WpJobLine *self)
{
  g_free (self->jobs);
  *self = (WpJobLine) { NULL };
}
