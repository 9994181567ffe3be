/* wp-http-stage.h - the HTTP threads before the queue: a first stage, first come, first served, in which
 * each request takes the same time. */
#pragma once

#include "sim/model/wp-summary.h"

typedef struct {
  gint64 time_ns; /* of a thread, a request; 0: there is no front */
  guint threads;  /* >= 1 */
} WpHttpStageOptions;

/* As every time is the same, requests leave in the order in which they come; O(1) each. */
typedef struct _WpHttpStage WpHttpStage;

/* What the front did. */
typedef struct {
  guint64 requests;
  WpSpread wait; /* before a thread was free */
  /* of its threads, from the first request to the last that left; NaN if that took no time */
  double utilisation;
} WpHttpStageSummary;

WpHttpStage *wp_http_stage_new (const WpHttpStageOptions *options);
void wp_http_stage_free (WpHttpStage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpHttpStage, wp_http_stage_free)

/* A request comes to the front at @now_ns, which never goes back. Returns: when it leaves, and arrives at the
 * queue; G_MAXINT64: past 292 years. */
gint64 wp_http_stage_pass (WpHttpStage *self, gint64 now_ns);

void wp_http_stage_summary (const WpHttpStage *self, WpHttpStageSummary *summary);

/* What passed so far is not counted. */
void wp_http_stage_start_counting (WpHttpStage *self);
