#include "runtime/replay/wp-tally.h"

#include <math.h>

#include "sim/base/wp-memory.h"

#define N_STATUSES 1000

struct _WpTally {
  WpTallyResult *results;
  gsize n_requests;
  guint64 n_sent, n_answered, n_left, n_failed;
  guint64 n_status[N_STATUSES];
  gint64 last_sent_ns, last_ended_ns;
  GHashTable *failures;
  WpHistogram *latency;
  double latency_squares; /* their sum */
  WpHistogram *response;
  WpHistogram *lag;
  WpTallyInterval *interval; /* since the last one was taken; NULL: none is kept */
};

WpTallyInterval *
wp_tally_interval_new (void)
{
  WpTallyInterval *self = g_new0 (WpTallyInterval, 1);

  self->latency = wp_histogram_new ();
  self->lag = wp_histogram_new ();
  return self;
}

void
wp_tally_interval_add (WpTallyInterval *self, const WpTallyInterval *other)
{
  wp_histogram_merge (self->latency, other->latency);
  wp_histogram_merge (self->lag, other->lag);
  self->n_failed += other->n_failed;
  self->n_left += other->n_left;
}

void
wp_tally_interval_free (WpTallyInterval *self)
{
  wp_histogram_free (self->latency);
  wp_histogram_free (self->lag);
  g_free (self);
}

WpTally *
wp_tally_new (gsize n_requests, GError **error)
{
  WpTallyResult *results = g_try_new0 (WpTallyResult, MAX (n_requests, 1));
  WpTally *self;

  if (!results)
    {
      wp_memory_fail (n_requests, error);
      return NULL;
    }
  self = g_new0 (WpTally, 1);
  self->results = results;
  self->n_requests = n_requests;
  for (gsize i = 0; i < n_requests; i++)
    wp_tally_restart (self, i);
  self->last_sent_ns = self->last_ended_ns = WP_TIME_NONE;
  self->failures = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  self->latency = wp_histogram_new ();
  self->response = wp_histogram_new ();
  self->lag = wp_histogram_new ();

  return self;
}

void
wp_tally_free (WpTally *self)
{
  g_hash_table_unref (self->failures);
  g_clear_pointer (&self->interval, wp_tally_interval_free);
  wp_histogram_free (self->latency);
  wp_histogram_free (self->response);
  wp_histogram_free (self->lag);
  g_free (self->results);
  g_free (self);
}

WpTallyInterval *
wp_tally_take_interval (WpTally *self)
{
  WpTallyInterval *taken = g_steal_pointer (&self->interval);

  self->interval = wp_tally_interval_new ();
  return taken;
}

void
wp_tally_sent (WpTally *self, gsize i, gint64 planned_ns, gint64 now_ns)
{
  g_assert (i < self->n_requests);
  if (self->results[i].sent_ns != WP_TIME_NONE)
    return;
  self->results[i].sent_ns = now_ns;
  self->last_sent_ns = now_ns;
  self->n_sent++;
  wp_histogram_add (self->lag, MAX (now_ns - planned_ns, 0), 1);
  if (self->interval)
    wp_histogram_add (self->interval->lag, MAX (now_ns - planned_ns, 0), 1);
}

static WpTallyResult *
end (WpTally *self, gsize i, gint64 now_ns, WpOutcome outcome)
{
  WpTallyResult *result = &self->results[i];

  g_assert (i < self->n_requests && result->ended_ns == WP_TIME_NONE);
  result->ended_ns = now_ns;
  result->outcome = outcome;
  self->last_ended_ns = now_ns;

  return result;
}

/* 429 says that there are too many requests; 503 says so only with Retry-After, and without it that something
 * is broken. */
static WpOutcome
outcome_of (guint status, gboolean has_retry)
{
  if (status / 100 == 2)
    return WP_OUTCOME_STORED;
  return status == 429 || (status == 503 && has_retry) ? WP_OUTCOME_REJECTED : WP_OUTCOME_FAILED;
}

void
wp_tally_answered (WpTally *self, gsize i, gint64 planned_ns, gint64 now_ns, guint status, gboolean has_retry)
{
  WpTallyResult *result = end (self, i, now_ns, outcome_of (status, has_retry));
  gint64 latency_ns = MAX (now_ns - planned_ns, 0);

  result->status = MIN (status, N_STATUSES - 1);
  self->n_status[result->status]++;
  self->n_answered++;
  wp_histogram_add (self->latency, latency_ns, 1);
  self->latency_squares += (double) latency_ns * (double) latency_ns;
  wp_histogram_add (self->response, MAX (now_ns - result->sent_ns, 0), 1);
  if (self->interval)
    wp_histogram_add (self->interval->latency, latency_ns, 1);
}

void
wp_tally_left (WpTally *self, gsize i, gint64 now_ns)
{
  end (self, i, now_ns, WP_OUTCOME_ABANDONED);
  self->n_left++;
  if (self->interval)
    self->interval->n_left++;
}

static void
count_failure (WpTally *self, const char *reason, guint64 n)
{
  guint64 *count = g_hash_table_lookup (self->failures, reason);

  if (!count)
    {
      count = g_new0 (guint64, 1);
      g_hash_table_insert (self->failures, (gpointer) reason, count);
    }
  *count += n;
}

void
wp_tally_failed (WpTally *self, gsize i, gint64 now_ns, const char *error)
{
  WpTallyResult *result = end (self, i, now_ns, WP_OUTCOME_FAILED);

  result->error = g_intern_string (error);
  self->n_failed++;
  if (self->interval)
    self->interval->n_failed++;
  count_failure (self, result->error, 1);
}

void
wp_tally_restart (WpTally *self, gsize i)
{
  self->results[i] = (WpTallyResult){ .sent_ns = WP_TIME_NONE, .ended_ns = WP_TIME_NONE };
}

void
wp_tally_add (WpTally *self, const WpTally *other)
{
  GHashTableIter iter;
  gpointer reason, n;

  self->n_sent += other->n_sent;
  self->n_answered += other->n_answered;
  self->n_left += other->n_left;
  self->n_failed += other->n_failed;
  for (guint status = 0; status < N_STATUSES; status++)
    self->n_status[status] += other->n_status[status];
  self->last_sent_ns = MAX (self->last_sent_ns, other->last_sent_ns);
  self->last_ended_ns = MAX (self->last_ended_ns, other->last_ended_ns);
  g_hash_table_iter_init (&iter, other->failures);
  while (g_hash_table_iter_next (&iter, &reason, &n))
    count_failure (self, reason, *(const guint64 *) n);
  wp_histogram_merge (self->latency, other->latency);
  self->latency_squares += other->latency_squares;
  wp_histogram_merge (self->response, other->response);
  wp_histogram_merge (self->lag, other->lag);
}

const WpTallyResult *
wp_tally_result (const WpTally *self, gsize i)
{
  return &self->results[i];
}

gsize
wp_tally_length (const WpTally *self)
{
  return self->n_requests;
}

guint64
wp_tally_n_sent (const WpTally *self)
{
  return self->n_sent;
}

guint64
wp_tally_n_answered (const WpTally *self)
{
  return self->n_answered;
}

guint64
wp_tally_n_left (const WpTally *self)
{
  return self->n_left;
}

guint64
wp_tally_n_failed (const WpTally *self)
{
  return self->n_failed;
}

guint64
wp_tally_n_status (const WpTally *self, guint status)
{
  return status < N_STATUSES ? self->n_status[status] : 0;
}

gint64
wp_tally_last_sent (const WpTally *self)
{
  return self->last_sent_ns;
}

gint64
wp_tally_last_ended (const WpTally *self)
{
  return self->last_ended_ns;
}

GHashTable *
wp_tally_failures (const WpTally *self)
{
  return self->failures;
}

const WpHistogram *
wp_tally_latency (const WpTally *self)
{
  return self->latency;
}

const WpHistogram *
wp_tally_lag (const WpTally *self)
{
  return self->lag;
}

double
wp_tally_latency_deviation (const WpTally *self)
{
  double mean = wp_histogram_mean (self->latency);

  return self->n_answered == 0
             ? 0
             : sqrt (MAX (self->latency_squares / (double) self->n_answered - mean * mean, 0));
}

const WpHistogram *
wp_tally_response (const WpTally *self)
{
  return self->response;
}
