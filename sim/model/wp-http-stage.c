#include "sim/model/wp-http-stage.h"

#include <math.h>

#include "sim/stats/wp-histogram.h"

struct _WpHttpStage {
  gint64 time_ns;
  guint threads;
  gint64 *free_ns; /* when each thread is free, in a ring: the oldest entry is the earliest */
  guint next;
  gint64 first_ns, last_ns; /* first counted arrival, last departure; WP_TIME_NONE: none yet */
  WpHistogram *wait;
};

WpHttpStage *
wp_http_stage_new (const WpHttpStageOptions *options)
{
  WpHttpStage *self = g_new0 (WpHttpStage, 1);

  self->time_ns = options->time_ns;
  self->threads = options->threads;
  self->free_ns = g_new0 (gint64, options->threads);
  self->wait = wp_histogram_new ();
  self->first_ns = WP_TIME_NONE;

  return self;
}

void
wp_http_stage_free (WpHttpStage *self)
{
  g_free (self->free_ns);
  wp_histogram_free (self->wait);
  g_free (self);
}

gint64
wp_http_stage_pass (WpHttpStage *self, gint64 now_ns)
{
  gint64 *free_ns = &self->free_ns[self->next];
  gint64 begins_ns = MAX (now_ns, *free_ns);

  if (__builtin_add_overflow (begins_ns, self->time_ns, free_ns))
    return G_MAXINT64;
  self->next = self->next + 1 == self->threads ? 0 : self->next + 1;
  if (self->first_ns == WP_TIME_NONE)
    self->first_ns = now_ns;
  self->last_ns = *free_ns;
  wp_histogram_add_inline (self->wait, begins_ns - now_ns, 1);

  return *free_ns;
}

void
wp_http_stage_summary (const WpHttpStage *self, WpHttpStageSummary *summary)
{
  double lasted_ns = self->first_ns == WP_TIME_NONE ? 0 : (double) (self->last_ns - self->first_ns);

  summary->requests = wp_histogram_count (self->wait);
  summary->wait = wp_spread_from_histogram (self->wait);
  summary->utilisation
      = lasted_ns > 0 ? (double) summary->requests * (double) self->time_ns / lasted_ns / self->threads : NAN;
}

void
wp_http_stage_merge (WpHttpStage *self, const WpHttpStage *other)
{
  if (self->first_ns == WP_TIME_NONE || (other->first_ns != WP_TIME_NONE && other->first_ns < self->first_ns))
    self->first_ns = other->first_ns;
  self->last_ns = MAX (self->last_ns, other->last_ns);
  self->threads += other->threads;
  wp_histogram_merge (self->wait, other->wait);
}

void
wp_http_stage_start_counting (WpHttpStage *self)
{
  wp_histogram_free (self->wait);
  self->wait = wp_histogram_new ();
  self->first_ns = WP_TIME_NONE;
}
