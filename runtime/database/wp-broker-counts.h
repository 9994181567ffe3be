/* wp-broker-counts.h - what a process knows of its shared queue. The thread of the connection writes, any
 * thread reads. */
#pragma once

#include "runtime/queue/wp-decimal-histogram.h"

typedef struct {
  _Atomic (const char *) node; /* "host:port" that has the queue; static while the server runs; NULL: none */
  _Atomic gboolean blocked;    /* the broker takes no publishes: memory or disk is low */
  _Atomic guint64 ready;       /* jobs in the queue, as of the last answer */
  _Atomic guint64 consumers;
  _Atomic guint64 capacity; /* K; 0: not known, another process has declared the queue */
  _Atomic guint64 reconnects;
  _Atomic guint64 window, unconfirmed;    /* of publishes */
  _Atomic guint64 refused, offered_again; /* publishes; */
  WpDecimalHistogram confirms_ns;         /* from publish to confirm */
  _Atomic guint64 redelivered, dead_lettered;
} WpBrokerCounts;
