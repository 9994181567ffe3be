#include "runtime/queue/wp-memory-budget.h"

#include <stdatomic.h>

struct _WpMemoryBudget {
  guint64 max_bytes;
  _Atomic guint64 held_bytes;
};

WpMemoryBudget *
wp_memory_budget_new (guint64 max_bytes)
{
  WpMemoryBudget *self = g_new0 (WpMemoryBudget, 1);

  self->max_bytes = max_bytes;
  return self;
}

void
wp_memory_budget_free (WpMemoryBudget *self)
{
  g_free (self);
}

/* A refused amount must not be added even for a moment: other threads would find the budget exhausted. */
gboolean
wp_memory_budget_take (WpMemoryBudget *self, gsize bytes)
{
  guint64 held = wp_memory_budget_held (self);

  do
    if (held + bytes > self->max_bytes)
      return FALSE;
  while (!atomic_compare_exchange_weak_explicit (&self->held_bytes, &held, held + bytes, memory_order_relaxed,
                                                 memory_order_relaxed));
  return TRUE;
}

void
wp_memory_budget_take_unchecked (WpMemoryBudget *self, gsize bytes)
{
  atomic_fetch_add_explicit (&self->held_bytes, bytes, memory_order_relaxed);
}

gboolean
wp_memory_budget_is_used_up (const WpMemoryBudget *self)
{
  return wp_memory_budget_held (self) >= self->max_bytes;
}

void
wp_memory_budget_release (WpMemoryBudget *self, gsize bytes)
{
  atomic_fetch_sub_explicit (&self->held_bytes, bytes, memory_order_relaxed);
}

gboolean
wp_memory_budget_is_over (const WpMemoryBudget *self)
{
  return wp_memory_budget_held (self) > self->max_bytes;
}

guint64
wp_memory_budget_held (const WpMemoryBudget *self)
{
  return atomic_load_explicit (&self->held_bytes, memory_order_relaxed);
}
