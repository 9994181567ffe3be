/* The slots of connections: never more than the limit, and waiting takers get them in turn. */
#include "runtime/http/wp-slots.h"

#define N_TAKERS   4
#define N_SLOTS    3
#define TURNS_EACH 20000

typedef struct {
  WpSlotTaker taker;
  guint n_granted;
} Claim;

static void
on_granted (gpointer data)
{
  ((Claim *) data)->n_granted++;
}

static void
claim_init (Claim *self)
{
  *self = (Claim){ { .granted = on_granted, .data = self }, 0 };
}

/* A released slot is reserved for the taker that has waited longest; a taker that asks twice waits once. */
static void
test_in_turn (void)
{
  WpSlots *slots = wp_slots_new (1);
  Claim claims[N_TAKERS];

  for (guint i = 0; i < N_TAKERS; i++)
    {
      claim_init (&claims[i]);
      g_assert_cmpint (wp_slots_take (slots, &claims[i].taker), ==, i == 0);
    }
  g_assert_false (wp_slots_take (slots, &claims[1].taker));
  for (guint i = 1; i < N_TAKERS; i++)
    {
      wp_slots_release (slots);
      for (guint j = 0; j < N_TAKERS; j++)
        g_assert_cmpuint (claims[j].n_granted, ==, j >= 1 && j <= i);
      g_assert_true (wp_slots_take (slots, &claims[i].taker));
    }
  wp_slots_release (slots);
  g_assert_true (wp_slots_take (slots, &claims[0].taker));
  g_assert_false (wp_slots_take (slots, &claims[0].taker));
  wp_slots_free (slots);
}

/* A taker that leaves frees its place in the queue and its reserved slot. */
static void
test_leave (void)
{
  WpSlots *slots = wp_slots_new (1);
  Claim claims[N_TAKERS];

  for (guint i = 0; i < N_TAKERS; i++)
    {
      claim_init (&claims[i]);
      wp_slots_take (slots, &claims[i].taker);
    }
  wp_slots_cancel (slots, &claims[1].taker);
  wp_slots_release (slots);
  g_assert_cmpuint (claims[1].n_granted, ==, 0);
  g_assert_cmpuint (claims[2].n_granted, ==, 1);
  wp_slots_cancel (slots, &claims[2].taker);
  g_assert_cmpuint (claims[3].n_granted, ==, 1);
  wp_slots_cancel (slots, &claims[3].taker);
  g_assert_true (wp_slots_take (slots, &claims[0].taker));
  g_assert_false (wp_slots_take (slots, &claims[1].taker));
  wp_slots_free (slots);
}

typedef struct {
  WpSlots *slots;
  gint n_taken; /* atomic */
} Crowd;

static gpointer
take_and_give (gpointer data)
{
  Crowd *crowd = data;
  Claim claim;

  claim_init (&claim);
  for (guint i = 0; i < TURNS_EACH; i++)
    {
      while (!wp_slots_take (crowd->slots, &claim.taker))
        g_thread_yield ();
      g_assert_cmpint (g_atomic_int_add (&crowd->n_taken, 1), <, N_SLOTS);
      g_atomic_int_add (&crowd->n_taken, -1);
      wp_slots_release (crowd->slots);
    }
  wp_slots_cancel (crowd->slots, &claim.taker);
  return NULL;
}

/* From several threads: none is lost, and none is there twice. */
static void
test_many_threads (void)
{
  Crowd crowd = { wp_slots_new (N_SLOTS), 0 };
  GThread *threads[N_TAKERS];
  Claim claims[N_SLOTS + 1];

  for (guint i = 0; i < N_TAKERS; i++)
    threads[i] = g_thread_new ("taker", take_and_give, &crowd);
  for (guint i = 0; i < N_TAKERS; i++)
    g_thread_join (threads[i]);
  for (guint i = 0; i < G_N_ELEMENTS (claims); i++)
    {
      claim_init (&claims[i]);
      g_assert_cmpint (wp_slots_take (crowd.slots, &claims[i].taker), ==, i < N_SLOTS);
    }
  wp_slots_free (crowd.slots);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/slots/in-turn", test_in_turn);
  g_test_add_func ("/slots/leave", test_leave);
  g_test_add_func ("/slots/many-threads", test_many_threads);

  return g_test_run ();
}
