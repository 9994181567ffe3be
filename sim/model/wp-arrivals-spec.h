/* wp-arrivals-spec.h - parses an arrival process: poisson:rate=100,duration=60s. Private to WpArrivals. */
#pragma once

#include "sim/base/wp-time.h"

#define WP_ARRIVALS_STATES 16

typedef enum {
  WP_ARRIVALS_CONSTANT,
  WP_ARRIVALS_POISSON,
  WP_ARRIVALS_MMPP,
  WP_ARRIVALS_DIURNAL
} WpArrivalsKind;

typedef struct {
  WpArrivalsKind kind;
  double rate;               /* requests per second; not of MMPP; of a ramp the mean */
  double rate_from, rate_to; /* of a ramp, within the duration; 0: there is none */
  double rates[WP_ARRIVALS_STATES], sojourns_ns[WP_ARRIVALS_STATES];
  guint n_rates, n_sojourns; /* states; equal */
  double amplitude;
  gint64 period_ns;
  gboolean has_duration, has_n;
  gint64 end_ns;  /* G_MAXINT64: none */
  guint64 n_most; /* G_MAXUINT64: no limit */
} WpArrivalsSpec;

/* See wp_arrivals_new(). */
gboolean wp_arrivals_spec_parse (WpArrivalsSpec *self, const char *text, gboolean endless, GError **error);

double wp_arrivals_spec_rate (const WpArrivalsSpec *self); /* mean, requests per second */
