/* wp-sample-ring.h - arrival, wait and service of the last requests, for the forecast. */
#pragma once

#include <glib.h>

#define WP_SAMPLE_RING_REQUESTS 250000u /* at least so many of the latest can be read */
#define WP_SAMPLE_RING_SPAN_S   900     /* and none that is older can be */

/**
 * WpSampleRing:
 * A slot of 16 bytes for each request, by its order of arrival. The thread that ends a request writes its
 * slot, with two stores; there is no lock, and nothing to be drained. A slot says whose it is, so that a
 * request that has not ended is only missing. Written pages only take memory: 4 MB after 262,144 requests.
 */
typedef struct _WpSampleRing WpSampleRing;

typedef struct {
  gint64 arrival_ns;          /* CLOCK_MONOTONIC */
  gint64 wait_ns, service_ns; /* WP_TIME_NONE: it was never in service. Beyond 2.1 s in whole us */
  gboolean blocked;
} WpSample;

WpSampleRing *wp_sample_ring_new (void);
void wp_sample_ring_free (WpSampleRing *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSampleRing, wp_sample_ring_free)

/* @seq: the request's order of arrival, from 0. Any thread. */
void wp_sample_ring_add (WpSampleRing *self, guint64 seq, const WpSample *sample);

/* @now_ns: CLOCK_MONOTONIC. @seq: one of the last WP_SAMPLE_RING_REQUESTS that have arrived, and of the last
 * WP_SAMPLE_RING_SPAN_S. Any thread. Returns: FALSE: it has not ended */
gboolean wp_sample_ring_get (const WpSampleRing *self, guint64 seq, gint64 now_ns, WpSample *sample);
