/* wp-number.h - decimal numbers as text, with or without fraction and exponent, in every locale; no hex, inf
 * or nan. */
#pragma once

#include <glib.h>

/* Returns the end of a number without sign at the front of @text, or @text if there is none. */
const char *wp_number_scan (const char *text, const char *end, long double *value);

/* All of @text, with or without sign, blanks around it ignored. FALSE: it is not a number, or too large for
 * one. */
gboolean wp_number_parse (const char *text, gsize len, long double *value);
