/* wp-memory-budget.h - bytes of requests and answers that are held in memory, of all connections and jobs
 * together, and their limit. Any thread. */
#pragma once

#include <glib.h>

typedef struct _WpMemoryBudget WpMemoryBudget;

WpMemoryBudget *wp_memory_budget_new (guint64 max_bytes);
void wp_memory_budget_free (WpMemoryBudget *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpMemoryBudget, wp_memory_budget_free)

/* FALSE: it would be over the limit, and nothing is taken. */
gboolean wp_memory_budget_take (WpMemoryBudget *self, gsize bytes);
void wp_memory_budget_give (WpMemoryBudget *self, gsize bytes);

/* Takes what is there already, limit or not: what puts it over is to be given back by others. */
void wp_memory_budget_take_anyway (WpMemoryBudget *self, gsize bytes);
gboolean wp_memory_budget_is_over (const WpMemoryBudget *self);

guint64 wp_memory_budget_held (const WpMemoryBudget *self); /* bytes now */
gboolean wp_memory_budget_is_used_up (const WpMemoryBudget *self);
