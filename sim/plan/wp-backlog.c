#include "sim/plan/wp-backlog.h"

#include <math.h>
#include <string.h>

#include "sim/model/wp-server-times.h"
#include "sim/stats/wp-histogram.h"
#include "sim/model/wp-ring.h"

/* Statistics of one length of the backlog. */
typedef struct {
  guint64 found;   /* requests that found it and waited */
  gint64 time_ns;  /* total time at this length */
  gint64 first_ns; /* first time at this length or a longer one */
} Length;

typedef struct {
  guint queue_jobs;
  WpHistogram *blocked_time;
} Watched;

struct _WpBacklog {
  guint parts, limit;
  gboolean is_reduced;
  guint64 at_longest; /* if is_reduced, in place of lengths: requests that found a backlog of one less than
                         the longest */
  WpServerTimes workers;
  WpRing starts; /* of the requests that wait */
  Length *lengths;
  gsize n_lengths;               /* room for */
  gsize bound;                   /* longer ones count as this one */
  gsize longest;                 /* of the backlogs */
  gsize timed;                   /* lengths up to it have first_ns */
  gint64 counted_ns;             /* the time at each length is counted up to here */
  gint64 busy_ns, first_busy_ns; /* with every worker busy */
  gint64 first_ns, last_ns;
  guint64 requests;
  WpUint128 service_ns;
  WpHistogram *wait, *response;
  Watched *watched;
  guint n_watched;
};

WpBacklog *
wp_backlog_new (guint workers, guint parts, const guint *queues, guint n_queues)
{
  WpBacklog *self = g_new0 (WpBacklog, 1);

  self->limit = workers;
  self->parts = parts;
  self->bound = G_MAXSIZE;
  wp_server_times_init (&self->workers, workers);
  self->first_busy_ns = WP_TIME_NONE;
  self->wait = wp_histogram_new ();
  if (parts & WP_BACKLOG_RESPONSE)
    self->response = wp_histogram_new ();
  self->n_watched = n_queues;
  self->watched = g_new (Watched, n_queues);
  for (guint i = 0; i < n_queues; i++)
    self->watched[i] = (Watched){ queues[i], wp_histogram_new () };

  return self;
}

WpBacklog *
wp_backlog_new_reduced (guint workers, guint64 requests, gsize longest, guint64 at_longest, gboolean all_busy,
                        WpHistogram *wait)
{
  WpBacklog *self = wp_backlog_new (workers, 0, NULL, 0);

  wp_histogram_free (self->wait);
  self->wait = wait;
  self->is_reduced = TRUE;
  self->requests = requests;
  self->longest = longest;
  self->at_longest = at_longest;
  self->first_busy_ns = all_busy ? 0 : WP_TIME_NONE;
  wp_backlog_finish (self);

  return self;
}

void
wp_backlog_bound (WpBacklog *self, guint queue_jobs)
{
  self->bound = queue_jobs;
}

void
wp_backlog_free (WpBacklog *self)
{
  wp_server_times_clear (&self->workers);
  wp_ring_clear (&self->starts);
  g_free (self->lengths);
  wp_histogram_free (self->wait);
  g_clear_pointer (&self->response, wp_histogram_free);
  for (guint i = 0; i < self->n_watched; i++)
    wp_histogram_free (self->watched[i].blocked_time);
  g_free (self->watched);
  g_free (self);
}

/* Counts the current length for the time from counted_ns to @until_ns. */
static inline void
count_time (WpBacklog *self, gint64 until_ns)
{
  if (until_ns == self->counted_ns)
    return;
  if (self->starts.length > 0)
    {
      gsize length = MIN (self->starts.length, self->bound);

      self->lengths[length].time_ns += until_ns - self->counted_ns;
      while (self->timed < length)
        self->lengths[++self->timed].first_ns = self->counted_ns;
    }
  self->counted_ns = until_ns;
}

static inline void
start_until (WpBacklog *self, gint64 now_ns, const gboolean counts_time)
{
  while (self->starts.length > 0 && wp_ring_front (&self->starts) <= now_ns)
    {
      if (counts_time)
        count_time (self, wp_ring_front (&self->starts));
      wp_ring_pop (&self->starts);
    }
}

static void
grow (WpBacklog *self)
{
  gsize n = MAX (64, 2 * self->n_lengths);

  self->lengths = g_renew (Length, self->lengths, n);
  memset (self->lengths + self->n_lengths, 0, (n - self->n_lengths) * sizeof (Length));
  self->n_lengths = n;
}

static void
watch (WpBacklog *self, gint64 arrival_ns, gint64 started_ns)
{
  gsize found = self->starts.length;

  for (guint i = 0; i < self->n_watched; i++)
    {
      gsize queue_jobs = self->watched[i].queue_jobs;

      if (found >= queue_jobs)
        wp_histogram_add_inline (
            self->watched[i].blocked_time,
            (queue_jobs == 0 ? started_ns : wp_ring_at (&self->starts, found - queue_jobs)) - arrival_ns, 1);
    }
}

static inline void
join (WpBacklog *self, gint64 arrival_ns, gint64 started_ns, const gboolean counts_time)
{
  gsize found = self->starts.length, counted = MIN (found, self->bound);

  wp_histogram_add_inline (self->wait, started_ns - arrival_ns, 1);
  if (counts_time)
    count_time (self, arrival_ns);
  if (G_UNLIKELY (self->n_watched > 0))
    watch (self, arrival_ns, started_ns);
  if (G_UNLIKELY (counted + 1 >= self->n_lengths))
    grow (self);
  self->lengths[counted].found++;
  wp_ring_push (&self->starts, started_ns);
  self->longest = MAX (self->longest, found + 1);
}

static inline void
count_busy (WpBacklog *self, gint64 start_ns)
{
  gint64 free_ns = wp_server_times_next (&self->workers, start_ns);

  if (free_ns == start_ns)
    return;
  if (self->first_busy_ns == WP_TIME_NONE)
    self->first_busy_ns = start_ns;
  self->busy_ns += free_ns - start_ns;
}

static inline gboolean
offer_all (WpBacklog *self, const gint64 *arrivals_ns, const gint64 *services_ns, gsize n_rows,
           const gboolean counts_time, const gboolean counts_response)
{
  for (gsize i = 0; i < n_rows; i++)
    {
      gint64 arrival_ns = arrivals_ns[i];
      gint64 started_ns = wp_server_times_next (&self->workers, arrival_ns), finished_ns;

      if (G_UNLIKELY (__builtin_add_overflow (started_ns, services_ns[i], &finished_ns)))
        return FALSE;
      start_until (self, arrival_ns, counts_time);
      if (started_ns > arrival_ns)
        join (self, arrival_ns, started_ns, counts_time);
      wp_server_times_take (&self->workers, started_ns, finished_ns);
      count_busy (self, started_ns);
      self->last_ns = MAX (self->last_ns, finished_ns);
      self->service_ns += (guint64) services_ns[i];
      if (counts_response)
        wp_histogram_add_inline (self->response, finished_ns - arrival_ns, 1);
    }

  return TRUE;
}

gboolean
wp_backlog_offer (WpBacklog *self, const gint64 *arrivals_ns, const gint64 *services_ns, gsize n_rows)
{
  if (n_rows == 0)
    return TRUE;
  if (self->requests == 0)
    self->first_ns = self->counted_ns = arrivals_ns[0];
  self->requests += n_rows;
  switch (self->parts)
    {
    case WP_BACKLOG_ALL:
      return offer_all (self, arrivals_ns, services_ns, n_rows, TRUE, TRUE);
    case WP_BACKLOG_TIME:
      return offer_all (self, arrivals_ns, services_ns, n_rows, TRUE, FALSE);
    case WP_BACKLOG_RESPONSE:
      return offer_all (self, arrivals_ns, services_ns, n_rows, FALSE, TRUE);
    default:
      return offer_all (self, arrivals_ns, services_ns, n_rows, FALSE, FALSE);
    }
}

void
wp_backlog_finish (WpBacklog *self)
{
  start_until (self, G_MAXINT64, (self->parts & WP_BACKLOG_TIME) != 0);
  wp_ring_clear (&self->starts); /* what is kept may be many backlogs of an overloaded sweep */
  if (self->parts & WP_BACKLOG_TIME)
    count_time (self, self->last_ns);
  wp_histogram_add (self->wait, 0, self->requests - wp_histogram_count (self->wait));
}

guint64
wp_backlog_max_length (const WpBacklog *self)
{
  return self->longest;
}

guint64
wp_backlog_max_busy (const WpBacklog *self)
{
  return self->is_reduced ? self->limit : self->workers.n;
}

gboolean
wp_backlog_is_exact (const WpBacklog *self, guint64 queue_jobs)
{
  return !self->is_reduced || queue_jobs + 1 >= self->longest;
}

guint64
wp_backlog_blocked (const WpBacklog *self, guint64 queue_jobs)
{
  guint64 blocked = 0;

  if (self->is_reduced)
    return queue_jobs < self->longest ? self->at_longest : 0;
  for (gsize found = (gsize) queue_jobs; found < self->longest && found <= self->bound; found++)
    blocked += self->lengths[found].found;

  return blocked;
}

gboolean
wp_backlog_was_full (const WpBacklog *self, guint64 queue_jobs)
{
  return queue_jobs > 0 ? self->longest >= queue_jobs : self->first_busy_ns != WP_TIME_NONE;
}

const WpHistogram *
wp_backlog_wait (const WpBacklog *self)
{
  return self->wait;
}

const WpHistogram *
wp_backlog_response (const WpBacklog *self)
{
  return self->response;
}

static void
set_depth (const WpBacklog *self, guint queue_jobs, WpSummary *summary)
{
  g_autoptr (WpHistogram) depth = wp_histogram_new ();
  gint64 left_ns = self->last_ns - self->first_ns; /* not yet counted: at length 0 */

  summary->time_full_ns = queue_jobs == 0 ? self->busy_ns : 0;
  summary->first_full_ns = queue_jobs == 0 ? self->first_busy_ns : WP_TIME_NONE;
  for (gsize length = 1; length <= self->timed; length++)
    {
      gint64 time_ns = self->lengths[length].time_ns;

      wp_histogram_add (depth, (gint64) MIN (length, queue_jobs), (guint64) time_ns);
      if (queue_jobs > 0 && length >= queue_jobs)
        summary->time_full_ns += time_ns;
      left_ns -= time_ns;
    }
  if (queue_jobs > 0 && self->timed >= queue_jobs)
    summary->first_full_ns = self->lengths[queue_jobs].first_ns;
  wp_histogram_add (depth, 0, (guint64) left_ns);
  wp_summary_set_depth (summary, depth);
}

static void
set_blocked_time (const WpBacklog *self, guint queue_jobs, WpSummary *summary)
{
  for (guint i = 0; i < self->n_watched; i++)
    if (self->watched[i].queue_jobs == queue_jobs)
      {
        g_autoptr (WpHistogram) accept_latency = wp_histogram_new ();

        wp_histogram_merge (accept_latency, self->watched[i].blocked_time);
        wp_histogram_add (accept_latency, 0, self->requests - summary->blocked);
        summary->blocked_time = wp_spread_from_histogram (self->watched[i].blocked_time);
        summary->accept_latency = wp_spread_from_histogram (accept_latency);
        return;
      }
}

void
wp_backlog_summary (const WpBacklog *self, guint queue_jobs, WpSummary *summary)
{
  wp_summary_init (summary);
  summary->requests = summary->accepted = self->requests;
  summary->blocked = wp_backlog_blocked (self, queue_jobs);
  summary->blocked_peak = self->longest > queue_jobs ? self->longest - queue_jobs : 0;
  summary->wait = wp_spread_from_histogram (self->wait);
  if (self->response)
    summary->response = wp_spread_from_histogram (self->response);
  if (summary->blocked == 0)
    {
      g_autoptr (WpHistogram) at_once = wp_histogram_new ();

      wp_histogram_add (at_once, 0, self->requests);
      summary->accept_latency = wp_spread_from_histogram (at_once);
    }
  else
    set_blocked_time (self, queue_jobs, summary);
  if (self->parts & WP_BACKLOG_TIME)
    set_depth (self, queue_jobs, summary);
  if (self->is_reduced)
    {
      summary->wait.mean = NAN;
      return;
    }
  summary->busy_max = (gint64) self->workers.n;
  wp_summary_set_window (summary, self->first_ns, self->last_ns, (double) self->service_ns, self->requests,
                         self->limit);
}
