/* wp-sim-options.h - the command line of wp-sim. */
#pragma once

#include "sim/wp-draw-options.h"
#include "sim/wp-plan-options.h"
#include "sim/report/wp-report.h"

typedef struct _WpSimOptions {
  WpPolicy policy;                /* first: the policy's own callbacks take it */
  WpTraceOptions trace;           /* columns is ours */
  char *path;                     /* of the trace; "-": standard input */
  char *service;
  gboolean service_always;
  guint64 seed;
  gint64 patience_ns;             /* WP_TIME_NONE: none */
  WpFrontOptions front;           /* time 0: none */
  char *calibrate;                /* a record to learn from; nothing is simulated then */
  char *against, *client;         /* NULL: not asked for, as all paths here */
  double tolerance;
  char *series, *jobs, *plot;
  gint64 interval_ns;
  const WpReportFormat *format;
  WpDrawOptions draw;             /* traffic without a trace */
  WpPlanOptions plan;             /* what sizes are needed */
} WpSimOptions;

/* FALSE with one line on what is wrong; --help and --version print and exit. */
gboolean wp_sim_options_parse (WpSimOptions *self, int *argc, char ***argv, GError **error);
void wp_sim_options_clear (WpSimOptions *self);
