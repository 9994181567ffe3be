/* wp-snapshot.h - the state of each model at one moment (--at). */
#pragma once

#include "sim/run/wp-observers.h"

/* After all that happens at that moment. */
typedef struct {
  guint64 depth, parked, busy;
  gint64 oldest_ns; /* arrival of the oldest that is parked or queued; WP_TIME_NONE: nobody waits */
} WpState;

typedef struct {
  gint64 at_ns; /* since the trace's origin */
  guint n_models;
  WpState states[WP_N_MODES];
} WpSnapshot;

void wp_snapshot_init (WpSnapshot *self, gint64 at_ns, guint n_models);

/* Looks at a WpSnapshot. */
extern const WpObserver wp_snapshot_observer;
