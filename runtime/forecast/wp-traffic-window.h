/* wp-traffic-window.h - the recent traffic that a forecast is made from; how far back it goes adapts. */
#pragma once

#include "runtime/forecast/wp-capacity.h"
#include "runtime/queue/wp-sample-ring.h"

/* Totals of the server so far, at one moment. */
typedef struct {
  gint64 at_ns;    /* CLOCK_MONOTONIC */
  guint64 arrived; /* requests: the next one's place in the ring */
  guint64 rejected, timed_out;
  gint64 full_ns;
  guint64 worker_ns; /* of WpLedger */
} WpTrafficMark;

/**
 * WpTrafficWindow:
 * Services drift, so that the whole past is a bad guide, and a few seconds are a noisy one. Windows of 10 to
 * 300 s each predict the offered work of the next 10 s; the forecast uses the one whose predictions came
 * true best.
 */
typedef struct _WpTrafficWindow WpTrafficWindow;

WpTrafficWindow *wp_traffic_window_new (void);
void wp_traffic_window_free (WpTrafficWindow *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTrafficWindow, wp_traffic_window_free)

/* Call it about once per second. @mark: as it is now */
void wp_traffic_window_observe (WpTrafficWindow *self, const WpTrafficMark *mark, const WpSampleRing *ring);

void wp_traffic_window_get_load (const WpTrafficWindow *self, WpOfferedLoad *load);

/* The observation from which on requests may be read of the ring: for a second from now, if as many arrive
 * as in the last one. It is 15 minutes old at most. */
const WpTrafficMark *wp_traffic_window_begin (const WpTrafficWindow *self);

/* The latest ended requests of the window, latest first: the gaps to the next of them, and their services.
 * Returns: their number; the arrays are the window's own until the next observation. */
guint wp_traffic_window_get_samples (const WpTrafficWindow *self, const gint64 **gaps_ns,
                                     const gint64 **services_ns);
