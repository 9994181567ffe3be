/* wp-arrivals.h - random arrivals: constant, Poisson, bursty (MMPP) or diurnal. */
#pragma once

#include "sim/base/wp-time.h"

typedef struct _WpArrivals WpArrivals;

/**
 * wp_arrivals_new:
 * @spec: KIND:KEY=VALUE,..., each with duration=TIME, n=NUMBER or both (the first to end counts). Rates are
 * requests per second.
 *   - constant:rate=R: one request every 1/R s, the first at 0
 *   - poisson:rate=R
 *   - either with rate=R1:R2: a ramp, from R1 evenly to R2 within duration
 *   - mmpp:rates=R1:R2[:...],sojourns=T1:T2[:...]: Poisson at the state's rate. A state lasts an exponential
 * time of that mean; the next is any other with equal probability. Starts in the steady state.
 *   - diurnal:rate=R,amplitude=A,period=TIME: Poisson at R (1 + A sin (2 pi t / period)), 0 <= A <= 1
 * @endless: accept a spec without duration and n; the caller ends the run
 *
 * Equal seeds draw equal arrivals. Services use a stream of their own, so that neither changes the other.
 *
 * Returns: NULL with WP_ERROR_BAD_VALUE: `"poisson:rat=1": no key "rat"; did you mean "rate"?`
 */
WpArrivals *wp_arrivals_new (const char *spec, guint64 seed, gboolean endless, GError **error);
void wp_arrivals_free (WpArrivals *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpArrivals, wp_arrivals_free)

/* The next @most arrivals, in ns since the start, not decreasing. Returns their number: fewer at the end, 0
 * after it. A time beyond 292 years is G_MAXINT64 and ends the process. */
gsize wp_arrivals_next (WpArrivals *self, gint64 *arrivals_ns, gsize most);

/* Restarts at the first arrival: with the same seed, or with another. */
void wp_arrivals_restart (WpArrivals *self);
void wp_arrivals_reseed (WpArrivals *self, guint64 seed);

double wp_arrivals_progress (const WpArrivals *self); /* 0 to 1; -1 where there is no end */

/* For theory. */
double wp_arrivals_rate (const WpArrivals *self); /* mean, requests per second */
gboolean wp_arrivals_is_poisson (const WpArrivals *self);
gboolean wp_arrivals_is_constant (const WpArrivals *self);
