/* drawn-log.h - random logs of many kinds of servers, with the true services, which no log has. */
#pragma once

#include <glib.h>

typedef enum {
  DRAWN_FIFO,     /* the project's own model */
  DRAWN_SHARING,  /* processor sharing among the workers */
  DRAWN_LIFO,     /* last come, first served, not preemptive */
  DRAWN_RANDOM,   /* any of those that wait is next */
  DRAWN_POOLS,    /* two first-come-first-served pools behind one log */
  DRAWN_INFINITE, /* nobody waits */
  DRAWN_CHANGED,  /* another number of workers from the middle on */
  DRAWN_STATIC,   /* a third of the requests never reach the pool */
  DRAWN_POOLS_UNEQUAL,
  DRAWN_POOLS_SEVERAL,
  DRAWN_POOLS_OF_ONE, /* each worker has a queue of its own */
  DRAWN_POOLS_ROUND,  /* round robin */
  DRAWN_POOLS_OF_ONE_ROUND,
  DRAWN_POOLS_LEAST,     /* least connections */
  DRAWN_POOLS_SPEEDS,    /* one is slower, or does other work, and has as many requests as it can do */
  DRAWN_LIMITED_SHARING, /* the workers share fewer cores */
  DRAWN_PRIORITY,        /* some go before all others */
  DRAWN_SLOWED,          /* services are longer the more workers are busy */
  DRAWN_HOURS,           /* services depend on the time */
  DRAWN_BATCHES,         /* and on those before */
  DRAWN_RESTART,
  DRAWN_CHANGES, /* of the number of workers, several */
  DRAWN_CHANGED_BY_ONE,
  DRAWN_TIMEOUT, /* clients leave */
  DRAWN_STATIC_SHARE,
  DRAWN_SLOW_CLIENTS,
  DRAWN_DAYS,       /* the rate depends on the time */
  DRAWN_END_LOGGED, /* the log has the end and the response time, both rounded */
  DRAWN_INFINITE_HEAVY,
  DRAWN_INFINITE_HOURS,
  DRAWN_INFINITE_SLOWED, /* by each that is in the server */
  DRAWN_CLOSED_FIFO,     /* so many clients send their next request when they have an answer */
  DRAWN_CLOSED_SHARING,
  DRAWN_CLOSED_RANDOM,
  DRAWN_CLOSED_LIFO,
  DRAWN_CLOSED_POOLS,
  DRAWN_CLOSED_INFINITE,
  N_DRAWN_KINDS
} DrawnKind;

typedef enum {
  DRAWN_EXPONENTIAL,
  DRAWN_LOGNORMAL,
  DRAWN_CONSTANT,
  DRAWN_HEAVY,
  N_DRAWN_SERVICES
} DrawnService;

typedef struct {
  DrawnKind kind;
  DrawnService service;
  guint workers;
  double load;       /* of the workers */
  double mean_s;     /* of a service */
  double transfer_s; /* mean time after a service, exponential, in which the worker is free */
  gboolean bursty;   /* arrivals at 0.5 and 1.5 times the rate, in turn */
  gboolean is_cut;   /* the log begins and ends in the middle of what happens */
  guint rows;
  gint64 stamp_ns; /* arrivals and ends are cut off to it; a second: ends are, and spread, and responses are
                      ms */
  guint64 seed;
  double extent; /* of what the kind is about: see drawn-log.c */
  guint parts;
} DrawnSetup;

/* The draws of which most is asked: load of 0.7 and more, services of 20 ms and more, 5,000 rows and more,
 * stamps of 1 ms or 1 ns, no transfer; equal seeds are equal. */
void drawn_setup_draw (DrawnSetup *self, DrawnKind kind, guint64 seed);

const char *drawn_setup_describe (const DrawnSetup *self, char *text, gsize size);

/* In order of arrival, as the log's reader gives it. */
typedef struct {
  gsize n;
  gint64 *arrivals_ns, *responses_ns;
  gint64 *services_ns; /* true ones */
} DrawnLog;

DrawnLog *drawn_log_new (const DrawnSetup *setup);
void drawn_log_free (DrawnLog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DrawnLog, drawn_log_free)
