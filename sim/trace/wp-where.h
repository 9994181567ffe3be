/* wp-where.h - which rows of a trace count, as --where says: status<500 && method==GET. */
#pragma once

#include "sim/trace/wp-field.h"

typedef struct _WpWhere WpWhere;

/**
 * wp_where_parse:
 * @text: comparisons of a column with a value (==, !=, <, <=, >, >=, and ~ for a glob), joined by && and ||,
 * of which && binds closer. A column's name may stand in [brackets], a value in quotes
 * @names: of the columns, NULL-terminated; not kept
 *
 * Values are compared as numbers where both are, else == and != as text; no order is between texts.
 *
 * Returns: NULL with WP_ERROR_BAD_VALUE, without the option's name
 */
WpWhere *wp_where_parse (const char *text, const char *const *names, GError **error);

/* Adds to @unknown (of char, its own) the columns of @text that are none of @names, as far as it can be read.
 */
void wp_where_find_unknown (const char *text, const char *const *names, GPtrArray *unknown);

void wp_where_free (WpWhere *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpWhere, wp_where_free)

gboolean wp_where_matches (const WpWhere *self, const WpField *fields);
