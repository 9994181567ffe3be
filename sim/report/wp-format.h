/* wp-format.h - formats numbers for the text reports. */
#pragma once

#include "sim/model/wp-metric.h"

#define WP_FORMAT_CELL 48 /* room for any of them */

/* Each returns @cell. */
char *wp_format_whole (char *cell, double value);              /* 12,345 */
char *wp_format_number (char *cell, double value);             /* three significant digits */
char *wp_format_seconds (char *cell, double seconds);          /* "12.3 ms" */
char *wp_format_value (char *cell, WpUnit unit, double value); /* "-" for NaN */

/* The same with enough digits to distinguish @value from each of @n_others that it does not equal: 999.8 ms,
 * not 1.00 s. */
char *wp_format_distinct (char *cell, WpUnit unit, double value, const double *others, guint n_others);
