/* wp-logged-workers.h - how many workers another server had, and how long its services were, from the
 * response times in its log, which contain waiting. */
#pragma once

#include "sim/model/wp-logged-search.h"

typedef enum {
  WP_LOGGED_UNKNOWN,   /* cannot be determined: see WpLoggedReason */
  WP_LOGGED_QUEUED,    /* requests waited for one of so many workers, first come, first served */
  WP_LOGGED_NOT_QUEUED /* response times are service times */
} WpLoggedVerdict;

/* Why it cannot be determined. */
typedef enum {
  WP_LOGGED_REASON_NONE,
  WP_LOGGED_REASON_FEW,       /* too few rows */
  WP_LOGGED_REASON_COARSE,    /* stamps too coarse for the response or service times */
  WP_LOGGED_REASON_NEGATIVE,  /* requests that end before a worker can have begun them */
  WP_LOGGED_REASON_RANGE,     /* several numbers of workers explain the log as well */
  WP_LOGGED_REASON_DEPENDENT, /* services depend on the number in the system, or on waiting */
  WP_LOGGED_REASON_CHANGED,   /* services or workers are not the same all over the log */
  WP_LOGGED_REASON_RISING,    /* response times rise with the number in the system, and no N explains it */
  WP_LOGGED_REASON_STEADY     /* the number in the system does not change enough to show anything */
} WpLoggedReason;

typedef struct {
  WpLoggedVerdict verdict;
  WpLoggedReason reason;
  guint workers;        /* 0: none, unless QUEUED */
  guint low, high;      /* the range that explains the log nearly as well; 0: there is no such number. Of
                           NOT_QUEUED, low is what there are at least, in order of arrival, and high is 0 */
  double gain;          /* of the workers' number over none: nats (log-likelihood) */
  double negative;      /* share of recovered services below -2 @resolution_ns - 5 % of their mean */
  double dependence;    /* -0.5 to 0.5: of services on the number in the system, in mean ranks */
  double resolution_ns; /* of the stamps */
  gboolean begins_busy; /* the log has not the start of a busy period: the first services are not known */
  double response_mean_ns, service_mean_ns; /* of all rows that have a response; the latter as recovered */
} WpLoggedWorkers;

/**
 * wp_logged_workers_find:
 * @found: (out): all of it
 *
 * In a first-come-first-served system of N workers the n-th arrival starts at s = max (a[n], D[n-N]), where D
 * are the departures of earlier arrivals in order of time, and its service is v = d[n] - s. N is the number
 * for which the services are least spread, and do not depend on whether their requests waited:
 *
 *     S(N) = n H(v) + z^2 / 2
 *
 * with H the m-spacing entropy (m = sqrt (n) / 2; Vasicek, A test for normality based on sample entropy,
 * Journal of the Royal Statistical Society B 38, 1976) of v with a fixed dither of the stamps' width Q, no
 * spacing under Q m / n, and z the statistic of Mann and Whitney of those that waited against the others.
 * Negative services do not find N: at N - 1 there is none. The found N is called QUEUED only if hardly any of
 * those that waited is negative, and if neither v nor its distance from the median, its spread, depends on
 * waiting, the number in the system, the gap before the arrival, the services before or the part of the log:
 * behind several pools v is spread the more widely the more their backlogs differ; if requests found others
 * waiting, so that their order shows; and if logs of two pools, drawn from its services, look otherwise
 * (wp-logged-pools.h); else, or where S says that nobody waited, NOT QUEUED only if responses do not rise
 * with the number in the system, completions for each second that a request is in the system do not fall with
 * it, and completions for each second do rise: of clients in a closed loop without pauses the number in the
 * system hardly changes, and nothing shows. A constant service, which in overload fewer workers explain as
 * well that take a part of it, shows its workers where some did not wait, as at the start of the log. The
 * thresholds were found on drawn logs (tests/bench/bench-logged.c).
 *
 * A log of more than 60,000 rows is looked at in the busiest 20,000 of each third, and these must agree.
 * Takes 60 to 150 passes of O(n log n) over the rows that are looked at.
 */
void wp_logged_workers_find (const WpLoggedTimes *log, WpLoggedWorkers *found);

/**
 * wp_logged_workers_recover:
 * @workers: >= 1
 * @services_ns: (out): of each row, WP_TIME_NONE where it has no response; what would be negative is 0, and
 * where the log begins in a busy period the first @workers rows have the mean of the others; may be the
 * responses of @log, in whose place they are put then
 * @found: its negative, begins_busy, response_mean_ns and service_mean_ns are set
 */
void wp_logged_workers_recover (const WpLoggedTimes *log, guint workers, gint64 *services_ns,
                                WpLoggedWorkers *found);

/* The reason, as the end of a sentence: "has fewer than 1,000 requests with a response time". */
const char *wp_logged_reason_text (WpLoggedReason reason);
