#include "runtime/queue/wp-budget.h"

#include <stdatomic.h>

struct _WpBudget {
  guint64 max_bytes;
  _Atomic guint64 held_bytes;
};

WpBudget *
wp_budget_new (guint64 max_bytes)
{
  WpBudget *self = g_new0 (WpBudget, 1);

  self->max_bytes = max_bytes;
  return self;
}

void
wp_budget_free (WpBudget *self)
{
  g_free (self);
}

/* What is refused is never counted, not for a moment: others would find the budget spent. */
gboolean
wp_budget_take (WpBudget *self, gsize bytes)
{
  guint64 held = wp_budget_held (self);

  do
    if (held + bytes > self->max_bytes)
      return FALSE;
  while (!atomic_compare_exchange_weak_explicit (&self->held_bytes, &held, held + bytes, memory_order_relaxed,
                                                 memory_order_relaxed));
  return TRUE;
}

void
wp_budget_take_anyway (WpBudget *self, gsize bytes)
{
  atomic_fetch_add_explicit (&self->held_bytes, bytes, memory_order_relaxed);
}

gboolean
wp_budget_is_used_up (const WpBudget *self)
{
  return wp_budget_held (self) >= self->max_bytes;
}

void
wp_budget_give (WpBudget *self, gsize bytes)
{
  atomic_fetch_sub_explicit (&self->held_bytes, bytes, memory_order_relaxed);
}

gboolean
wp_budget_is_over (const WpBudget *self)
{
  return wp_budget_held (self) > self->max_bytes;
}

guint64
wp_budget_held (const WpBudget *self)
{
  return atomic_load_explicit (&self->held_bytes, memory_order_relaxed);
}
