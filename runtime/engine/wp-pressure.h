/* wp-pressure.h - how busy the machine is: the share of time in which a task waits for a processor. */
#pragma once

#include <glib.h>

#define WP_PRESSURE_FILE "/proc/pressure/cpu"

/* A plain value; all zero before the first look. */
typedef struct {
  gint64 looked_ns;
  guint64 waited_us; /* by the kernel's count, at that time */
} WpPressure;

/**
 * wp_pressure_look:
 * @now_ns: CLOCK_MONOTONIC
 * @share: (out): since the look before, 0 to 1
 *
 * Looks once per second at most. Returns: FALSE if it has not, at the first look, and on a kernel that does
 * not count (Linux's CONFIG_PSI).
 */
gboolean wp_pressure_look (WpPressure *self, gint64 now_ns, double *share);

/* The count in a line `some avg10=0.00 avg60=0.00 avg300=0.00 total=N`. FALSE: it has none. */
gboolean wp_pressure_parse (const char *text, guint64 *waited_us);
