/* wp-http-stage.h - the HTTP threads as the first station of a tandem: FCFS with constant service. */
#pragma once

#include "sim/model/wp-summary.h"

typedef struct {
  gint64 time_ns; /* thread time per request; 0: no HTTP stage */
  guint threads;  /* >= 1 */
} WpHttpStageOptions;

/* Constant service keeps departures in order of arrival; O(1) per request. */
typedef struct _WpHttpStage WpHttpStage;

/* Summary of the HTTP stage. */
typedef struct {
  guint64 requests;
  WpSpread wait; /* for a free thread */
  /* of its threads, from the first arrival to the last departure; NaN if both coincide */
  double utilisation;
} WpHttpStageSummary;

WpHttpStage *wp_http_stage_new (const WpHttpStageOptions *options);
void wp_http_stage_free (WpHttpStage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpHttpStage, wp_http_stage_free)

/* Serves a request that arrives at @now_ns, which does not decrease. Returns its departure, which is its
 * arrival at the queue; G_MAXINT64: beyond 292 years. */
gint64 wp_http_stage_pass (WpHttpStage *self, gint64 now_ns);

void wp_http_stage_summary (const WpHttpStage *self, WpHttpStageSummary *summary);

/* Adds what @other counted, of other threads. @self then serves no more. */
void wp_http_stage_merge (WpHttpStage *self, const WpHttpStage *other);

/* Ends the warm-up: forgets the requests counted so far. */
void wp_http_stage_start_counting (WpHttpStage *self);
