/* wp-csv-dialect.h - what separates the cells of CSV, and how its numbers are written. */
#pragma once

#include <glib.h>

/* What the header has most of outside quotes: a comma, a semicolon or a tab. @title: (out): of such a file;
 * NULL: commas. */
char wp_csv_dialect_separator (const char *header, gsize len, const char **title);

/* `sep=;`, as Excel has it above the header, which shows it too. */
gboolean wp_csv_dialect_is_separator_line (const char *line, gsize len);

/* Where no comma separates: makes 1.5 of 1,5 in place; a sign before it, and an exponent or a unit after it,
 * are a number's too. */
void wp_csv_dialect_replace_comma (char *text, gsize len);
