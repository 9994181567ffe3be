/* Lines for a queue that is full: a pair for an episode, and none for a flicker. */
#include "runtime/engine/wp-full-log.h"

#include <string.h>

static GPtrArray *lines; /* (element-type utf8) */

static void
on_log (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  g_ptr_array_add (lines, g_strdup (message));
}

typedef struct {
  WpFullLog log;
  WpLedger ledger;
  gint64 now_ns;
} Bench;

/* One second with that many ms full. */
static void
pass_second (Bench *self, guint full_ms)
{
  self->now_ns += WP_NS_PER_S;
  self->ledger.full_ns += full_ms * WP_NS_PER_MS;
  wp_full_log_step (&self->log, &self->ledger, self->now_ns);
}

static void
pass_seconds (Bench *self, guint n, guint full_ms)
{
  for (guint i = 0; i < n; i++)
    pass_second (self, full_ms);
}

static void
bench_init (Bench *self)
{
  *self = (Bench){ .now_ns = 1000 * WP_NS_PER_S };
  self->ledger = (WpLedger){ .full_ns = 77 * WP_NS_PER_S, .blocked = 100, .rejected = 10, .timed_out = 3 };
  g_ptr_array_set_size (lines, 0);
  pass_seconds (self, 2, 0);
}

/* Full, with a short time of room within, which does not end it. */
static void
test_episode (void)
{
  Bench bench;

  bench_init (&bench);
  bench.ledger.recent_parked_peak = 268;
  bench.ledger.blocked += 1000;
  pass_second (&bench, 900);
  g_assert_cmpuint (lines->len, ==, 1);
  g_assert_true (g_str_has_prefix (lines->pdata[0], "queue full since "));
  g_assert_cmpuint (strlen (lines->pdata[0]), ==, strlen ("queue full since 10:02:11"));
  bench.ledger.recent_parked_peak = 20;
  pass_seconds (&bench, 3, 1000);
  pass_seconds (&bench, 4, 0);
  bench.ledger.blocked += 1297;
  pass_seconds (&bench, 2, 500);
  g_assert_cmpuint (lines->len, ==, 1);
  pass_seconds (&bench, 4, 10);
  g_assert_cmpuint (lines->len, ==, 1);
  pass_seconds (&bench, 20, 0);
  g_assert_cmpuint (lines->len, ==, 2);
  g_assert_cmpstr (lines->pdata[1], ==,
                   "room again after 9.90 s: 2297 blocked, 268 at most at once, none refused");
}

static void
test_refused (void)
{
  Bench bench;

  bench_init (&bench);
  bench.ledger.rejected += 7;
  pass_second (&bench, 1000);
  bench.ledger.timed_out += 2;
  pass_seconds (&bench, 5, 0);
  g_assert_cmpuint (lines->len, ==, 2);
  g_assert_cmpstr (lines->pdata[1], ==, "room again after 1.00 s: 0 blocked, 0 at most at once, 9 refused");
}

/* It became full near the end of a step. */
static void
test_begins_late (void)
{
  Bench bench;

  bench_init (&bench);
  bench.ledger.blocked += 5;
  pass_second (&bench, 200);
  g_assert_cmpuint (lines->len, ==, 0);
  pass_second (&bench, 1000);
  pass_seconds (&bench, 5, 0);
  g_assert_cmpuint (lines->len, ==, 2);
  g_assert_cmpstr (lines->pdata[1], ==,
                   "room again after 1.20 s: 5 blocked, 0 at most at once, none refused");
}

/* A minute of flickers is no episode, and one of flapping is a single one. */
static void
test_flapping (void)
{
  Bench bench;

  bench_init (&bench);
  pass_seconds (&bench, 60, 400);
  g_assert_cmpuint (lines->len, ==, 0);
  for (guint i = 0; i < 20; i++)
    {
      pass_second (&bench, 1000);
      pass_seconds (&bench, 2, 0);
    }
  g_assert_cmpuint (lines->len, ==, 1);
  pass_seconds (&bench, 60, 0);
  g_assert_cmpuint (lines->len, ==, 2);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_log_set_default_handler (on_log, NULL);
  lines = g_ptr_array_new_with_free_func (g_free);
  g_test_add_func ("/full-log/episode", test_episode);
  g_test_add_func ("/full-log/refused", test_refused);
  g_test_add_func ("/full-log/begins-late", test_begins_late);
  g_test_add_func ("/full-log/flapping", test_flapping);
  status = g_test_run ();
  g_ptr_array_unref (lines);

  return status;
}
