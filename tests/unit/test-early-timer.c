/* The early timer: how early it is set, and how it learns from late wake-ups. */
#include "runtime/queue/wp-early-timer.h"

#include <glib.h>

#define LATE_NS (40 * WP_NS_PER_US)

/* @n moments, a millisecond apart, to each of which the thread wakes @late_ns after the timer. */
static void
wake_times (WpEarlyTimer *alarm, guint n, gint64 late_ns)
{
  for (guint i = 0; i < n; i++)
    wp_early_timer_note_wakeup (alarm, wp_early_timer_set (alarm, (i + 1) * WP_NS_PER_MS, i * WP_NS_PER_MS)
                                           + late_ns);
}

static void
test_the_timer_is_set_as_early_as_waking_takes (void)
{
  WpEarlyTimer alarm;

  wp_early_timer_init (&alarm, 0);
  g_assert_cmpint (wp_early_timer_set (&alarm, WP_NS_PER_MS, 0), ==, WP_NS_PER_MS);
  wake_times (&alarm, 1000, LATE_NS);
  g_assert_cmpint (ABS (WP_NS_PER_MS - wp_early_timer_set (&alarm, WP_NS_PER_MS, 0) - LATE_NS), <=,
                   3 * WP_NS_PER_US);
}

static void
test_most_wake_ups_are_early (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  WpEarlyTimer alarm;
  guint n_early = 0;

  wp_early_timer_init (&alarm, 0);
  for (guint i = 0; i < 4000; i++)
    {
      gint64 late_ns = g_rand_int_range (rand, 0, LATE_NS);

      n_early += i >= 1000 && late_ns <= alarm.takes_ns;
      wake_times (&alarm, 1, late_ns);
    }
  g_assert_cmpuint (n_early, >=, 2000);
  g_assert_cmpuint (n_early, <=, 2600);
}

static void
test_stall (void)
{
  WpEarlyTimer alarm;

  wp_early_timer_init (&alarm, 0);
  wake_times (&alarm, 1000, WP_NS_PER_S);
  g_assert_cmpint (wp_early_timer_set (&alarm, WP_NS_PER_MS, 0), >=, WP_NS_PER_MS - 100 * WP_NS_PER_US);
}

/* A moment that is near, or none, teaches nothing: the timer may have been over when it was set. */
static void
test_near_deadline (void)
{
  WpEarlyTimer alarm;

  wp_early_timer_init (&alarm, 0);
  wake_times (&alarm, 1000, LATE_NS);
  for (guint i = 0; i < 1000; i++)
    {
      g_assert_cmpint (wp_early_timer_set (&alarm, 100 * WP_NS_PER_US, 0), ==, 100 * WP_NS_PER_US);
      wp_early_timer_note_wakeup (&alarm, WP_NS_PER_S);
    }
  g_assert_cmpint (wp_early_timer_set (&alarm, G_MAXINT64, 0), ==, G_MAXINT64);
  wp_early_timer_note_wakeup (&alarm, WP_NS_PER_S);
  g_assert_cmpint (wp_early_timer_set (&alarm, WP_NS_PER_MS, 0), <, WP_NS_PER_MS - LATE_NS / 2);
}

/* With a warm-up a thread wakes earlier after a long sleep, from which nothing is learnt for short ones. */
static void
test_long_sleep (void)
{
  const gint64 warm_up_ns = 400 * WP_NS_PER_US, long_ns = 5 * WP_NS_PER_MS;
  WpEarlyTimer alarm;

  wp_early_timer_init (&alarm, warm_up_ns);
  for (guint i = 0; i < 100; i++)
    {
      g_assert_cmpint (wp_early_timer_set (&alarm, long_ns, 0), ==, long_ns - warm_up_ns);
      wp_early_timer_note_wakeup (&alarm, long_ns);
    }
  g_assert_cmpint (wp_early_timer_set (&alarm, long_ns - 1, 0), ==, long_ns - 1);
  g_assert_cmpint (wp_early_timer_set (&alarm, G_MAXINT64, 0), ==, G_MAXINT64);
  wp_early_timer_init (&alarm, 0);
  g_assert_cmpint (wp_early_timer_set (&alarm, long_ns, 0), ==, long_ns);
}

static void
test_never_too_early (void)
{
  WpEarlyTimer alarm;
  gint64 due_ns = wp_time_monotonic () + 50 * WP_NS_PER_US;

  wp_early_timer_init (&alarm, 0);
  wp_early_timer_spin_until (&alarm, due_ns);
  g_assert_cmpint (wp_time_monotonic (), >=, due_ns);
  wp_early_timer_spin_until (&alarm, G_MAXINT64); /* and nobody hangs in it */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/early-timer/as-early-as-waking-takes", test_the_timer_is_set_as_early_as_waking_takes);
  g_test_add_func ("/early-timer/most-are-early", test_most_wake_ups_are_early);
  g_test_add_func ("/early-timer/stall", test_stall);
  g_test_add_func ("/early-timer/near-deadline", test_near_deadline);
  g_test_add_func ("/early-timer/long-sleep", test_long_sleep);
  g_test_add_func ("/early-timer/never-too-early", test_never_too_early);

  return g_test_run ();
}
