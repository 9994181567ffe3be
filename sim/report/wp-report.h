/* wp-report.h - what a run has to say, and the forms in which it can be said. */
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
  const char *chart;              /* lines of text */
  const WpConfidence *confidence; /* of each model; NULL: traffic was not drawn */
  GPtrArray *warnings;            /* (element-type utf8) */
  /* (element-type utf8): what was taken for granted in reading the trace; or NULL */
  const GPtrArray *notes;
} WpReport;

typedef struct {
  const char *name;                        /* as typed after --format= */
  char *(*write) (const WpReport *report); /* the whole text, to be freed */
  gboolean has_warnings;                   /* they stand in it; else they go to standard error */
} WpReportFormat;

/* text, json and csv, ended by a NULL name. */
extern const WpReportFormat wp_report_formats[];

/* Does the mode have a bounded number of workers, and how many? 0: it has not. */
guint wp_report_workers (const WpPolicy *policy);
