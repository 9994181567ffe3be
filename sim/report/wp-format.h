/* wp-format.h - figures for people, as the text reports have them. */
#pragma once

#include "sim/model/wp-metric.h"

#define WP_FORMAT_CELL 48 /* room for any one of them */

/* Each returns @cell. */
char *wp_format_whole (char *cell, double value);              /* 12,345 */
char *wp_format_number (char *cell, double value);             /* three significant digits */
char *wp_format_seconds (char *cell, double seconds);          /* "12.3 ms" */
char *wp_format_value (char *cell, WpUnit unit, double value); /* "-" for NaN */

/* The same with as many more digits as it takes to tell @value from each of the @n_others that it does not
 * equal: 999.8 ms, which is not yet 1.00 s. */
char *wp_format_apart (char *cell, WpUnit unit, double value, const double *others, guint n_others);
