/* A ring of steps gives the times that were put in. */
#include "sim/model/wp-ring.h"

#include "sim/stats/wp-random.h"

static void
check (WpRandom *random, guint64 most_step)
{
  WpStepRing steps = { 0 };
  WpRing times = { 0 };
  gint64 now = (gint64) wp_random_below (random, 1000);

  for (guint i = 0; i < 3000; i++)
    {
      if (wp_random_below (random, 5) < 3)
        {
          now += (gint64) wp_random_below (random, most_step);
          wp_step_ring_push (&steps, now);
          wp_ring_push (&times, now);
        }
      else if (times.length > 0)
        {
          wp_step_ring_pop (&steps);
          wp_ring_pop (&times);
        }
      g_assert_cmpuint (steps.steps.length, ==, times.length);
      if (times.length > 0)
        g_assert_cmpint (steps.front, ==, wp_ring_front (&times));
    }
  for (; times.length > 0; wp_step_ring_pop (&steps), wp_ring_pop (&times))
    g_assert_cmpint (steps.front, ==, wp_ring_front (&times));
  g_assert_cmpuint (steps.steps.length, ==, 0);
  wp_step_ring_clear (&steps);
  wp_ring_clear (&times);
}

/* Steps that fit in 32 bits, that do not, and those around that. */
static void
test_equals_ring (void)
{
  guint64 seed = g_test_rand_int ();
  WpRandom random;

  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < 100; i++)
    {
      check (&random, 3);
      check (&random, G_MAXUINT32);
      check (&random, G_GUINT64_CONSTANT (1) << 33);
    }
}

static void
test_longest_steps (void)
{
  const gint64 times[] = {
    0, G_MAXUINT32 - 1, 2 * (gint64) G_MAXUINT32 - 1, 3 * (gint64) G_MAXUINT32, G_MAXINT64, G_MAXINT64
  };
  WpStepRing steps = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    wp_step_ring_push (&steps, times[i]);
  for (guint i = 0; i < G_N_ELEMENTS (times); i++, wp_step_ring_pop (&steps))
    g_assert_cmpint (steps.front, ==, times[i]);
  wp_step_ring_clear (&steps);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ring/equals-ring", test_equals_ring);
  g_test_add_func ("/ring/longest-steps", test_longest_steps);

  return g_test_run ();
}
