/* wp-capacity.h - the capacity verdict: is the work that arrives more than the workers can do? */
#pragma once

#include <glib.h>

/* The work that arrives, over the last seconds to minutes. */
typedef struct {
  double span_s;
  guint64 requests;  /* in that time */
  double rate;       /* requests per second */
  double rate_error; /* its standard error, as a share */
  double growth;     /* of the rate, per second; 0: none that is significant */
  double service_s;  /* mean service */
  double service_error;
} WpOfferedLoad;

/* What takes it. */
typedef struct {
  guint workers; /* WP_UNBOUNDED in Default */
  guint queue_jobs;
  guint64 queued, parked; /* now */
  gboolean commits;       /* a writer stores the jobs of all workers in one commit, */
  double commit_s, row_s; /* which lasts so long, and a row adds so much */
  guint most_rows;
} WpCapacitySystem;

typedef enum { WP_CAPACITY_UNKNOWN, WP_CAPACITY_HOLDS, WP_CAPACITY_TOO_FEW } WpCapacityVerdict;

typedef struct {
  WpCapacityVerdict verdict;
  guint workers_needed; /* 0: not known, or the database is too slow for any number */
  double holds_up_to;   /* times the traffic; NaN: not known, or without limit */
  double full_in_s;     /* NaN: not within the next minutes */
} WpCapacity;

/**
 * wp_capacity_judge:
 * Offered work against workers: a = rate * service in erlangs against c. Twice its standard error decides
 * for the present state. With a growth that is significant, the queue is followed as a fluid.
 */
void wp_capacity_judge (WpCapacity *self, const WpOfferedLoad *load, const WpCapacitySystem *system);

const char *wp_capacity_verdict_name (WpCapacityVerdict verdict); /* "holds", "too_few", "unknown" */

/* The verdict in words: "4 workers are too few, 6 suffice; full in 42 s". */
char *wp_capacity_headline (const WpCapacity *self, const WpCapacitySystem *system);
