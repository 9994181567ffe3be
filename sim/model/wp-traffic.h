/* wp-traffic.h - statistics of a trace: requests, rate, burstiness, service times. */
#pragma once

#include "sim/trace/wp-trace.h"

/* Null is NaN or WP_TIME_NONE. */
typedef struct {
  guint64 requests;
  gint64 duration_ns;  /* from the first arrival to the last */
  double rate_mean;    /* requests per second over the duration */
  double rate_peak_1s; /* the most requests within a second, wherever it begins */
  /* index of dispersion: variance over mean of the counts in whole seconds; 1 for a Poisson process */
  double dispersion_1s;
  double service_mean; /* ns */
  gint64 service_p99_ns;
  guint64 out_of_order; /* rows after a later arrival in the file */
} WpTrafficSummary;

typedef struct _WpTraffic WpTraffic;

WpTraffic *wp_traffic_new (void);
void wp_traffic_free (WpTraffic *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTraffic, wp_traffic_free)

/* @rows: in order of arrival. @services_ns: their service times. */
void wp_traffic_add (WpTraffic *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows);

/* Fills all fields; out_of_order, which only the trace knows, is 0. @are_spread: stamps were whole seconds,
 * and the first may be one of which the trace has a part. */
void wp_traffic_summary (const WpTraffic *self, gboolean are_spread, WpTrafficSummary *summary);
