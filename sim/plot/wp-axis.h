/* wp-axis.h - ticks at round numbers, or at round times, and their labels. */
#pragma once

#include <glib.h>

#define WP_AXIS_TICKS 32
#define WP_AXIS_TEXT  40

typedef struct {
  double from, to;
  gboolean is_log; /* needs from > 0 */
  guint n_ticks;
  double ticks[WP_AXIS_TICKS]; /* within from and to */
} WpAxis;

/* From 0 to the tick at or above @most; at most @max_ticks + 1 of them; a step of 1 at least if @whole. */
void wp_axis_linear (WpAxis *self, double most, guint max_ticks, gboolean whole);

/* From 0 to exactly @most_ns, in seconds; ticks at what clocks show: 15 min, 6 h. */
void wp_axis_until (WpAxis *self, gint64 most_ns, guint max_ticks);

/* In seconds, logarithmic: from the tick at or below @least to that at or above @most; 0 < @least <= @most. A
 * tick per power of ten up to 10 s; then 1 and 10 min, 1 and 10 h, 1, 10, 100, ... d. */
void wp_axis_log_time (WpAxis *self, double least, double most);

/* The position of @value: 0 at the axis' start, 1 at its end, beyond for values outside; -infinity for 0 on a
 * logarithmic axis. */
double wp_axis_place (const WpAxis *self, double value);

/* "0", "2.5", "10,000"; "1e+07" from ten million on. Returns @text. */
char *wp_axis_number (char text[WP_AXIS_TEXT], double value);

/* "0", "100 us", "2.5 s", "1 h 30 min". Returns @text. */
char *wp_axis_seconds (char text[WP_AXIS_TEXT], double seconds);
