/* wp-time-series.h - depth, parked and busy over time, as CSV: time,mode,depth,parked,busy. */
#pragma once

#include "sim/base/wp-atomic-file.h"
#include "sim/run/wp-timeline.h"

typedef struct _WpTimeSeries WpTimeSeries;

/* @output outlives it; its owner commits it. @policies: of the models. */
WpTimeSeries *wp_time_series_new (WpAtomicFile *output, const WpPolicy *policies, guint n_models);
void wp_time_series_free (WpTimeSeries *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTimeSeries, wp_time_series_free)

/* Writes one row per sample. */
extern const WpStateSampler wp_time_series_sampler;
