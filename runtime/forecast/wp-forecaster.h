/* wp-forecaster.h - the forecast itself, observation by observation: no thread, no clock. */
#pragma once

#include "runtime/forecast/wp-depth-forecast.h"

/* The server at one moment. */
typedef struct {
  gint64 now_ns;                        /* CLOCK_MONOTONIC */
  guint64 arrived, rejected, timed_out; /* totals so far */
  gint64 full_ns;                       /* so is this, */
  guint64 worker_ns;                    /* and this: of WpLedger */
  guint64 queued, parked, in_service;
  guint64 queued_peak; /* in the present second */
  WpPolicy policy;
  gboolean commits;                          /* its database commits in groups, */
  gint64 pace_ns;                            /* at this pace; 0: none */
  guint64 n_commits, commit_rows, commit_ns; /* totals so far */
  gboolean simulates; /* make a forecast of the depth too, which may take 0.2 s; else the last one stands */
} WpServerState;

typedef struct {
  WpDepthAt at;        /* NaN: no forecast */
  double error, skill; /* of the forecasts made that long ago; see wp-score.h */
  gboolean shows;      /* the skill is above 0 by more than chance */
  double due;          /* if it does, the depth that was forecast so long ago for now; NaN: none */
} WpHorizon;

typedef struct {
  char *headline; /* owned by the forecaster */
  WpOfferedLoad load;
  WpCapacitySystem system;
  WpCapacity capacity;
  WpHorizon horizons[WP_N_HORIZONS];
  WpTrafficMark from, until; /* the requests between them may be read of the ring, and some later ones */
  gint64 resized_ns;         /* when the sizes last changed; WP_TIME_NONE: never */
} WpOutlook;

typedef struct _WpForecaster WpForecaster;

/* @ring: not owned. */
WpForecaster *wp_forecaster_new (const WpSampleRing *ring);
void wp_forecaster_free (WpForecaster *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpForecaster, wp_forecaster_free)

/* About once per second, the first time before the first request. */
const WpOutlook *wp_forecaster_observe (WpForecaster *self, const WpServerState *state);
