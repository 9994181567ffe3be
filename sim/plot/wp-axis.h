/* wp-axis.h - ticks at 1, 2 and 5 times powers of ten, or at powers of ten, and their labels. */
#pragma once

#include <glib.h>

#define WP_AXIS_TICKS 32
#define WP_AXIS_TEXT  24

typedef struct {
  double from, to;
  gboolean is_log; /* needs from > 0 */
  guint n_ticks;
  double ticks[WP_AXIS_TICKS]; /* within from and to */
} WpAxis;

/* From 0 to the tick at or above @most; at most @max_ticks + 1 of them; a step of 1 at least if @whole. */
void wp_axis_linear (WpAxis *self, double most, guint max_ticks, gboolean whole);

/* From 0 to exactly @most, for time. */
void wp_axis_until (WpAxis *self, double most, guint max_ticks);

/* From the power of ten at or below @least to that at or above @most; 0 < @least <= @most. */
void wp_axis_log (WpAxis *self, double least, double most);

/* The position of @value: 0 at the axis' start, 1 at its end, beyond for values outside; -infinity for 0 on a
 * logarithmic axis. */
double wp_axis_place (const WpAxis *self, double value);

/* The unit for times up to @most_ns, in ns, and its name: "ms", "s", ... */
double wp_axis_time_unit (gint64 most_ns, const char **name);

/* "0", "2.5", "10,000"; "1e+07" from ten million on. Returns @text. */
char *wp_axis_number (char text[WP_AXIS_TEXT], double value);

/* "100 us", "1 s", "1,000 s". Returns @text. */
char *wp_axis_seconds (char text[WP_AXIS_TEXT], double seconds);
