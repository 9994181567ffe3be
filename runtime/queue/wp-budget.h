/* wp-budget.h - bytes of requests and answers that are held in memory, of all connections and jobs together,
 * and their limit. Any thread. */
#pragma once

#include <glib.h>

typedef struct _WpBudget WpBudget;

WpBudget *wp_budget_new (guint64 max_bytes);
void wp_budget_free (WpBudget *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpBudget, wp_budget_free)

/* FALSE: it would be over the limit, and nothing is taken. */
gboolean wp_budget_take (WpBudget *self, gsize bytes);
void wp_budget_give (WpBudget *self, gsize bytes);

/* Takes what is there already, limit or not: what puts it over is to be given back by others. */
void wp_budget_take_anyway (WpBudget *self, gsize bytes);
gboolean wp_budget_is_over (const WpBudget *self);

guint64 wp_budget_held (const WpBudget *self); /* bytes now */
gboolean wp_budget_is_used_up (const WpBudget *self);
