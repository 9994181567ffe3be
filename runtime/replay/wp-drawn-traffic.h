/* wp-drawn-traffic.h - traffic that is drawn by wp-sim's generators, not read. */
#pragma once

#include "sim/trace/wp-trace.h"

/* As given; options that were not given are 0 or NULL. */
typedef struct {
  double rate; /* per second */
  char *ramp;  /* "50:500"; owned, as all texts */
  gint64 duration_ns;
  char *arrivals; /* a kind, or what wp_arrivals_new() takes */
  char *service;  /* in the form of wp_service_time_new() */
  guint64 seed;
  guint clients; /* of a closed loop, whose arrivals are not drawn; 0: none */
  char *think;   /* theirs, as service */
} WpDrawnTraffic;

gboolean wp_drawn_traffic_is_requested (const WpDrawnTraffic *self); /* instead of a trace */

/* FALSE with WP_ERROR_USAGE and the option's name: options that contradict each other, or traffic without an
 * end. @limit_rows: 0: none. */
gboolean wp_drawn_traffic_check (const WpDrawnTraffic *self, guint64 limit_rows, GError **error);

/* The arrivals; NULL with WP_ERROR_BAD_VALUE. With the same seed those that `wp-sim --generate` writes. */
WpTrace *wp_drawn_traffic_open (const WpDrawnTraffic *self, double scale, guint64 limit_rows, GError **error);

/* Sets the service times of @rows; does nothing without --service. FALSE with WP_ERROR_BAD_VALUE. */
gboolean wp_drawn_traffic_fill (const WpDrawnTraffic *self, double service_scale, WpRow *rows, gsize n_rows,
                                GError **error);
