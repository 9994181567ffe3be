/* wp-memory-budget.h - a limit of the memory that the requests and responses of all connections and jobs take
 * together. Any thread. */
#pragma once

#include <glib.h>

typedef struct _WpMemoryBudget WpMemoryBudget;

WpMemoryBudget *wp_memory_budget_new (guint64 max_bytes);
void wp_memory_budget_free (WpMemoryBudget *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpMemoryBudget, wp_memory_budget_free)

/* Returns: FALSE if it would exceed the limit; then nothing is taken. */
gboolean wp_memory_budget_take (WpMemoryBudget *self, gsize bytes);
void wp_memory_budget_release (WpMemoryBudget *self, gsize bytes);

/* Takes bytes that are in memory already, even beyond the limit; other users have to give back the excess. */
void wp_memory_budget_take_unchecked (WpMemoryBudget *self, gsize bytes);
gboolean wp_memory_budget_is_over (const WpMemoryBudget *self);

guint64 wp_memory_budget_held (const WpMemoryBudget *self); /* bytes now */
gboolean wp_memory_budget_is_used_up (const WpMemoryBudget *self);
