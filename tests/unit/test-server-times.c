/* Ring, heap and tournament tree give the least time at which a server is free, as a sorted array does. */
#include "sim/base/wp-time.h"
#include "sim/model/wp-server-times.h"

#include <stdlib.h>

#include "sim/stats/wp-random.h"

#define MAX_WORKERS 70

/* The array is sorted; its first entry is taken at @start, and is @end from then on. */
static void
take_naively (gint64 *free_ns, guint workers, gint64 end)
{
  free_ns[0] = end;
  qsort (free_ns, workers, sizeof *free_ns, wp_time_compare);
}

static void
check (WpRandom *random, guint workers, guint64 most_gap, guint64 most_service, gboolean constant)
{
  WpServerTimes times;
  gint64 free_ns[MAX_WORKERS] = { 0 }, arrival = 0, service = (gint64) most_service;

  wp_server_times_init (&times, workers);
  for (guint i = 0; i < 2000; i++)
    {
      gint64 start;

      arrival += (gint64) wp_random_below (random, most_gap);
      if (!constant)
        service = (gint64) wp_random_below (random, most_service);
      start = wp_server_times_next (&times, arrival);
      g_assert_cmpint (start, ==, MAX (arrival, free_ns[0]));
      wp_server_times_take (&times, start, start + service);
      take_naively (free_ns, workers, start + service);
    }
  g_assert_cmpuint (times.n, <=, workers);
  wp_server_times_clear (&times);
}

static void
test_equals_sorted (void)
{
  guint64 seed = g_test_rand_int ();
  WpRandom random;

  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < 400; i++)
    check (&random, 1 + i % MAX_WORKERS, 1 + wp_random_below (&random, 20),
           1 + wp_random_below (&random, 400), i % 5 == 0);
}

/* As many as were needed, and no more: room is made for them alone. */
static void
test_grows_to_busiest (void)
{
  WpServerTimes times;

  wp_server_times_init (&times, G_MAXUINT32);
  for (gint64 arrival = 0; arrival < 1000; arrival++)
    wp_server_times_take (&times, arrival, arrival + 7 - arrival % 3);
  g_assert_cmpuint (times.n, <=, 7);
  wp_server_times_clear (&times);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server-times/equals-sorted", test_equals_sorted);
  g_test_add_func ("/server-times/grows-to-busiest", test_grows_to_busiest);

  return g_test_run ();
}
