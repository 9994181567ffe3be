/* wp-theory.h - closed forms of queueing theory, as references for a simulation. */
#pragma once

#include "sim/base/wp-policy.h"
#include "sim/model/wp-service-time.h"

/**
 * wp_theory_erlang_b:
 * @servers: c
 * @load: offered load λ/μ in erlangs, >= 0
 * The probability that an arrival finds all servers of M/G/c/c busy and is lost, for any service
 * distribution.
 *
 * Returns: a number in [0, 1]
 * Source: Erlang (1917); the recursion B(k) = a B(k-1) / (k + a B(k-1)) as in Cooper, Introduction to
 * Queueing Theory (1981), ch. 3.
 */
double wp_theory_erlang_b (guint servers, double load);

/**
 * wp_theory_erlang_c:
 * @servers: c, >= 1
 * @load: offered load λ/μ in erlangs, 0 <= @load < @servers
 *
 * The probability that an arrival waits in M/M/c (not how long it waits).
 *
 * Returns: a number in [0, 1]; NaN if @load >= @servers, where no steady state exists.
 * Source: Kleinrock, Queueing Systems vol. 1 (1975), ch. 3.
 */
double wp_theory_erlang_c (guint servers, double load);

/**
 * wp_theory_pollaczek_khinchine:
 * @load: λ times the mean service, 0 <= @load < 1
 * @cv2: of service, variance over the mean's square
 *
 * Returns: the mean wait in M/G/1, in mean service times; NaN without a steady state.
 * Source: Kleinrock vol. 1, ch. 5.
 */
double wp_theory_pollaczek_khinchine (double load, double cv2);

/**
 * wp_theory_relaxation:
 * @load: per worker, 0 <= @load < 1
 * @arrival_cv2: of the time between arrivals, variance over the mean's square; @service_cv2: of service
 *
 * Returns: as many requests of G/G/c with patient clients say as much of the mean wait as one independent
 * observation; NaN without a steady state. For heavy traffic.
 * Source: Whitt, Planning queueing simulations, Management Science 35 (1989).
 */
double wp_theory_relaxation (double load, double arrival_cv2, double service_cv2);

/* The steady state of a birth-death process with @servers and a queue of @places. */
typedef struct {
  double lost;    /* share of the arrivals that find every place occupied */
  double waiting; /* mean number in the queue */
  double busy;    /* mean number in service */
} WpTheoryState;

/* M/M/c/(c+K): @load as above. Source: Kleinrock vol. 1, ch. 3. NaN over 10 million places. */
WpTheoryState wp_theory_finite_queue (guint servers, guint places, double load);

/* M/M/c/(c+K)//P: @clients think for 1/@load mean service times on average, then send a request; a client
 * whose request is lost thinks again. Source: the machine repairman, Kleinrock vol. 1, ch. 3.8 to 3.10;
 * without loss the result holds for any distribution of think times (Baskett, Chandy, Muntz and Palacios, J.
 * ACM 22, 1975). */
WpTheoryState wp_theory_finite_source (guint servers, guint places, guint clients, double load);

typedef enum { WP_TRAFFIC_OTHER, WP_TRAFFIC_POISSON, WP_TRAFFIC_CONSTANT, WP_TRAFFIC_CLIENTS } WpTrafficKind;

/* The simulated case. */
typedef struct {
  WpTrafficKind traffic;
  double rate;   /* requests per second; not of clients */
  guint clients; /* P */
  WpMoments service, think;
  gboolean responds_at_acceptance; /* a client continues when its request is accepted, not when it is stored
                                    */
  WpLayout layout;
  gboolean patient; /* no request leaves or times out */
  guint64 requests;
  gboolean blocked;   /* a request found the queue full */
  gboolean in_groups; /* bulk service: the moments are of a commit of one row */
} WpTheoryCase;

#define WP_THEORY_MAX 16

typedef struct {
  const char *name;   /* "M/M/1"; NULL: none applies */
  const char *source; /* or the reason why none applies */
  gboolean exact;     /* holds for this run, not for the mean of many */
  /* names and units of wp_metrics; counts as shares */
  struct {
    const char *metric;
    double value;
  } values[WP_THEORY_MAX];
  guint n_values;
} WpTheory;

/**
 * wp_theory_find:
 *
 * The closed form for a case, as figures by their names in the report. "blocked" and "rejected" are shares of
 * the requests.
 */
void wp_theory_find (WpTheory *self, const WpTheoryCase *simulated);
