#include "runtime/queue/wp-job.h"

WpJob *
wp_job_new (void)
{
  WpJob *self = g_new0 (WpJob, 1);

  self->refs = 1;
  self->asked_service_ns = WP_TIME_NONE;
  self->arrival_ns = self->accepted_ns = self->started_ns = self->finished_ns = self->ended_ns = WP_TIME_NONE;
  self->due_ns = WP_TIME_NONE;

  return self;
}

WpJob *
wp_job_ref (WpJob *self)
{
  g_atomic_int_inc (&self->refs);
  return self;
}

void
wp_job_unref (WpJob *self)
{
  if (!g_atomic_int_dec_and_test (&self->refs))
    return;
  g_free (self->id);
  g_free (self->path);
  g_free (self->content_type);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_free (self);
}
