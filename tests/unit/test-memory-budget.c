/* The memory budget, from several threads. */
#include "runtime/queue/wp-memory-budget.h"

#define MAX_BYTES 1000
#define N_TRIES   500000

typedef struct {
  WpMemoryBudget *budget;
  gint stopping; /* atomic */
} Crowd;

static gpointer
ask_for_too_much (gpointer data)
{
  Crowd *crowd = data;

  while (!g_atomic_int_get (&crowd->stopping))
    g_assert_false (wp_memory_budget_take (crowd->budget, MAX_BYTES));
  return NULL;
}

/* A refused request takes no bytes from others, and the budget does not look exhausted, not even for a
 * moment. */
static void
test_refused_bytes_are_not_counted (void)
{
  Crowd crowd = { wp_memory_budget_new (MAX_BYTES), FALSE };
  GThread *thread;

  wp_memory_budget_take_unchecked (crowd.budget, 1);
  thread = g_thread_new ("greedy", ask_for_too_much, &crowd);
  for (guint i = 0; i < N_TRIES; i++)
    {
      g_assert_false (wp_memory_budget_is_over (crowd.budget));
      g_assert_true (wp_memory_budget_take (crowd.budget, 2));
      wp_memory_budget_release (crowd.budget, 2);
    }
  g_atomic_int_set (&crowd.stopping, TRUE);
  g_thread_join (thread);
  g_assert_cmpuint (wp_memory_budget_held (crowd.budget), ==, 1);
  wp_memory_budget_free (crowd.budget);
}

static void
test_limit (void)
{
  g_autoptr (WpMemoryBudget) budget = wp_memory_budget_new (MAX_BYTES);

  g_assert_true (wp_memory_budget_take (budget, MAX_BYTES));
  g_assert_false (wp_memory_budget_is_over (budget));
  g_assert_true (wp_memory_budget_is_used_up (budget));
  g_assert_false (wp_memory_budget_take (budget, 1));
  wp_memory_budget_take_unchecked (budget, 1);
  g_assert_true (wp_memory_budget_is_over (budget));
  wp_memory_budget_release (budget, MAX_BYTES + 1);
  g_assert_cmpuint (wp_memory_budget_held (budget), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory-budget/limit", test_limit);
  g_test_add_func ("/memory-budget/refused-bytes-are-not-counted", test_refused_bytes_are_not_counted);

  return g_test_run ();
}
