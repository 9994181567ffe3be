#include "sim/model/wp-model.h"

#include "sim/model/wp-model-private.h"

void
wp_model_set_patience (WpModel *self, gint64 patience_ns)
{
  const WpLayout *layout = &self->layout;
  gint64 timeout_ns = layout->block_timeout_ns == WP_TIME_NONE ? G_MAXINT64 : layout->block_timeout_ns;

  if (self->changes)
    self->changes->patience_ns = patience_ns;
  if (patience_ns == WP_TIME_NONE)
    patience_ns = G_MAXINT64;
  self->may_wait_ns = layout->rejects ? 0 : MIN (timeout_ns, patience_ns);
  self->turned_away = layout->rejects             ? WP_OUTCOME_REJECTED
                      : timeout_ns <= patience_ns ? WP_OUTCOME_TIMED_OUT
                                                  : WP_OUTCOME_ABANDONED;
  self->drop_after_ns
      = layout->drops_queued && (layout->queue_jobs > 0 || layout->n_changes > 0) ? patience_ns : G_MAXINT64;
}

WpModel *
wp_model_new (const WpLayout *layout, gint64 patience_ns)
{
  WpModel *self = g_new0 (WpModel, 1);

  self->layout = *layout;
  wp_model_set_patience (self, patience_ns);
  self->full_jobs = layout->can_be_full && layout->queue_jobs > 0 ? layout->queue_jobs : G_MAXSIZE;
  wp_server_times_init (&self->workers, layout->workers);
  self->first_full_ns = WP_TIME_NONE;
  if (layout->n_changes > 0)
    wp_model_changes_begin (self, patience_ns);
  self->blocked_time = wp_histogram_new ();
  self->wait = wp_histogram_new ();
  self->response = wp_histogram_new ();
  self->depth = wp_histogram_new ();

  return self;
}

void
wp_model_free (WpModel *self)
{
  wp_server_times_clear (&self->workers);
  wp_ring_clear (&self->waiting);
  wp_step_ring_clear (&self->parked);
  wp_ring_clear (&self->starts);
  g_clear_pointer (&self->changes, wp_model_changes_free);
  wp_histogram_free (self->blocked_time);
  wp_histogram_free (self->wait);
  wp_histogram_free (self->response);
  wp_histogram_free (self->depth);
  g_free (self);
}

static inline void
leave_queue_until (WpModel *self, gint64 now_ns)
{
  while (self->waiting.length > 0 && wp_ring_front (&self->waiting) <= now_ns)
    {
      wp_model_count_depth (self, wp_ring_front (&self->waiting));
      wp_ring_pop (&self->waiting);
    }
}

void
wp_model_leave_queue_until (WpModel *self, gint64 now_ns)
{
  leave_queue_until (self, now_ns);
}

/* When a request that arrives at @arrival_ns gets a place in the queue. @waiting is as of entered_ns, with at
 * most K jobs. */
static inline gint64
acceptance (const WpModel *self, gint64 arrival_ns, gint64 start_ns)
{
  if (self->layout.queue_jobs == 0)
    return start_ns;
  if (self->waiting.length == self->layout.queue_jobs)
    return MAX (arrival_ns, wp_ring_front (&self->waiting));

  return MAX (arrival_ns, self->entered_ns); /* requests get places in order of arrival */
}

static void
park (WpModel *self, gint64 arrival_ns, gint64 ended_ns)
{
  if (self->changes)
    wp_model_changes_park (self, arrival_ns, ended_ns);
  else
    wp_model_park (self, arrival_ns, ended_ns);
  self->parked_own_ns += (guint64) (ended_ns - arrival_ns);
  self->blocked++;
}

static void
turn_away (WpModel *self, gint64 arrival_ns, WpRequestResult *result)
{
  gint64 ended_ns = arrival_ns + self->may_wait_ns;

  self->refused++;
  self->turned_away_as[self->turned_away]++;
  if (!self->layout.rejects)
    park (self, arrival_ns, ended_ns);
  *result = (WpRequestResult){ WP_TIME_NONE, WP_TIME_NONE,      WP_TIME_NONE,
                               ended_ns,     self->turned_away, !self->layout.rejects };
}

static inline void
enter_queue (WpModel *self, gint64 accepted_ns, gint64 left_ns)
{
  leave_queue_until (self, accepted_ns);
  wp_model_count_depth (self, accepted_ns);
  wp_ring_push (&self->waiting, left_ns);
}

/* The client leaves before a worker is free for its job. */
G_NO_INLINE static void
drop (WpModel *self, gint64 arrival_ns, gint64 accepted_ns, WpRequestResult *result)
{
  gint64 left_ns = arrival_ns + self->drop_after_ns;

  if (left_ns > accepted_ns)
    {
      enter_queue (self, accepted_ns, left_ns);
      wp_ring_sort_last (&self->waiting);
    }
  self->entered_ns = accepted_ns;
  self->accepted++;
  self->dropped++;
  self->dropped_ns += (guint64) self->drop_after_ns;
  *result = (WpRequestResult){ accepted_ns, WP_TIME_NONE,         WP_TIME_NONE,
                               left_ns,     WP_OUTCOME_ABANDONED, accepted_ns > arrival_ns };
}

/* If the job that starts at @start_ns takes the last idle worker, a rendezvous blocks until the next worker
 * is free. */
static inline void
count_rendezvous_full (WpModel *self, gint64 start_ns)
{
  gint64 free_ns = wp_server_times_next (&self->workers, start_ns);

  if (free_ns > start_ns)
    wp_model_count_full (self, start_ns, free_ns);
}

static inline void
count_served (WpModel *self, gint64 arrival_ns, gint64 started_ns, gint64 finished_ns)
{
  self->accepted++;
  self->last_ns = MAX (self->last_ns, finished_ns);
  if (started_ns > arrival_ns)
    wp_histogram_add_inline (self->wait, started_ns - arrival_ns, 1);
  wp_histogram_add_inline (self->response, finished_ns - arrival_ns, 1);
}

/* @dispatch_ns: 0 where the caller has none, @changes: FALSE where the sizes stay, which the compiler then
 * leaves out */
G_ALWAYS_INLINE static inline gboolean
offer_one (WpModel *self, gint64 arrival_ns, gint64 service_ns, gint64 dispatch_ns, gboolean changes,
           WpRequestResult *result)
{
  /* then the worker is taken */
  gint64 started_ns = changes ? wp_model_changes_start (self, arrival_ns)
                              : wp_server_times_next (&self->workers, arrival_ns);
  gint64 accepted_ns = changes ? wp_model_changes_accept (self, arrival_ns, started_ns)
                               : acceptance (self, arrival_ns, started_ns);
  gint64 blocked_ns = accepted_ns - arrival_ns;
  gint64 finished_ns;

  if (blocked_ns > 0)
    {
      if (blocked_ns > self->may_wait_ns)
        {
          turn_away (self, arrival_ns, result);
          return TRUE;
        }
      park (self, arrival_ns, accepted_ns);
      wp_histogram_add_inline (self->blocked_time, blocked_ns, 1);
    }
  if (started_ns > accepted_ns)
    {
      if (G_UNLIKELY (started_ns - arrival_ns > self->drop_after_ns))
        {
          drop (self, arrival_ns, accepted_ns, result);
          return TRUE;
        }
      enter_queue (self, accepted_ns, started_ns);
    }
  if (G_UNLIKELY (__builtin_add_overflow (started_ns, service_ns, &finished_ns)
                  || __builtin_add_overflow (finished_ns, dispatch_ns, &finished_ns)))
    return FALSE;

  wp_server_times_take (&self->workers, started_ns, finished_ns);
  if (changes)
    wp_model_changes_serve (self, started_ns, finished_ns);
  else if (started_ns == accepted_ns && self->layout.queue_jobs == 0 && self->layout.can_be_full)
    count_rendezvous_full (self, started_ns);
  self->entered_ns = accepted_ns;
  self->service_ns += (guint64) (service_ns + dispatch_ns);
  self->dispatch_ns += (guint64) dispatch_ns;
  count_served (self, arrival_ns, started_ns + dispatch_ns, finished_ns);
  *result = (WpRequestResult){ accepted_ns, started_ns + dispatch_ns, finished_ns,
                               finished_ns, WP_OUTCOME_STORED,        blocked_ns > 0 };

  return TRUE;
}

static inline void
count_requests (WpModel *self, const WpRow *rows, gsize n_rows)
{
  if (self->requests == 0)
    {
      self->first_ns = rows[0].arrival_ns;
      self->counted_ns = MAX (self->counted_ns, self->first_ns);
    }
  self->requests += n_rows;
}

/* @dispatches_ns, @results: NULL: none */
static gboolean
offer_changing (WpModel *self, const WpRow *rows, const gint64 *services_ns, const gint64 *dispatches_ns,
                gsize n_rows, WpRequestResult *results)
{
  WpRequestResult unseen;

  for (gsize i = 0; i < n_rows; i++)
    {
      wp_model_changes_arrive (self, rows[i].arrival_ns);
      if (!offer_one (self, rows[i].arrival_ns, services_ns[i], dispatches_ns ? dispatches_ns[i] : 0, TRUE,
                      results ? &results[i] : &unseen))
        return FALSE;
    }

  return TRUE;
}

gboolean
wp_model_offer (WpModel *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows,
                WpRequestResult *results)
{
  if (n_rows == 0)
    return TRUE;
  count_requests (self, rows, n_rows);
  if (self->changes)
    return offer_changing (self, rows, services_ns, NULL, n_rows, results);
  if (!results && wp_model_is_single (self))
    return wp_model_offer_single (self, rows, services_ns, n_rows);

  return wp_model_offer_general (self, rows, services_ns, n_rows, results);
}

gboolean
wp_model_offer_general (WpModel *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows,
                        WpRequestResult *results)
{
  WpRequestResult unseen;

  for (gsize i = 0; i < n_rows; i++)
    if (!offer_one (self, rows[i].arrival_ns, services_ns[i], 0, FALSE, results ? &results[i] : &unseen))
      return FALSE;

  return TRUE;
}

gboolean
wp_model_offer_dispatched (WpModel *self, const WpRow *rows, const gint64 *services_ns,
                           const gint64 *dispatches_ns, gsize n_rows, WpRequestResult *results)
{
  WpRequestResult unseen;

  if (n_rows == 0)
    return TRUE;
  count_requests (self, rows, n_rows);
  if (self->changes)
    return offer_changing (self, rows, services_ns, dispatches_ns, n_rows, results);
  for (gsize i = 0; i < n_rows; i++)
    if (!offer_one (self, rows[i].arrival_ns, services_ns[i], dispatches_ns[i], FALSE,
                    results ? &results[i] : &unseen))
      return FALSE;

  return TRUE;
}

gboolean
wp_model_warm_up (WpModel *self, const WpRow *rows, const gint64 *services_ns, const gint64 *dispatches_ns,
                  gsize n_rows, WpRequestResult *results)
{
  WpRequestResult unseen;

  for (gsize i = 0; i < n_rows; i++)
    {
      WpRequestResult *result = results ? &results[i] : &unseen;
      gint64 dispatch_ns = dispatches_ns ? dispatches_ns[i] : 0;

      if (!wp_model_offer_dispatched (self, &rows[i], &services_ns[i], &dispatch_ns, 1, result))
        return FALSE;
      wp_model_begin_starts (self, rows[i].arrival_ns);
      if (result->outcome == WP_OUTCOME_STORED && result->started_ns - dispatch_ns > rows[i].arrival_ns)
        wp_ring_push (&self->starts, result->started_ns - dispatch_ns);
    }

  return TRUE;
}

void
wp_model_start_counting (WpModel *self, gint64 now_ns)
{
  leave_queue_until (self, now_ns);
  if (self->counted_ns < now_ns)
    wp_model_count_depth (self, now_ns);
  wp_model_reset_counts (self, now_ns);
  if (self->layout.queue_jobs == 0 && self->layout.can_be_full)
    count_rendezvous_full (self, now_ns);
}

static void
count_outcomes (const WpModel *self, WpSummary *summary)
{
  summary->rejected = self->turned_away_as[WP_OUTCOME_REJECTED];
  summary->timed_out = self->turned_away_as[WP_OUTCOME_TIMED_OUT];
  summary->abandoned = self->turned_away_as[WP_OUTCOME_ABANDONED] + self->dropped;
  summary->requests = self->requests;
  summary->accepted = self->accepted;
  summary->blocked = self->blocked;
  summary->blocked_peak = self->blocked_peak;
}

void
wp_model_get_counts (const WpModel *self, WpSummary *counts, const WpHistogram **wait,
                     const WpHistogram **response)
{
  *counts = (WpSummary){ 0 };
  count_outcomes (self, counts);
  *wait = self->wait;
  *response = self->response;
}

static void
count_times (WpModel *self, WpSummary *summary)
{
  g_autoptr (WpHistogram) accept_latency = wp_histogram_new ();

  wp_histogram_merge (accept_latency, self->blocked_time);
  wp_histogram_add (accept_latency, 0, self->accepted - wp_histogram_count (self->blocked_time));
  wp_histogram_add (self->wait, 0, wp_model_started (self) - wp_histogram_count (self->wait));
  summary->blocked_time = wp_spread_from_histogram (self->blocked_time);
  summary->accept_latency = wp_spread_from_histogram (accept_latency);
  summary->wait = wp_spread_from_histogram (self->wait);
  summary->response = wp_spread_from_histogram (self->response);
}

void
wp_model_finish (WpModel *self, WpSummary *summary)
{
  gint64 last_ns = wp_model_started (self) > 0 ? self->last_ns : WP_TIME_NONE;

  wp_summary_init (summary);
  count_outcomes (self, summary);
  count_times (self, summary);
  if (self->accepted > 0)
    {
      if (self->changes)
        wp_model_changes_finish (self);
      leave_queue_until (self, G_MAXINT64);
      wp_model_count_depth (self, self->last_ns);
    }
  if (wp_model_started (self) > 0)
    summary->busy_max = (gint64) (self->workers.n + (self->changes ? self->changes->retired->len : 0));
  wp_summary_set_depth (summary, self->depth);
  if (self->layout.can_be_full)
    {
      summary->time_full_ns = self->time_full_ns;
      summary->first_full_ns = self->first_full_ns;
    }
  wp_summary_set_window (summary, self->first_ns, last_ns,
                         (double) (self->service_ns + self->carried_busy_ns),
                         wp_model_started (self) + self->carried,
                         wp_layout_mean_workers (self->changes ? &self->changes->layout : &self->layout,
                                                 self->first_ns, last_ns));
}
