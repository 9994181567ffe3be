/* wp-report.h - the content of a report, for all formats. */
#pragma once

#include "sim/run/wp-timeline.h"
#include "sim/compare/wp-comparison.h"
#include "sim/run/wp-confidence.h"
#include "sim/plan/wp-fleet-plan.h"
#include "sim/plan/wp-sensitivity.h"
#include "sim/run/wp-logged.h"
#include "sim/model/wp-fleet.h"
#include "sim/model/wp-http-stage.h"
#include "sim/model/wp-shared-queue.h"
#include "sim/model/wp-traffic.h"

typedef struct {
  const char *trace;          /* its name */
  const char *const *files;   /* all of a trace that is read, NULL-terminated; or NULL */
  const char *found;          /* the format of the file; NULL: traffic was generated */
  const char *service;        /* --service, as typed */
  gboolean service_is_learnt; /* from the trace, a record: no --service was typed */
  guint64 n_drawn;            /* requests whose service time it drew */
  /* a log without services and responses: nothing is simulated, there are no models */
  gboolean lacks_service;
  /* the trace's service times contain waiting for commits; the warnings say so */
  gboolean waits_in_service;
  const WpLogged *logged; /* the meaning of its response times; NULL: it has none */
  gint64 patience_ns;     /* WP_TIME_NONE: clients wait without limit */
  WpTrafficSummary traffic;
  gboolean has_http_stage;
  WpHttpStageSummary http_stage;
  guint n_models;
  WpPolicy policies[WP_N_MODES];
  WpSummary summary[WP_N_MODES];
  WpFleetOptions fleet;        /* instances > 0: the first model is a fleet, the second one shared queue */
  WpSharedQueueOptions shared; /* fronts > 0: the only model is that of fronts, a shared queue and workers */
  WpSharedQueueFigures shared_figures;
  const char *engine;                     /* of the shared queue, as typed */
  const WpComparison *against;            /* NULL without --against */
  const WpPlan *plan;                     /* NULL: none; likewise the next three */
  const WpFleetPlan *fleet_plan;          /* of the shared queue */
  const WpRecommendation *recommendation; /* with a plan only */
  const WpSensitivity *sensitivity;       /* NULL without --sensitivity */
  const WpSnapshot *at;
  /* (element-type WpSlo): the objectives of --slo, judged for each model; or NULL */
  const GPtrArray *slos;
  gboolean gate;                  /* of the text, whether they are met is all */
  const char *chart;              /* lines of text */
  const WpConfidence *confidence; /* for each model; NULL if the traffic is from a trace */
  GPtrArray *warnings;            /* (element-type utf8) */
  /* (element-type utf8): assumptions in reading the trace; or NULL */
  const GPtrArray *notes;
} WpReport;

/* Does the model have the recommended sizes? */
gboolean wp_report_is_recommended (const WpReport *self, guint model);

/* Of a fleet: by how many seconds @metric, a time, is shorter with one shared queue. NaN: it is null. */
double wp_report_sharing (const WpReport *self, const char *metric);

/* The number of workers; 0: unbounded. */
guint wp_report_workers (const WpPolicy *policy);

typedef struct {
  const char *name;                        /* as typed after --format= */
  char *(*write) (const WpReport *report); /* the whole text, to be freed */
  gboolean has_warnings;                   /* they stand in it; else they go to standard error */
} WpReportFormat;

/* text, json and csv, ended by a NULL name. */
extern const WpReportFormat wp_report_formats[];

/* One screen, aligned, with units. */
char *wp_report_text (const WpReport *report);
/* One object: durations in seconds, not rounded, null if undefined. */
char *wp_report_json (const WpReport *report);
/* One row per model; with --against, one row per metric. */
char *wp_report_csv (const WpReport *report);

/* The traffic and the assumptions, one line each. */
void wp_report_text_add_traffic (GString *text, const WpReport *report);

/* "block", "block for 2 s", "reject", or "-": it has no queue. Returns @cell, of WP_FORMAT_CELL, or a
 * literal. */
const char *wp_report_describe_full (char *cell, const WpPolicy *policy);
