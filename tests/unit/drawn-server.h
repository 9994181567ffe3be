/* drawn-server.h - one simulator for all the servers of drawn logs. */
#pragma once

#include "sim/stats/wp-random.h"

#define DRAWN_MAX_POOLS 201

/* One request, ns; end: of its service, then of its response; -1: it has no line in the log. */
typedef struct {
  gint64 arrival, service, end;
} DrawnJob;

typedef enum { DRAWN_FIRST_COME, DRAWN_LAST_COME, DRAWN_ANY_ORDER, DRAWN_PRIORITY_FIRST } DrawnOrder;
typedef enum { DRAWN_BY_CHANCE, DRAWN_ROUND_ROBIN, DRAWN_LEAST_CONNECTIONS } DrawnBalance;

typedef struct {
  guint workers; /* jobs in service at once; G_MAXUINT: all, processor sharing or infinite servers */
  guint cores;   /* which those in service share */
  double speed;  /* of a core */
} DrawnPool;

typedef struct {
  DrawnPool pools[DRAWN_MAX_POOLS];
  guint n_pools;
  DrawnOrder order;
  DrawnBalance balance;
  double priority_share; /* of the jobs that go first, none of them interrupts a service */
  double slowed;         /* a service that starts when @slow_jobs are in service is so much longer,
                            the others in proportion */
  guint slow_jobs;
  gint64 patience;       /* jobs that wait longer leave; 0: none */
  const double *factors; /* of the workers, one for each @step_ns; NULL: 1 */
  guint n_factors;
  gint64 step_ns;
  guint clients;  /* in a closed loop: each sends its next request when it has its answer; 0: open */
  double think;   /* mean, ns, exponential, before that */
  double stagger; /* ns, in which their first requests begin */
} DrawnServer;

/* Sets the end of each of @jobs, which are in order of arrival; and their arrivals, in a closed loop. */
void drawn_server_run (const DrawnServer *self, DrawnJob *jobs, gsize n, WpRandom *random);
