/* wp-report.h - the figures of a run, for all formats of the report. */
#pragma once

#include "sim/run/wp-snapshot.h"
#include "sim/compare/wp-comparison.h"
#include "sim/run/wp-confidence.h"
#include "sim/plan/wp-plan.h"
#include "sim/model/wp-http-stage.h"
#include "sim/model/wp-traffic.h"

typedef struct {
  const char *trace;   /* its name */
  const char *service; /* --service, as typed */
  guint64 n_drawn;     /* requests whose service came from it */
  gint64 patience_ns;  /* WP_TIME_NONE: nobody leaves */
  WpTrafficSummary traffic;
  gboolean has_http_stage;
  WpHttpStageSummary http_stage;
  guint n_models;
  WpPolicy policies[WP_N_MODES];
  WpSummary summary[WP_N_MODES];
  const WpComparison *against; /* NULL without --against */
  const WpPlan *plan;          /* NULL: none, as the next two */
  const WpSnapshot *at;
  /* (element-type WpSlo): that were asked for, and are judged of each model; or NULL */
  const GPtrArray *slos;
  gboolean gate;                  /* of the text, whether they are met is all */
  const char *chart;              /* lines of text */
  const WpConfidence *confidence; /* of each model; NULL: traffic was not drawn */
  GPtrArray *warnings;            /* (element-type utf8) */
  /* (element-type utf8): what was taken for granted in reading the trace; or NULL */
  const GPtrArray *notes;
} WpReport;

/* Does the mode have a bounded number of workers, and how many? 0: it has not. */
guint wp_report_workers (const WpPolicy *policy);
