/* The clock: in order, never early, each timer once. */
#include "runtime/queue/wp-clock.h"

#include <string.h>

#include "sim/base/wp-time.h"

#define N_TIMERS    4000
#define N_THREADS   4
#define MAX_HELPERS 2
#define GIVE_UP_US  (20 * G_USEC_PER_SEC)

typedef struct {
  WpTimer *timer;
  gint64 due_ns, fired_ns;
  GThread *by;
} Firing;

typedef struct {
  WpClock *clock;
  gint helped_enough; /* atomic */
  GMutex mutex;
  GCond fired;
  GArray *firings; /* (element-type Firing): guarded by mutex */
  guint again;     /* guarded by mutex: how often a timer still arms itself */
  WpTimer timers[N_TIMERS];
  gint64 due_ns[N_TIMERS]; /* the deadline of each */
} Bench;

static void
arm (Bench *self, guint i, gint64 due_ns)
{
  self->due_ns[i] = due_ns;
  wp_clock_arm (self->clock, &self->timers[i], due_ns);
}

static void
on_fire (WpTimer *timer, gpointer data)
{
  Bench *bench = data;
  guint i = (guint) (timer - bench->timers);
  Firing firing = { timer, bench->due_ns[i], wp_time_monotonic (), g_thread_self () };
  gboolean again;

  g_mutex_lock (&bench->mutex);
  g_array_append_val (bench->firings, firing);
  again = bench->again > 0;
  bench->again -= again;
  g_cond_signal (&bench->fired);
  g_mutex_unlock (&bench->mutex);
  if (again)
    arm (bench, i, firing.fired_ns + WP_NS_PER_MS);
}

static Bench *
bench_new (void)
{
  g_autoptr (GError) error = NULL;
  Bench *self = g_new0 (Bench, 1);

  self->clock = wp_clock_new (&error);
  g_assert_no_error (error);
  self->firings = g_array_new (FALSE, FALSE, sizeof (Firing));
  g_mutex_init (&self->mutex);
  g_cond_init (&self->fired);
  for (guint i = 0; i < N_TIMERS; i++)
    {
      self->timers[i].fire = on_fire;
      self->timers[i].data = self;
    }
  return self;
}

static void
bench_free (Bench *self)
{
  wp_clock_free (self->clock);
  g_array_unref (self->firings);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->fired);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bench, bench_free)

static const Firing *
wait_for (Bench *self, guint n)
{
  gint64 until_us = g_get_monotonic_time () + GIVE_UP_US;

  g_mutex_lock (&self->mutex);
  while (self->firings->len < n)
    g_assert_true (g_cond_wait_until (&self->fired, &self->mutex, until_us));
  g_mutex_unlock (&self->mutex);

  return (const Firing *) (gpointer) self->firings->data;
}

static gpointer
help (gpointer data)
{
  Bench *self = data;

  while (!g_atomic_int_get (&self->helped_enough))
    wp_clock_fire_due (self->clock);

  return NULL;
}

/* While @n_helpers threads help all the time. FALSE: the machine stalled, and a timer was due before the last
 * was armed, or no helper got to fire one. */
static gboolean
fires_in_order (guint n_helpers)
{
  g_autoptr (Bench) bench = bench_new ();
  gint64 base_ns = wp_time_monotonic () + 30 * WP_NS_PER_MS;
  GThread *helpers[MAX_HELPERS];
  const Firing *firings;
  gboolean armed_in_time;
  guint n_helped = 0;

  for (guint i = 0; i < n_helpers; i++)
    helpers[i] = g_thread_new ("helper", help, bench);
  for (guint i = 0; i < N_TIMERS; i++)
    arm (bench, i, base_ns + g_test_rand_int_range (0, 30) * WP_NS_PER_MS + g_test_rand_int_range (0, 4));
  armed_in_time = wp_time_monotonic () < base_ns;
  firings = wait_for (bench, N_TIMERS);
  g_atomic_int_set (&bench->helped_enough, TRUE);
  for (guint i = 0; i < n_helpers; i++)
    g_thread_join (helpers[i]);
  for (guint i = 0; i < N_TIMERS; i++)
    {
      g_assert_cmpint (firings[i].fired_ns, >=, firings[i].due_ns);
      g_assert_false (firings[i].timer->armed);
      if (armed_in_time && i > 0)
        g_assert_cmpint (firings[i].due_ns, >=, firings[i - 1].due_ns);
      for (guint j = 0; j < n_helpers; j++)
        n_helped += firings[i].by == helpers[j];
    }
  g_assert_cmpuint (bench->firings->len, ==, N_TIMERS);

  return armed_in_time && (n_helpers == 0 || n_helped > 0);
}

static void
test_in_order (gconstpointer n_helpers)
{
  for (guint i = 0; i < 20; i++)
    if (fires_in_order (GPOINTER_TO_UINT (n_helpers)))
      return;
  g_test_skip ("4,000 timers could not be armed within 30 ms on this machine, or nobody could help");
}

typedef struct {
  Bench *bench;
  guint first; /* of its timers */
  guint32 seed;
} Armer;

static gpointer
arm_share (gpointer data)
{
  const Armer *self = data;
  g_autoptr (GRand) random = g_rand_new_with_seed (self->seed);

  for (guint i = 0; i < N_TIMERS / N_THREADS; i++)
    {
      arm (self->bench, self->first + i,
           wp_time_monotonic () + g_rand_int_range (random, -1000000, 20000000));
      if (g_rand_int_range (random, 0, 20) == 0)
        g_thread_yield ();
    }
  return NULL;
}

static void
test_many_threads (void)
{
  g_autoptr (Bench) bench = bench_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  GThread *threads[N_THREADS];
  Armer armers[N_THREADS];
  const Firing *firings;

  for (guint i = 0; i < N_THREADS; i++)
    {
      armers[i] = (Armer){ bench, i * (N_TIMERS / N_THREADS), g_test_rand_int () };
      threads[i] = g_thread_new ("armer", arm_share, &armers[i]);
    }
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  firings = wait_for (bench, N_TIMERS);
  for (guint i = 0; i < N_TIMERS; i++)
    {
      g_assert_cmpint (firings[i].fired_ns, >=, firings[i].due_ns);
      g_assert_true (g_hash_table_add (seen, firings[i].timer));
    }
  g_assert_cmpuint (bench->firings->len, ==, N_TIMERS);
}

/* The earlier moment counts, whichever was asked for last, and the timer fires once. */
static void
test_later_deadline_is_ignored (void)
{
  g_autoptr (Bench) bench = bench_new ();
  gint64 now_ns = wp_time_monotonic (), soon_ns = now_ns + 5 * WP_NS_PER_MS;
  const Firing *firings;

  arm (bench, 0, now_ns + 3600 * WP_NS_PER_S);
  arm (bench, 0, soon_ns);
  wp_clock_arm (bench->clock, &bench->timers[0], now_ns + 7200 * WP_NS_PER_S);
  arm (bench, 1, soon_ns + 10 * WP_NS_PER_MS);
  firings = wait_for (bench, 2);
  g_assert_true (firings[0].timer == &bench->timers[0] && firings[1].timer == &bench->timers[1]);
  g_assert_cmpint (firings[0].fired_ns, >=, soon_ns);
}

/* The stale entry of the later deadline fires nothing: not the timer, which is armed for a still later
 * one. */
static void
test_earlier_deadline_replaces_later (void)
{
  g_autoptr (Bench) bench = bench_new ();
  gint64 now_ns = wp_time_monotonic ();
  const Firing *firings;

  arm (bench, 0, now_ns + 20 * WP_NS_PER_MS);
  arm (bench, 0, now_ns + 1);
  wait_for (bench, 1);
  arm (bench, 0, now_ns + 40 * WP_NS_PER_MS);
  firings = wait_for (bench, 2);
  g_assert_cmpint (firings[1].fired_ns, >=, now_ns + 40 * WP_NS_PER_MS);
}

/* A timer in the middle of the heap moves up before all others. */
static void
test_moves_up_in_the_heap (void)
{
  g_autoptr (Bench) bench = bench_new ();
  gint64 far_ns = wp_time_monotonic () + 3600 * WP_NS_PER_S;
  const Firing *firings;

  for (guint i = 0; i < N_TIMERS; i++)
    arm (bench, i, far_ns + g_test_rand_int_range (0, 1000000));
  for (guint i = 0; i < 50; i++)
    arm (bench, 37 + 71 * i, (gint64) i + 1);
  firings = wait_for (bench, 50);
  for (guint i = 0; i < 50; i++)
    g_assert_cmpint (firings[i].due_ns, <=, 50);
  g_assert_cmpuint (bench->firings->len, ==, 50);
}

static void
test_rearms_in_callback (void)
{
  g_autoptr (Bench) bench = bench_new ();
  const Firing *firings;

  bench->again = 9;
  arm (bench, 0, 1);
  firings = wait_for (bench, 10);
  for (guint i = 1; i < 10; i++)
    g_assert_cmpint (firings[i].fired_ns - firings[i - 1].fired_ns, >=, WP_NS_PER_MS);
}

static void
test_freed_while_armed (void)
{
  for (guint i = 0; i < 200; i++)
    {
      g_autoptr (Bench) bench = bench_new ();

      arm (bench, 0, wp_time_monotonic () + 3600 * WP_NS_PER_S);
      if (i % 2)
        arm (bench, 1, wp_time_monotonic () + g_test_rand_int_range (0, 100000));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/clock/in-order", GUINT_TO_POINTER (0), test_in_order);
  g_test_add_data_func ("/clock/in-order-with-callers-thread", GUINT_TO_POINTER (MAX_HELPERS), test_in_order);
  g_test_add_func ("/clock/many-threads", test_many_threads);
  g_test_add_func ("/clock/later-deadline-is-ignored", test_later_deadline_is_ignored);
  g_test_add_func ("/clock/earlier-deadline-replaces-later", test_earlier_deadline_replaces_later);
  g_test_add_func ("/clock/moves-up-in-the-heap", test_moves_up_in_the_heap);
  g_test_add_func ("/clock/rearms-in-callback", test_rearms_in_callback);
  g_test_add_func ("/clock/freed-while-armed", test_freed_while_armed);

  return g_test_run ();
}
