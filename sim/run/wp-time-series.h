/* wp-time-series.h - depth, parked and busy over time, as CSV: time,mode,depth,parked,busy. */
#pragma once

#include "sim/base/wp-atomic-file.h"
#include "sim/run/wp-observers.h"

typedef struct _WpTimeSeries WpTimeSeries;

/* A row for each of @n_models at 0, @interval_ns, ... until that model's last finish, with the state after
 * all that happens at that moment. @output outlives it, and is committed by its owner. */
WpTimeSeries *wp_time_series_new (WpAtomicFile *output, gint64 interval_ns, const WpPolicy *policies,
                                  guint n_models);
void wp_time_series_free (WpTimeSeries *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTimeSeries, wp_time_series_free)

extern const WpObserver wp_time_series_observer;
