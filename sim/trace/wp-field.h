/* wp-field.h - one cell of a table: bytes that belong to the table's reader, and how they are shown in an
 * error. */
#pragma once

#include <glib.h>

typedef struct {
  const char *text; /* a NUL follows; there may be others inside */
  gsize len;
} WpField;

/* For messages: "abc" in its quotes, cut after 40 characters, with what is not printable as \x00. Free with
 * g_free(). */
char *wp_field_quote (WpField field);

/* Sets WP_ERROR_BAD_TRACE `column "arrival": "abc" is not a time` for @problem "is not a time", in
 * which NAME stands for @column; returns FALSE. File and line are put before it by whoever knows them. */
gboolean wp_field_fail (WpField field, const char *column, const char *problem, GError **error);

/* For messages: the first of them, each as wp_field_quote() shows it. To be freed. */
char *wp_field_list_names (const char *const *names);
