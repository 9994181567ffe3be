/* wp-generate.h - writes a random trace. Arrivals and services have separate random streams: equal seeds give
 * equal arrivals for any service. */
#pragma once

#include "sim/model/wp-arrivals.h"
#include "sim/model/wp-service-time.h"

typedef struct {
  const char *arrivals, *service; /* as typed, for the notes */
  guint64 seed;                   /* likewise */
  /* arrivals are divided by @scale; @service_scale is only noted */
  double scale, service_scale;
  guint64 limit_rows; /* 0: none */
  guint digits;       /* of the seconds' fraction, 1 to 9; fewer than 9 are rounded */
  gboolean ids;       /* a third column, 1, 2, ... */
} WpGenerate;

/**
 * wp_generate_write:
 * @fd: gets whole rows as they are drawn
 *
 * Returns: FALSE with WP_ERROR_IO, or if a time exceeds 292 years.
 */
gboolean wp_generate_write (const WpGenerate *self, WpArrivals *arrivals, WpServiceTime *service, int fd,
                            GError **error);
