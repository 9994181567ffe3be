/* wp-time-scale.h - from the times of a file to the simulation's: since its first arrival, and scaled. */
#pragma once

#include "sim/trace/wp-row.h"

/* Scales a time since the origin by --scale, or a service time by --service-scale (WP_TIME_NONE stays):
 * divided and multiplied in long double, rounded to the nearest ns; untouched at 1.0; G_MAXINT64
 * where that is over 292 years. */
gint64 wp_time_scale_arrival (gint64 arrival_ns, double scale);
gint64 wp_time_scale_service (gint64 service_ns, double service_scale);

typedef struct {
  gint64 origin_ns;      /* the earliest arrival, as the file has it */
  double arrivals;       /* --scale: they are divided by it */
  double services;       /* --service-scale */
  gboolean has_measured; /* accepted, started, finished or ended are there */
} WpTimeScale;

/* FALSE with WP_ERROR_BAD_TRACE: a time is over 292 years. */
gboolean wp_time_scale_rows (const WpTimeScale *self, WpRow *rows, gsize n_rows, GError **error);
