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

gboolean
wp_budget_take (WpBudget *self, gsize bytes)
{
  guint64 before = atomic_fetch_add_explicit (&self->held_bytes, bytes, memory_order_relaxed);

  if (before + bytes <= self->max_bytes)
    return TRUE;
  wp_budget_give (self, bytes);
  return FALSE;
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

void
wp_budget_owe (WpBudget *self, gsize bytes)
{
  atomic_fetch_add_explicit (&self->held_bytes, bytes, memory_order_relaxed);
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
