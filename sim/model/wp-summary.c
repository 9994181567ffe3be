#include "sim/model/wp-summary.h"

#include <math.h>

#include "sim/base/wp-error.h"
#include "sim/stats/wp-histogram.h"

static const WpSpread no_spread = {
  NAN,          WP_TIME_NONE, WP_TIME_NONE, WP_TIME_NONE,
  WP_TIME_NONE, WP_TIME_NONE, WP_TIME_NONE, { WP_TIME_NONE, WP_TIME_NONE, WP_TIME_NONE, WP_TIME_NONE }
};

/* Options of the process, like its locale: a summary is made in too many places to pass them along. */
static double more_shares[WP_MAX_PERCENTILES];
static guint n_more;

int
wp_summary_add_percentile (double share)
{
  for (guint i = 0; i < n_more; i++)
    if (more_shares[i] == share)
      return (int) i;
  if (n_more == WP_MAX_PERCENTILES)
    return -1;
  more_shares[n_more] = share;

  return (int) n_more++;
}

static void
set_more (gint64 *more, const WpHistogram *values)
{
  for (guint i = 0; i < WP_MAX_PERCENTILES; i++)
    more[i] = i < n_more ? wp_histogram_quantile (values, more_shares[i]) : WP_TIME_NONE;
}

void
wp_summary_init (WpSummary *self)
{
  *self = (WpSummary){ .blocked_time = no_spread,
                       .accept_latency = no_spread,
                       .wait = no_spread,
                       .response = no_spread,
                       .latency = no_spread,
                       .depth_mean = NAN,
                       .depth_p50 = WP_TIME_NONE,
                       .depth_p95 = WP_TIME_NONE,
                       .depth_p99 = WP_TIME_NONE,
                       .depth_max = WP_TIME_NONE,
                       .depth_more = { WP_TIME_NONE, WP_TIME_NONE, WP_TIME_NONE, WP_TIME_NONE },
                       .time_full_ns = WP_TIME_NONE,
                       .first_full_ns = WP_TIME_NONE,
                       .busy_mean = NAN,
                       .busy_max = WP_TIME_NONE,
                       .utilisation = NAN,
                       .makespan_ns = WP_TIME_NONE,
                       .throughput = NAN };
}

WpSpread
wp_spread_from_histogram (const WpHistogram *times)
{
  WpSpread spread = { .mean = wp_histogram_mean (times),
                      .p50 = wp_histogram_quantile (times, 0.5),
                      .p90 = wp_histogram_quantile (times, 0.9),
                      .p95 = wp_histogram_quantile (times, 0.95),
                      .p99 = wp_histogram_quantile (times, 0.99),
                      .p999 = wp_histogram_quantile (times, 0.999),
                      .max = wp_histogram_max (times) };

  set_more (spread.more, times);

  return spread;
}

void
wp_summary_set_depth (WpSummary *self, const WpHistogram *depth)
{
  self->depth_mean = wp_histogram_mean (depth);
  self->depth_p50 = wp_histogram_quantile (depth, 0.5);
  self->depth_p95 = wp_histogram_quantile (depth, 0.95);
  self->depth_p99 = wp_histogram_quantile (depth, 0.99);
  self->depth_max = wp_histogram_max (depth);
  set_more (self->depth_more, depth);
}

void
wp_histograms_init (WpHistograms *self)
{
  self->blocked_time = wp_histogram_new ();
  self->accept_latency = wp_histogram_new ();
  self->wait = wp_histogram_new ();
  self->response = wp_histogram_new ();
  self->depth = wp_histogram_new ();
}

void
wp_histograms_clear (WpHistograms *self)
{
  wp_histogram_free (self->blocked_time);
  wp_histogram_free (self->accept_latency);
  wp_histogram_free (self->wait);
  wp_histogram_free (self->response);
  wp_histogram_free (self->depth);
}

void
wp_histograms_merge_times (WpHistograms *self, const WpHistograms *other)
{
  wp_histogram_merge (self->blocked_time, other->blocked_time);
  wp_histogram_merge (self->accept_latency, other->accept_latency);
  wp_histogram_merge (self->wait, other->wait);
  wp_histogram_merge (self->response, other->response);
}

void
wp_summary_set_histograms (WpSummary *self, const WpHistograms *histograms)
{
  self->blocked_time = wp_spread_from_histogram (histograms->blocked_time);
  self->accept_latency = wp_spread_from_histogram (histograms->accept_latency);
  self->wait = wp_spread_from_histogram (histograms->wait);
  self->response = wp_spread_from_histogram (histograms->response);
  wp_summary_set_depth (self, histograms->depth);
}

void
wp_summary_set_window (WpSummary *self, gint64 first_ns, gint64 last_ns, double service_ns, guint64 finished,
                       double workers)
{
  if (last_ns == WP_TIME_NONE)
    return;
  self->makespan_ns = last_ns - first_ns;
  if (self->makespan_ns == 0)
    return;
  self->throughput = (double) finished / ((double) self->makespan_ns / WP_NS_PER_S);
  self->busy_mean = service_ns / (double) self->makespan_ns;
  if (workers < WP_UNBOUNDED)
    self->utilisation = self->busy_mean / workers;
}

static int
compare_spans (gconstpointer a, gconstpointer b)
{
  const WpJobTime *one = a, *two = b;

  if (one->from != two->from)
    return one->from < two->from ? -1 : 1;

  return (one->index > two->index) - (one->index < two->index);
}

static void
add_span (GArray *spans, gint64 from, gint64 to)
{
  WpJobTime span = { from, to == WP_TIME_NONE ? G_MAXINT64 : to, spans->len };

  g_array_append_val (spans, span);
}

/* Sorts the spans by start; returns the sorted ends of the non-empty ones. */
static GArray *
sort_spans (GArray *spans)
{
  GArray *ends = g_array_sized_new (FALSE, FALSE, sizeof (gint64), spans->len);

  g_array_sort (spans, compare_spans);
  for (guint i = 0; i < spans->len; i++)
    if (g_array_index (spans, WpJobTime, i).to > g_array_index (spans, WpJobTime, i).from)
      g_array_append_val (ends, g_array_index (spans, WpJobTime, i).to);
  g_array_sort (ends, wp_time_compare);

  return ends;
}

/* The most spans open at once; an empty span counts at its time. At equal times ends come first. */
static guint64
peak_of (GArray *spans)
{
  g_autoptr (GArray) ends = sort_spans (spans);
  guint64 opened = 0, peak = 0;
  guint ended = 0;

  for (guint i = 0; i < spans->len; i++)
    {
      const WpJobTime *span = &g_array_index (spans, WpJobTime, i);
      gboolean empty = span->to == span->from;

      while (ended < ends->len && g_array_index (ends, gint64, ended) <= span->from)
        ended++;
      opened += !empty;
      peak = MAX (peak, opened - ended + empty);
    }

  return peak;
}

typedef struct {
  gint64 now_ns, last_ns;           /* counted up to here; the window's end */
  WpHistogram *levels;              /* weighted by ns */
  gboolean of_workers;              /* the levels are jobs in service, not in the queue */
  guint64 full_at;                  /* the level that is full; 0: none */
  const WpSizeChange *change, *end; /* to come */
  gint64 full_ns, first_full_ns;
} Sweep;

/* A queue of no places is full where all workers are busy. */
static guint64
full_level (const Sweep *self, guint queue_jobs, guint workers)
{
  return !self->of_workers ? queue_jobs : queue_jobs == 0 ? workers : 0;
}

static void
sweep_part (Sweep *self, guint64 level, gint64 until_ns)
{
  if (until_ns <= self->now_ns)
    return;
  wp_histogram_add (self->levels, (gint64) level, (guint64) (until_ns - self->now_ns));
  if (self->full_at > 0 && level >= self->full_at)
    {
      if (self->first_full_ns == WP_TIME_NONE)
        self->first_full_ns = self->now_ns;
      self->full_ns += until_ns - self->now_ns;
    }
  self->now_ns = until_ns;
}

static void
sweep_to (Sweep *self, guint64 level, gint64 until_ns)
{
  until_ns = MIN (until_ns, self->last_ns);
  for (; self->change < self->end && self->change->at_ns < until_ns; self->change++)
    {
      sweep_part (self, level, self->change->at_ns);
      self->full_at = full_level (self, self->change->queue_jobs, self->change->workers);
    }
  sweep_part (self, level, until_ns);
}

/* Counts the open spans over time from @first_ns to @last_ns. */
static Sweep
sweep (GArray *spans, gint64 first_ns, gint64 last_ns, const WpLayout *layout, gboolean of_workers)
{
  Sweep self = { .now_ns = first_ns,
                 .last_ns = last_ns,
                 .levels = wp_histogram_new (),
                 .of_workers = of_workers,
                 .change = layout->changes,
                 .end = layout->changes + layout->n_changes,
                 .first_full_ns = WP_TIME_NONE };
  g_autoptr (GArray) ends = sort_spans (spans);
  guint opened = 0, ended = 0;

  self.full_at = full_level (&self, layout->queue_jobs, layout->workers);
  for (guint i = 0; i < spans->len; i++)
    {
      const WpJobTime *span = &g_array_index (spans, WpJobTime, i);

      if (span->to == span->from)
        continue;
      for (; ended < ends->len && g_array_index (ends, gint64, ended) <= span->from; ended++)
        sweep_to (&self, opened - ended, g_array_index (ends, gint64, ended));
      sweep_to (&self, opened++ - ended, span->from);
    }
  for (; ended < ends->len; ended++)
    sweep_to (&self, opened - ended, g_array_index (ends, gint64, ended));
  sweep_to (&self, 0, last_ns);

  return self;
}

gint64
wp_summary_find_busy (const WpLayout *layout, GArray *busy, gint64 first_ns, gint64 last_ns,
                      gint64 *first_full_ns)
{
  Sweep full = sweep (busy, first_ns, last_ns, layout, TRUE);

  wp_histogram_free (full.levels);
  *first_full_ns = full.first_full_ns;

  return full.full_ns;
}

static gboolean
was_blocked (const WpRow *row)
{
  gint64 left_ns = row->accepted_ns != WP_TIME_NONE ? row->accepted_ns : row->ended_ns;

  return row->blocked >= 0 ? row->blocked == 1 : left_ns != WP_TIME_NONE && left_ns > row->arrival_ns;
}

static void
count_row (WpSummary *self, const WpRow *row)
{
  self->requests++;
  self->accepted += row->accepted_ns != WP_TIME_NONE;
  self->rejected += row->outcome == WP_OUTCOME_REJECTED;
  self->timed_out += row->outcome == WP_OUTCOME_TIMED_OUT;
  self->abandoned += row->outcome == WP_OUTCOME_ABANDONED;
  self->failed += row->outcome == WP_OUTCOME_FAILED;
  self->blocked += was_blocked (row);
}

static void
measure_times (WpSummary *self, const WpRow *rows, gsize n_rows)
{
  g_autoptr (WpHistogram) blocked_time = wp_histogram_new ();
  g_autoptr (WpHistogram) accept_latency = wp_histogram_new ();
  g_autoptr (WpHistogram) wait = wp_histogram_new ();
  g_autoptr (WpHistogram) response = wp_histogram_new ();

  for (const WpRow *row = rows; row < rows + n_rows; row++)
    {
      if (row->accepted_ns != WP_TIME_NONE)
        wp_histogram_add (accept_latency, row->accepted_ns - row->arrival_ns, 1);
      if (row->accepted_ns != WP_TIME_NONE && was_blocked (row))
        wp_histogram_add (blocked_time, row->accepted_ns - row->arrival_ns, 1);
      if (row->started_ns != WP_TIME_NONE)
        wp_histogram_add (wait, row->started_ns - row->arrival_ns, 1);
      if (row->finished_ns != WP_TIME_NONE)
        wp_histogram_add (response, row->finished_ns - row->arrival_ns, 1);
    }
  self->blocked_time = wp_spread_from_histogram (blocked_time);
  self->accept_latency = wp_spread_from_histogram (accept_latency);
  self->wait = wp_spread_from_histogram (wait);
  self->response = wp_spread_from_histogram (response);
}

/* Sets throughput and the other metrics of the window. Returns the last finish, or WP_TIME_NONE. */
static gint64
measure_window (WpSummary *self, const WpLayout *layout, const WpRow *rows, gsize n_rows)
{
  gint64 last_ns = WP_TIME_NONE; /* less than any time */
  guint64 finished = 0;
  WpUint128 service_ns = 0;

  for (const WpRow *row = rows; row < rows + n_rows; row++)
    if (row->finished_ns != WP_TIME_NONE)
      {
        last_ns = MAX (last_ns, row->finished_ns);
        finished++;
        service_ns += (guint64) (row->finished_ns - row->started_ns);
      }
  if (n_rows > 0)
    wp_summary_set_window (self, rows[0].arrival_ns, last_ns, (double) service_ns, finished,
                           wp_layout_mean_workers (layout, rows[0].arrival_ns, last_ns));

  return last_ns;
}

static void
measure_levels (WpSummary *self, const WpLayout *layout, GArray *queued, GArray *busy, gint64 first_ns,
                gint64 last_ns)
{
  Sweep depth = sweep (queued, first_ns, last_ns, layout, FALSE);
  Sweep in_service = sweep (busy, first_ns, last_ns, layout, TRUE);
  gint64 one_ns = depth.first_full_ns, other_ns = in_service.first_full_ns;

  wp_summary_set_depth (self, depth.levels);
  if (busy->len > 0)
    self->busy_max = (gint64) peak_of (busy);
  if (layout->can_be_full)
    {
      self->time_full_ns = depth.full_ns + in_service.full_ns;
      self->first_full_ns = one_ns == WP_TIME_NONE || other_ns == WP_TIME_NONE ? MAX (one_ns, other_ns)
                                                                               : MIN (one_ns, other_ns);
    }
  wp_histogram_free (depth.levels);
  wp_histogram_free (in_service.levels);
}

void
wp_summary_measure (WpSummary *self, const WpLayout *layout, const WpRow *rows, gsize n_rows)
{
  g_autoptr (GArray) parked = g_array_new (FALSE, FALSE, sizeof (WpJobTime));
  g_autoptr (GArray) queued = g_array_new (FALSE, FALSE, sizeof (WpJobTime));
  g_autoptr (GArray) busy = g_array_new (FALSE, FALSE, sizeof (WpJobTime));
  gint64 last_ns;

  wp_summary_init (self);
  for (const WpRow *row = rows; row < rows + n_rows; row++)
    {
      gboolean accepted = row->accepted_ns != WP_TIME_NONE, started = row->started_ns != WP_TIME_NONE;

      count_row (self, row);
      if (was_blocked (row))
        add_span (parked, row->arrival_ns, accepted ? row->accepted_ns : row->ended_ns);
      if (accepted)
        add_span (queued, row->accepted_ns, started ? row->started_ns : row->ended_ns);
      if (started)
        add_span (busy, row->started_ns, row->finished_ns != WP_TIME_NONE ? row->finished_ns : row->ended_ns);
    }
  self->blocked_peak = peak_of (parked);
  measure_times (self, rows, n_rows);
  last_ns = measure_window (self, layout, rows, n_rows);
  if (n_rows > 0)
    measure_levels (self, layout, queued, busy, rows[0].arrival_ns, last_ns);
}

/* NULL if the row's moments are in order, else what is wrong. */
static const char *
disorder_of (const WpRow *row)
{
  if (row->accepted_ns != WP_TIME_NONE && row->accepted_ns < row->arrival_ns)
    return "was accepted before it arrived";
  if (row->started_ns != WP_TIME_NONE
      && (row->accepted_ns == WP_TIME_NONE || row->started_ns < row->accepted_ns))
    return "was started before it was accepted";
  if (row->finished_ns != WP_TIME_NONE
      && (row->started_ns == WP_TIME_NONE || row->finished_ns < row->started_ns))
    return "was finished before it was started";
  if (row->ended_ns != WP_TIME_NONE
      && row->ended_ns
             < MAX (MAX (row->arrival_ns, row->accepted_ns), MAX (row->started_ns, row->finished_ns)))
    return "ended before it arrived, was accepted, started or finished";

  return NULL;
}

/* The same of outcome and service. A refused request never was in the queue; a stored one has its finish. */
static const char *
contradiction_of (const WpRow *row)
{
  gboolean finished = row->finished_ns != WP_TIME_NONE;

  switch (row->outcome)
    {
    case WP_OUTCOME_REJECTED:
    case WP_OUTCOME_TIMED_OUT:
      if (row->accepted_ns != WP_TIME_NONE)
        return finished ? "was refused, and has a finish" : "was refused, and accepted";
      break;
    case WP_OUTCOME_STORED:
      if (!finished)
        return "was stored, and has no finish";
      break;
    case WP_OUTCOME_PASSED:
      if (row->accepted_ns == WP_TIME_NONE || finished)
        return finished ? "was passed, and has a finish" : "was passed, and never accepted";
      break;
    case WP_OUTCOME_ABANDONED:
      if (row->started_ns != WP_TIME_NONE)
        return "left, and was started";
      break;
    case WP_OUTCOME_NONE:
    case WP_OUTCOME_FAILED:
    default:
      break;
    }
  if (finished && row->service_ns != WP_TIME_NONE && row->service_ns != row->finished_ns - row->started_ns)
    return "has a service that is not its finish less its start";

  return NULL;
}

gboolean
wp_summary_check_row (const WpRow *row, GError **error)
{
  const char *wrong = disorder_of (row);
  g_autofree char *id = row->id ? g_strescape (row->id, NULL) : NULL;

  if (!wrong)
    wrong = contradiction_of (row);
  if (!wrong)
    return TRUE;
  if (id)
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_TRACE, "request %.60s %s", id, wrong);
  else
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_TRACE, "the request %s", wrong);

  return FALSE;
}

gboolean
wp_summary_check_law (const char *what, WpUint128 by_clock_ns, WpUint128 by_requests_ns, GError **error)
{
  if (by_clock_ns == by_requests_ns)
    return TRUE;
  return wp_fail (
      error, WP_ERROR_INTERNAL,
      "internal error: Little's law does not hold: %s: %.17g job seconds by the clock, %.17g by the requests",
      what, (double) by_clock_ns / 1e9, (double) by_requests_ns / 1e9);
}
