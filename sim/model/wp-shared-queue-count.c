/* wp-shared-queue-count.c - the figures of a shared queue. */
#include "sim/model/wp-shared-queue-private.h"

#include <math.h>

void
wp_shared_queue_start_counting (WpSharedQueue *self, gint64 now_ns)
{
  wp_shared_queue_advance (self, now_ns);
  wp_shared_queue_count_time (self, MAX (now_ns, self->now_ns));
  wp_histograms_clear (&self->histograms);
  wp_histograms_init (&self->histograms);
  self->requests = self->accepted = self->blocked = self->finished = 0;
  self->n_commits = self->rows = 0;
  self->completed = 0;
  self->busy_max = self->busy_jobs;
  self->ready_max = self->ready.length;
  self->blocked_peak = self->refused.length;
  self->time_full_ns = 0;
  self->first_full_ns = WP_TIME_NONE;
  self->busy_ns = self->committing_ns = self->service_ns = 0;
  self->counted_from = self->offered;
}

static void
fill_summary (const WpSharedQueue *self, WpSummary *summary)
{
  double lasted_ns;

  wp_summary_init (summary);
  summary->requests = self->requests;
  summary->accepted = self->accepted;
  summary->blocked = self->blocked;
  summary->blocked_peak = self->blocked_peak;
  if (self->finished > 0)
    summary->busy_max = (gint64) self->busy_max;
  wp_summary_set_histograms (summary, &self->histograms);
  summary->time_full_ns = self->time_full_ns;
  summary->first_full_ns = self->first_full_ns;
  wp_summary_set_window (summary, self->first_ns, self->finished > 0 ? self->last_ns : WP_TIME_NONE,
                         (double) self->busy_ns, self->completed, self->layout.workers);
  lasted_ns = (double) (self->last_ns - self->first_ns) * self->layout.workers;
  summary->utilisation = self->finished > 0 && lasted_ns > 0 ? (double) self->committing_ns / lasted_ns : NAN;
}

gboolean
wp_shared_queue_finish (WpSharedQueue *self, WpSummary *summary)
{
  wp_shared_queue_advance (self, G_MAXINT64);
  if (self->overflowed)
    return FALSE;
  fill_summary (self, summary);

  return TRUE;
}

void
wp_shared_queue_figures (const WpSharedQueue *self, WpSharedQueueFigures *figures)
{
  double threads = (double) self->options.fronts * self->options.threads;
  double lasted_ns = (double) (self->last_ns - self->first_ns);

  figures->commits = self->n_commits;
  figures->ready_max = self->ready_max;
  figures->rows_per_commit = self->n_commits > 0 ? (double) self->rows / (double) self->n_commits : NAN;
  figures->front_utilisation
      = self->finished > 0 && lasted_ns > 0
            ? (double) self->requests * (double) self->options.front_ns / lasted_ns / threads
            : NAN;
}

gboolean
wp_shared_queue_check (const WpSharedQueue *self, GError **error)
{
  return self->counted_from > 0 || /* after a warm-up the two sides count different jobs */
         (wp_summary_check_law ("depth", self->histograms.depth->sum,
                                self->histograms.wait->sum - self->histograms.accept_latency->sum, error)
          && wp_summary_check_law ("busy", self->busy_ns, self->service_ns, error)
          && wp_summary_check_law ("response", self->histograms.response->sum,
                                   self->histograms.wait->sum + self->service_ns, error));
}
