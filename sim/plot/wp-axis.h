/* wp-axis.h - ticks at 1, 2 and 5 times powers of ten, or at powers of ten, and what is written beside them.
 */
#pragma once

#include <glib.h>

#define WP_AXIS_TICKS 32
#define WP_AXIS_TEXT  24

typedef struct {
  double from, to;
  gboolean is_log; /* from > 0 then */
  guint n_ticks;
  double ticks[WP_AXIS_TICKS]; /* within from and to */
} WpAxis;

/* From 0 to the tick at or above @most; at most @max_ticks + 1 of them; a step of 1 at least if @whole. */
void wp_axis_linear (WpAxis *self, double most, guint max_ticks, gboolean whole);

/* From 0 to @most itself: time, which ends where it ends. */
void wp_axis_until (WpAxis *self, double most, guint max_ticks);

/* From the power of ten at or below @least to that at or above @most; 0 < @least <= @most. */
void wp_axis_log (WpAxis *self, double least, double most);

/* Where @value lies, 0 to 1 from the axis' start to its end; outside of that where it is outside; -infinity
 * for 0 on a logarithmic one. */
double wp_axis_place (const WpAxis *self, double value);

/* The unit in which times up to @most_ns are best told, and its name: "ms", "s", ... */
double wp_axis_time_unit (gint64 most_ns, const char **name);

/* "0", "2.5", "10,000"; "1e+07" from ten million on. Returns @text. */
char *wp_axis_number (char text[WP_AXIS_TEXT], double value);

/* "100 us", "1 s", "1,000 s". Returns @text. */
char *wp_axis_seconds (char text[WP_AXIS_TEXT], double seconds);
