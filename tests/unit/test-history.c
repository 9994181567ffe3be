/* The history, on a clock that the test sets: steps, gaps, minutes, and what a page asks for. */
#include "runtime/engine/wp-history.h"

#include <math.h>
#include <string.h>

#define START_UNIX_S 1764450000 /* a whole minute */
#define BOOT_NS      (1000 * WP_NS_PER_S)

typedef struct {
  WpHistory *history;
  gint64 now_ns;
  WpChannelTimes times;
  WpDecimalHistogram commit_ns, commit_rows;
  WpHistorySource source;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->now_ns = BOOT_NS;
  self->history = wp_history_new (self->now_ns, START_UNIX_S * WP_NS_PER_S);
  self->source = (WpHistorySource){ .times = &self->times,
                                    .commit_ns = &self->commit_ns,
                                    .commit_rows = &self->commit_rows,
                                    .depth_forecast = NAN };
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  wp_history_free (self->history);
}

/* Time passes, and then the sampler is on its turn. */
static void
pass (Fixture *self, gint64 ns)
{
  self->now_ns += ns;
  wp_history_add (self->history, self->now_ns, &self->source);
  self->source.ledger.recent_queued_peak = self->source.ledger.queued;
}

/* Text of the value of @member. */
static char *
read_member (Fixture *self, const WpHistoryQuery *query, const char *member)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *key = g_strdup_printf ("\"%s\": ", member);
  const char *value;

  wp_history_append_json (self->history, query, text);
  value = strstr (text->str, key);
  g_assert_nonnull (value);
  value += strlen (key);

  return g_strndup (value, *value == '[' ? strcspn (value, "]") + 1 : strcspn (value, ",\n"));
}

static void
assert_member (Fixture *self, guint step_s, guint period_s, const char *member, const char *expected)
{
  WpHistoryQuery query
      = { self->now_ns, self->now_ns - BOOT_NS + START_UNIX_S * WP_NS_PER_S, step_s, period_s, -1 };
  g_autofree char *value = read_member (self, &query, member);

  g_assert_cmpstr (value, ==, expected);
}

static void
assert_seconds (Fixture *self, const char *member, const char *expected)
{
  assert_member (self, 1, 300, member, expected);
}

static void
test_counts_of_a_step (Fixture *self, gconstpointer data)
{
  WpLedger *ledger = &self->source.ledger;

  assert_seconds (self, "time", "[]");
  *ledger = (WpLedger){ .received = 10,
                        .stored = 4,
                        .failed = 1,
                        .rejected = 2,
                        .timed_out = 3,
                        .queued = 5,
                        .recent_queued_peak = 9,
                        .parked = 6,
                        .in_service = 2,
                        .full_ns = 250 * WP_NS_PER_MS };
  self->source.refused = 7;
  self->source.queue_limit = 5;
  self->source.workers_limit = 2;
  self->source.depth_forecast = 6.25;
  pass (self, WP_NS_PER_S + 3 * WP_NS_PER_MS);
  ledger->received += 100;
  ledger->queued = 0;
  self->source.queue_limit = NAN;
  self->source.workers_limit = 8;
  self->source.depth_forecast = NAN;
  pass (self, WP_NS_PER_S);
  assert_seconds (self, "queue_limit", "[5,null]");
  assert_seconds (self, "workers_limit", "[2,8]");
  assert_seconds (self, "depth_forecast", "[6.25,null]");
  assert_seconds (self, "started", "1764450000.000");
  assert_seconds (self, "time", "[1764450001,1764450002]");
  assert_seconds (self, "received", "[10,100]");
  assert_seconds (self, "stored", "[4,0]");
  assert_seconds (self, "failed", "[1,0]");
  assert_seconds (self, "refused_full", "[2,0]");
  assert_seconds (self, "refused_timeout", "[3,0]");
  assert_seconds (self, "refused_other", "[7,0]");
  assert_seconds (self, "depth", "[5,0]");
  assert_seconds (self, "depth_peak", "[9,5]");
  assert_seconds (self, "parked", "[6,6]");
  assert_seconds (self, "busy", "[2,2]");
  assert_seconds (self, "full_s", "[0.25,0]");
}

/* Each step has its own values only. */
static void
test_percentiles_of_a_step (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 100; i++)
    {
      wp_decimal_histogram_add (&self->times.wait, (i < 50 ? 1 : 100) * WP_NS_PER_MS);
      wp_decimal_histogram_add (&self->times.response, 2 * WP_NS_PER_S);
    }
  wp_decimal_histogram_add (&self->commit_ns, 5 * WP_NS_PER_MS);
  wp_decimal_histogram_add (&self->commit_ns, 5 * WP_NS_PER_MS);
  wp_decimal_histogram_add (&self->commit_rows, 20);
  wp_decimal_histogram_add (&self->commit_rows, 31);
  pass (self, WP_NS_PER_S);
  wp_decimal_histogram_add (&self->times.wait, 0);
  pass (self, WP_NS_PER_S);
  assert_seconds (self, "wait_p50_s", "[0.0009922,0]");
  assert_seconds (self, "wait_p95_s", "[0.09922,0]");
  assert_seconds (self, "response_p99_s", "[1.984,null]");
  assert_seconds (self, "commit_p50_s", "[0.004953,null]");
  assert_seconds (self, "commit_p99_s", "[0.004953,null]");
  assert_seconds (self, "rows_per_commit", "[25.5,null]");
}

/* The machine slept for three seconds and a half: what happened meanwhile is of no second. */
static void
test_a_stall_is_a_gap (Fixture *self, gconstpointer data)
{
  self->source.ledger.received = 1;
  pass (self, WP_NS_PER_S);
  self->source.ledger.received = 900;
  self->source.ledger.queued = self->source.ledger.recent_queued_peak = 8;
  pass (self, 7 * WP_NS_PER_S / 2);
  self->source.ledger.received = 905;
  pass (self, WP_NS_PER_S / 2 + WP_NS_PER_MS);
  assert_seconds (self, "time", "[1764450001,1764450002,1764450003,1764450004,1764450005]");
  assert_seconds (self, "received", "[1,null,null,null,5]");
  assert_seconds (self, "depth", "[0,null,null,8,8]");
  assert_seconds (self, "depth_peak", "[0,null,null,null,8]");
  assert_seconds (self, "full_s", "[0,null,null,null,0]");
}

/* A timer that fires early or twice makes no row. */
static void
test_one_row_a_step (Fixture *self, gconstpointer data)
{
  self->source.ledger.recent_queued_peak = 3;
  pass (self, WP_NS_PER_S - 1);
  assert_seconds (self, "time", "[]");
  pass (self, 1);
  pass (self, WP_NS_PER_MS);
  assert_seconds (self, "time", "[1764450001]");
  assert_seconds (self, "depth_peak", "[3]");
  g_assert_cmpint (wp_history_next (self->history, self->now_ns), ==, BOOT_NS + 2 * WP_NS_PER_S);
}

static void
test_minutes (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 150; i++)
    {
      self->source.ledger.received += 2;
      self->source.ledger.recent_queued_peak = i == 70 ? 40 : 0;
      wp_decimal_histogram_add (&self->times.wait, i < 60 ? 1 : WP_NS_PER_S);
      pass (self, WP_NS_PER_S);
    }
  assert_member (self, 60, 86400, "time", "[1764450060,1764450120]");
  assert_member (self, 60, 86400, "step_s", "60");
  assert_member (self, 60, 86400, "received", "[120,120]");
  assert_member (self, 60, 86400, "depth_peak", "[0,40]");
  assert_member (self, 60, 86400, "wait_p50_s", "[0,0.9922]");
}

/* The ring keeps an hour; a page may have less, and only what is new. */
static void
test_periods (Fixture *self, gconstpointer data)
{
  WpHistoryQuery query = { 0, 0, 1, 300, START_UNIX_S + 3997 };
  g_autofree char *hour = NULL, *five = NULL, *since = NULL, *none = NULL;

  for (guint i = 0; i < 4000; i++)
    pass (self, WP_NS_PER_S);
  query.now_ns = self->now_ns;
  query.unix_ns = self->now_ns - BOOT_NS + START_UNIX_S * WP_NS_PER_S;
  since = read_member (self, &query, "time");
  g_assert_cmpstr (since, ==, "[1764453998,1764453999,1764454000]");
  query.since_s = START_UNIX_S + 5000;
  none = read_member (self, &query, "time");
  g_assert_cmpstr (none, ==, "[]");
  query.since_s = -1e300;
  five = read_member (self, &query, "time");
  g_assert_true (g_str_has_prefix (five, "[1764453701,"));
  query.period_s = 3600;
  hour = read_member (self, &query, "time");
  g_assert_true (g_str_has_prefix (hour, "[1764450401,"));
}

/* The system's clock was put right, by an hour: the rows move along. */
static void
test_the_clock_is_set (Fixture *self, gconstpointer data)
{
  WpHistoryQuery query = { 0, 0, 1, 300, -1 };
  g_autofree char *time = NULL, *started = NULL;

  pass (self, WP_NS_PER_S);
  pass (self, WP_NS_PER_S);
  query.now_ns = self->now_ns;
  query.unix_ns = (START_UNIX_S + 3602) * WP_NS_PER_S + 300 * WP_NS_PER_MS;
  time = read_member (self, &query, "time");
  started = read_member (self, &query, "started");
  g_assert_cmpstr (time, ==, "[1764453601,1764453602]");
  g_assert_cmpstr (started, ==, "1764453600.000");
}

static void
test_recent_peak (Fixture *self, gconstpointer data)
{
  self->source.ledger.recent_queued_peak = 12;
  pass (self, WP_NS_PER_S);
  for (guint i = 0; i < 58; i++)
    pass (self, WP_NS_PER_S);
  g_assert_cmpuint (wp_history_peak (self->history, self->now_ns, 60), ==, 12);
  pass (self, WP_NS_PER_S);
  g_assert_cmpuint (wp_history_peak (self->history, self->now_ns, 60), ==, 12);
  pass (self, WP_NS_PER_S);
  g_assert_cmpuint (wp_history_peak (self->history, self->now_ns, 60), ==, 0);
  g_assert_cmpuint (wp_history_peak (self->history, self->now_ns, 61), ==, 12);
}

#define ADD(name, function) g_test_add ("/history/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("counts-of-a-step", test_counts_of_a_step);
  ADD ("percentiles-of-a-step", test_percentiles_of_a_step);
  ADD ("a-stall-is-a-gap", test_a_stall_is_a_gap);
  ADD ("one-row-a-step", test_one_row_a_step);
  ADD ("minutes", test_minutes);
  ADD ("periods", test_periods);
  ADD ("the-clock-is-set", test_the_clock_is_set);
  ADD ("recent-peak", test_recent_peak);

  return g_test_run ();
}
