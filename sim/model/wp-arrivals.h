/* wp-arrivals.h - arrivals that are drawn, not read: constant, Poisson, bursty (MMPP), or with the time of
 * day. */
#pragma once

#include "sim/base/wp-time.h"

typedef struct _WpArrivals WpArrivals;

/**
 * wp_arrivals_new:
 * @spec: KIND:KEY=VALUE,..., each with duration=TIME, n=NUMBER or both (whichever ends first); rates are
 * requests a second: constant:rate=R                          one every 1/R s, the first at 0 poisson:rate=R
 *   mmpp:rates=R1:R2[:...],sojourns=T1:T2[:...]    Poisson at the rate of the state; each state is left after
 * an exponential time of that mean, for any of the others alike; starts in the steady state
 *   diurnal:rate=R,amplitude=A,period=TIME   Poisson at R (1 + A sin (2 pi t / period)), 0 <= A <= 1
 * @endless: a spec without duration and n is no error: the caller knows when to stop
 *
 * Equal seeds draw equal arrivals; services have a stream of their own, so that neither moves the other.
 *
 * Returns: NULL with WP_ERROR_BAD_VALUE: `"poisson:rat=1": no key "rat"; did you mean "rate"?`
 */
WpArrivals *wp_arrivals_new (const char *spec, guint64 seed, gboolean endless, GError **error);
void wp_arrivals_free (WpArrivals *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpArrivals, wp_arrivals_free)

/* The next @most arrivals, in ns from the process's start, never falling. Returns: how many; fewer at the
 * end, 0 after it. Past 292 years it is G_MAXINT64, once, and over. */
gsize wp_arrivals_next (WpArrivals *self, gint64 *arrivals_ns, gsize most);

/* From the first again: the same, or those of another seed. */
void wp_arrivals_restart (WpArrivals *self);
void wp_arrivals_reseed (WpArrivals *self, guint64 seed);

double wp_arrivals_progress (const WpArrivals *self); /* 0 to 1; -1 where there is no end */

/* For theory. */
double wp_arrivals_rate (const WpArrivals *self); /* mean, requests a second */
gboolean wp_arrivals_is_poisson (const WpArrivals *self);
gboolean wp_arrivals_is_constant (const WpArrivals *self);
