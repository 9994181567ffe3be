/* wp-workload.h - which request is due next, and which of those under way is the oldest: an open loop knows
 * from its schedule, a closed loop from its clients. Slots number requests that can be under way at a time.
 * Times are ns on the schedule's clock. */
#pragma once

#include "runtime/replay/wp-tally.h"

typedef struct _WpWorkload WpWorkload;

typedef struct {
  /* When the next one is due; G_MAXINT64: none is, before another ends or at all. */
  gint64 (*next_due) (WpWorkload *self);

  /* That one is sent. Returns its slot. */
  gsize (*begin) (WpWorkload *self);

  /* The request of @slot is over, as its tally says; it may never have begun. */
  void (*end) (WpWorkload *self, gsize slot, gint64 now_ns);

  /* Of those that have begun, or are due, and have not ended. FALSE: there is none. */
  gboolean (*oldest) (WpWorkload *self, gsize *slot);

  const WpRow *(*row) (WpWorkload *self, gsize slot); /* arrival_ns: when it was due */
  guint (*n_spares) (WpWorkload *self);               /* connections that are to stand idle */
} WpWorkloadClass;

/* The base of each kind. */
struct _WpWorkload {
  const WpWorkloadClass *class;
  WpTally *tally; /* not owned; a place for each slot */
};
