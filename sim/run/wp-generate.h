/* wp-generate.h - writes a trace that is drawn: arrivals and services from streams of their own, so that
 * equal seeds give equal arrivals whatever the service. */
#pragma once

#include "sim/model/wp-arrivals.h"
#include "sim/model/wp-service-time.h"

typedef struct {
  const char *arrivals, *service; /* as typed, for the notes */
  guint64 seed;                   /* likewise */
  /* arrivals are divided by @scale, as a reader of the trace would do; @service_scale is for the notes */
  double scale, service_scale;
  guint64 limit_rows; /* 0: none */
  guint digits;       /* of the seconds' fraction, 1 to 9; times are rounded to it. Only 9 is exact */
  gboolean ids;       /* a third column, 1, 2, ... */
} WpGenerate;

/**
 * wp_generate_write:
 * @fd: written to as it goes, in whole rows
 *
 * Returns: FALSE with WP_ERROR_IO, or where a time passes 292 years.
 */
gboolean wp_generate_write (const WpGenerate *self, WpArrivals *arrivals, WpServiceTime *service, int fd,
                            GError **error);
