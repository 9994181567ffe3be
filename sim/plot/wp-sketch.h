/* wp-sketch.h - what a plot shows of a run: curves over time and distributions, in memory that does not grow
 * with the trace. */
#pragma once

#include "sim/plot/wp-curve.h"
#include "sim/run/wp-observers.h"

#define WP_SKETCH_BUCKETS 4096 /* at least two a pixel */

/* One system's. */
typedef struct {
  WpPolicy policy;
  WpCurve *curve;
  WpHistogram *wait, *response; /* in ns */
} WpSketchSide;

typedef struct _WpSketch WpSketch;

WpSketch *wp_sketch_new (const WpPolicy *policies, guint n_models);
void wp_sketch_free (WpSketch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSketch, wp_sketch_free)

extern const WpObserver wp_sketch_observer;

/* Beside the first model, what was measured: @rows in order of arrival, on an origin of their own, the first
 * arrival. */
void wp_sketch_measure (WpSketch *self, const WpRow *rows, gsize n_rows);

guint wp_sketch_models (const WpSketch *self);
const WpSketchSide *wp_sketch_side (const WpSketch *self, guint model);
const WpSketchSide *wp_sketch_measured (const WpSketch *self); /* NULL if nothing was */
