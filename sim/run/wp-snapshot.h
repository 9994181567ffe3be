/* wp-snapshot.h - the state of each model at one time (--at). */
#pragma once

#include "sim/run/wp-timeline.h"

typedef struct {
  gint64 at_ns; /* since the trace's origin */
  guint n_models;
  WpState states[WP_N_MODES];
} WpSnapshot;

void wp_snapshot_init (WpSnapshot *self, gint64 at_ns, guint n_models);

/* Samples a WpSnapshot once, at at_ns. */
extern const WpStateSampler wp_snapshot_sampler;
