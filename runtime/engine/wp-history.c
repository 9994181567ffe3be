#include "runtime/engine/wp-history.h"

#include <math.h>
#include <time.h>

#define LATE_NS (WP_NS_PER_S / 2)

/* The first six are the state at the end of a step, the others are of its whole. */
typedef enum {
  DEPTH,
  PARKED,
  BUSY,
  QUEUE_LIMIT,
  WORKERS_LIMIT,
  DEPTH_FORECAST,
  DEPTH_PEAK,
  RECEIVED,
  STORED,
  FAILED,
  REFUSED_FULL,
  REFUSED_TIMEOUT,
  REFUSED_OTHER,
  FULL,
  WAIT_P50,
  WAIT_P95,
  WAIT_P99,
  RESPONSE_P50,
  RESPONSE_P95,
  RESPONSE_P99,
  COMMIT_P50,
  COMMIT_P99,
  ROWS_PER_COMMIT,
  N_COLUMNS
} Column;

static const struct {
  const char *name, *format;
} columns[N_COLUMNS] = {
  [DEPTH] = { "depth", "%.0f" },
  [PARKED] = { "parked", "%.0f" },
  [BUSY] = { "busy", "%.0f" },
  [QUEUE_LIMIT] = { "queue_limit", "%.0f" },
  [WORKERS_LIMIT] = { "workers_limit", "%.0f" },
  [DEPTH_FORECAST] = { "depth_forecast", "%.4g" },
  [DEPTH_PEAK] = { "depth_peak", "%.0f" },
  [RECEIVED] = { "received", "%.0f" },
  [STORED] = { "stored", "%.0f" },
  [FAILED] = { "failed", "%.0f" },
  [REFUSED_FULL] = { "refused_full", "%.0f" },
  [REFUSED_TIMEOUT] = { "refused_timeout", "%.0f" },
  [REFUSED_OTHER] = { "refused_other", "%.0f" },
  [FULL] = { "full_s", "%.4g" },
  [WAIT_P50] = { "wait_p50_s", "%.4g" },
  [WAIT_P95] = { "wait_p95_s", "%.4g" },
  [WAIT_P99] = { "wait_p99_s", "%.4g" },
  [RESPONSE_P50] = { "response_p50_s", "%.4g" },
  [RESPONSE_P95] = { "response_p95_s", "%.4g" },
  [RESPONSE_P99] = { "response_p99_s", "%.4g" },
  [COMMIT_P50] = { "commit_p50_s", "%.4g" },
  [COMMIT_P99] = { "commit_p99_s", "%.4g" },
  [ROWS_PER_COMMIT] = { "rows_per_commit", "%.4g" },
};

typedef struct {
  gint64 step;              /* the row ends at this multiple of the step; 0: no row */
  double values[N_COLUMNS]; /* NaN: none */
} Row;

/* A copy of the counters. */
typedef struct {
  gint64 at_ns;
  WpLedger ledger;
  guint64 refused;
  double queue_limit, workers_limit, depth_forecast;
  WpDecimalHistogram wait, response, commit_ns, commit_rows;
} Totals;

typedef struct {
  gint64 step_ns;
  guint n_rows;
  guint64 peak;  /* of the step so far */
  Totals before; /* at the end of the last row */
  Row *rows;     /* step s is at s % n_rows */
} Series;

struct _WpHistory {
  GMutex mutex;      /* guards all below */
  gint64 to_unix_ns; /* unix time - now_ns at the start */
  gint64 started_ns; /* on this scale, as all below */
  Totals now;        /* of the call */
  Series seconds, minutes;
};

static void
series_init (Series *self, gint64 step_ns, guint n_rows, gint64 start_ns)
{
  self->step_ns = step_ns;
  self->n_rows = n_rows;
  self->before.at_ns = start_ns;
  self->rows = g_new0 (Row, n_rows);
}

gint64
wp_history_clock (void)
{
  struct timespec now;

  clock_gettime (CLOCK_BOOTTIME, &now);
  return now.tv_sec * WP_NS_PER_S + now.tv_nsec;
}

WpHistory *
wp_history_new (gint64 now_ns, gint64 unix_ns)
{
  WpHistory *self = g_new0 (WpHistory, 1);

  g_mutex_init (&self->mutex);
  self->to_unix_ns = unix_ns - now_ns;
  self->started_ns = unix_ns;
  series_init (&self->seconds, WP_NS_PER_S, 3600, unix_ns);
  series_init (&self->minutes, 60 * WP_NS_PER_S, 1440, unix_ns);

  return self;
}

void
wp_history_free (WpHistory *self)
{
  g_mutex_clear (&self->mutex);
  g_free (self->seconds.rows);
  g_free (self->minutes.rows);
  g_free (self);
}

static double
seconds (double ns)
{
  return ns < 0 ? NAN : ns / WP_NS_PER_S;
}

static void
set_times (double *values, const WpDecimalHistogram *now, const WpDecimalHistogram *before)
{
  values[0] = seconds (wp_decimal_histogram_quantile (now, before, 0.5));
  values[1] = seconds (wp_decimal_histogram_quantile (now, before, 0.95));
  values[2] = seconds (wp_decimal_histogram_quantile (now, before, 0.99));
}

static void
set_commits (double *values, const Totals *now, const Totals *before)
{
  guint64 commits = wp_decimal_histogram_count (&now->commit_rows, WP_DECIMAL_BOUNDS)
                    - wp_decimal_histogram_count (&before->commit_rows, WP_DECIMAL_BOUNDS);

  values[COMMIT_P50] = seconds (wp_decimal_histogram_quantile (&now->commit_ns, &before->commit_ns, 0.5));
  values[COMMIT_P99] = seconds (wp_decimal_histogram_quantile (&now->commit_ns, &before->commit_ns, 0.99));
  values[ROWS_PER_COMMIT]
      = commits > 0 ? (double) (now->commit_rows.sum - before->commit_rows.sum) / (double) commits : NAN;
}

static void
set_whole (double *values, const Totals *now, const Totals *before)
{
  values[RECEIVED] = (double) (now->ledger.received - before->ledger.received);
  values[STORED] = (double) (now->ledger.stored - before->ledger.stored);
  values[FAILED] = (double) (now->ledger.failed - before->ledger.failed);
  values[REFUSED_FULL] = (double) (now->ledger.rejected - before->ledger.rejected);
  values[REFUSED_TIMEOUT] = (double) (now->ledger.timed_out - before->ledger.timed_out);
  values[REFUSED_OTHER] = (double) (now->refused - before->refused);
  values[FULL] = seconds ((double) (now->ledger.full_ns - before->ledger.full_ns));
  set_times (values + WAIT_P50, &now->wait, &before->wait);
  set_times (values + RESPONSE_P50, &now->response, &before->response);
  set_commits (values, now, before);
}

static void
series_add (Series *self, const Totals *now)
{
  gint64 step = now->at_ns / self->step_ns;
  Row *row = &self->rows[step % self->n_rows];

  self->peak = MAX (self->peak, now->ledger.recent_queued_peak);
  if (step == self->before.at_ns / self->step_ns)
    return;
  row->step = step;
  for (Column i = 0; i < N_COLUMNS; i++)
    row->values[i] = NAN;
  row->values[DEPTH] = (double) now->ledger.queued;
  row->values[PARKED] = (double) now->ledger.parked;
  row->values[BUSY] = (double) now->ledger.in_service;
  row->values[QUEUE_LIMIT] = now->queue_limit;
  row->values[WORKERS_LIMIT] = now->workers_limit;
  row->values[DEPTH_FORECAST] = now->depth_forecast;
  if (now->at_ns - self->before.at_ns < self->step_ns + LATE_NS)
    {
      row->values[DEPTH_PEAK] = (double) self->peak;
      set_whole (row->values, now, &self->before);
    }
  self->peak = now->ledger.queued;
  self->before = *now;
}

static void
copy_source (Totals *self, gint64 now_ns, const WpHistorySource *source)
{
  self->at_ns = now_ns;
  self->ledger = source->ledger;
  self->refused = source->refused;
  self->queue_limit = source->queue_limit;
  self->workers_limit = source->workers_limit;
  self->depth_forecast = source->depth_forecast;
  wp_decimal_histogram_copy (&self->wait, &source->times->wait);
  wp_decimal_histogram_copy (&self->response, &source->times->response);
  wp_decimal_histogram_copy (&self->commit_ns, source->commit_ns);
  wp_decimal_histogram_copy (&self->commit_rows, source->commit_rows);
}

void
wp_history_add (WpHistory *self, gint64 now_ns, const WpHistorySource *source)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  copy_source (&self->now, now_ns + self->to_unix_ns, source);
  series_add (&self->seconds, &self->now);
  series_add (&self->minutes, &self->now);
}

gint64
wp_history_next (const WpHistory *self, gint64 now_ns)
{
  return now_ns + WP_NS_PER_S - (now_ns + self->to_unix_ns) % WP_NS_PER_S;
}

guint64
wp_history_peak (WpHistory *self, gint64 now_ns, guint span_s)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  const Series *series = &self->seconds;
  gint64 last = (now_ns + self->to_unix_ns) / series->step_ns;
  double peak = (double) series->peak;

  for (gint64 step = last + 1 - span_s; step <= last; step++)
    if (series->rows[step % series->n_rows].step == step)
      peak = fmax (peak, series->rows[step % series->n_rows].values[DEPTH_PEAK]);
  return (guint64) peak;
}

static void
append_number (GString *text, const char *format, double value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (text, isnan (value) ? "null" : g_ascii_formatd (number, sizeof number, format, value));
}

static void
append_column (GString *text, const Series *series, gint64 first, gint64 last, Column column)
{
  g_string_append_printf (text, ",\n\"%s\": [", columns[column].name);
  for (gint64 step = first; step <= last; step++)
    {
      const Row *row = &series->rows[step % series->n_rows];

      if (step > first)
        g_string_append_c (text, ',');
      append_number (text, columns[column].format, row->step == step ? row->values[column] : NAN);
    }
  g_string_append_c (text, ']');
}

void
wp_history_append_json (WpHistory *self, const WpHistoryQuery *query, GString *text)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  const Series *series = query->step_s == 1 ? &self->seconds : &self->minutes;
  double moved_s = round ((double) (query->unix_ns - query->now_ns - self->to_unix_ns) / WP_NS_PER_S);
  gint64 last = series->before.at_ns / series->step_ns, first = last + 1 - query->period_s / query->step_s;

  first = MAX (first, self->started_ns / series->step_ns + 1);
  if (query->since_s > moved_s)
    first = MAX (first, (gint64) fmin ((query->since_s - moved_s) / query->step_s, last) + 1);
  g_string_append (text, "\"started\": ");
  append_number (text, "%.3f", (double) self->started_ns / WP_NS_PER_S + moved_s);
  g_string_append (text, ", \"now\": ");
  append_number (text, "%.3f", (double) query->unix_ns / WP_NS_PER_S);
  g_string_append_printf (text, ", \"step_s\": %u, \"period_s\": %u,\n\"time\": [", query->step_s,
                          query->period_s);
  for (gint64 step = first; step <= last; step++)
    {
      if (step > first)
        g_string_append_c (text, ',');
      append_number (text, "%.0f", (double) (step * query->step_s) + moved_s);
    }
  g_string_append_c (text, ']');
  for (Column i = 0; i < N_COLUMNS; i++)
    append_column (text, series, first, last, i);
}
