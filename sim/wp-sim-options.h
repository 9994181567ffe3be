/* wp-sim-options.h - the command line of wp-sim. */
#pragma once

#include "sim/run/wp-closed-loop.h"
#include "sim/run/wp-logged.h"
#include "sim/model/wp-shared-queue.h"
#include "sim/report/wp-report.h"
#include "sim/plan/wp-stages.h"

/* Generated traffic. */
typedef struct {
  char *generate;  /* the trace to write; NULL: not given, as all texts here */
  char *synthetic; /* the trace to simulate */
  guint digits;    /* of --generate; 0: the default */
  gboolean ids;
  WpClosedLoopOptions clients; /* its warm-up holds for open traffic too; clients 0: no closed loop */
  char *think;
  guint replications; /* 0: not asked for */
  double precision;   /* 0.01 is 1 %; 0: not asked for */
  gboolean theory;
} WpDrawOptions;

/* Options on sizes. */
typedef struct {
  GPtrArray *slos; /* (element-type WpSlo); NULL: none given */
  gboolean plan, no_plan;
  gboolean gate;         /* only judge the given sizes */
  double margin;         /* of the recommended sizes; 0: not given */
  char *sweep;           /* NULL: not asked for */
  gint64 at_ns;          /* WP_TIME_NONE: not asked for */
  gint64 sensitivity_ns; /* 0: not asked for */
  guint threads;         /* 0: one per core */
  guint64 memory_bytes;  /* for the rows; 0: a quarter of the memory that the process may have */
} WpPlanOptions;

typedef struct {
  WpPolicy policy;
  WpTraceOptions trace; /* owns columns */
  GStrv paths;          /* of the trace, NULL-terminated; "-": standard input; none: the traffic is drawn */
  char *service;
  gboolean service_is_given; /* and not the default */
  char *learnt;              /* where @service is the record's own commits: what to report of it; or NULL */
  gboolean service_always;
  WpLoggedOption logged;
  guint64 seed;
  gint64 patience_ns;            /* WP_TIME_NONE: none */
  WpHttpStageOptions http_stage; /* time 0: none */
  char *dispatch;                /* from a free worker to the start of its job; NULL: none */
  WpFleetOptions fleet;          /* instances 0: one server; until_stored and seed are not set */
  WpSharedQueueOptions shared;   /* fronts 0: none; balance, front, seed and the engine's times are not set */
  char *engine;                  /* NULL: not given */
  char *calibrate;               /* the record to fit; excludes a simulation */
  WpServiceTime *services, *dispatches, *thinks; /* of service, dispatch (NULL: none) and think, opened: their
                                                    files are read once */
  GPtrArray *against; /* (element-type utf8): a record for each server; NULL: not asked for */
  char *client;       /* NULL: not asked for, as all paths here */
  double tolerance;
  gint64 max_lag_ns; /* of the arrivals of a run that agrees as replayed */
  char *series, *jobs, *plot, *report;
  char *command; /* the whole line, as a shell takes it */
  gint64 interval_ns;
  guint format_index;
  const WpReportFormat *format;
  WpDrawOptions draw;
  WpPlanOptions plan;
} WpSimOptions;

/* An invalid combination of options, and its message. */
typedef struct {
  gboolean is_wrong;
  const char *message;
} WpSimCheck;

/* FALSE with WP_ERROR_USAGE: the first that is wrong. */
gboolean wp_sim_options_run_checks (const WpSimCheck *checks, guint n, GError **error);

/* Do they go with each other? @n_traces: number of files */
gboolean wp_sim_options_check (const WpSimOptions *self, guint n_traces, GError **error);

extern const WpOption wp_sim_fleet_options[];        /* of WpFleetOptions */
extern const WpOption wp_sim_shared_queue_options[]; /* of WpSimOptions */

/* A fleet is simulated once, at the given sizes; call it again when notes have set the policy. */
gboolean wp_sim_options_check_fleet (const WpSimOptions *self, GError **error);

/* Is it --instances or --fronts? */
gboolean wp_sim_options_are_of_fleet (const WpSimOptions *self);

/* FALSE with a one-line error; --help and --version print and exit. Clear @self in any case. */
gboolean wp_sim_options_parse (WpSimOptions *self, char **argv, GError **error);
void wp_sim_options_clear (WpSimOptions *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (WpSimOptions, wp_sim_options_clear)

/* Is the traffic generated? */
gboolean wp_sim_options_are_drawn (const WpSimOptions *self);

/* Is the report CSV? */
gboolean wp_sim_options_are_csv (const WpSimOptions *self);

/* Has a mode a dispatcher without bounds? */
gboolean wp_sim_options_are_spawning (const WpSimOptions *self);

/* Is a plan wanted? */
gboolean wp_sim_options_want_plan (const WpSimOptions *self);

/* Of the models of a plan, a sweep and --sensitivity; @self outlives them. */
WpStages wp_sim_options_stages (const WpSimOptions *self);

/* May sizes be tried on the trace's rows, though no plan is wanted? */
gboolean wp_sim_options_may_try_sizes (const WpSimOptions *self);

/* The sizes, where both are given; NULL: they are not. */
const WpPolicy *wp_sim_options_given_sizes (const WpSimOptions *self);

/* Is something asked for that nobody knows without services: sizes, files of predictions, a comparison? */
gboolean wp_sim_options_need_services (const WpSimOptions *self);

/* Sets that the log has none. */
void wp_sim_options_fail_services (const WpSimOptions *self, GError **error);

/* Where @n_taken service times are those of a record whose database commits in groups: what they are, and
 * what to type; to be freed. NULL: they are not. */
char *wp_sim_options_warn_of_groups (const WpSimOptions *self, const WpTrace *trace, guint64 n_taken);

/* Sets services. Where @trace (NULL: a closed loop has none) is a record whose database commits in groups, it
 * shows how long a commit takes, and no option says where services come from: they are its commits, and
 * service and learnt say so. */
gboolean wp_sim_options_open_services (WpSimOptions *self, const WpTrace *trace, GError **error);

/* Prints learnt, if there is one, to standard error: where no report has it. */
void wp_sim_options_print_learnt (const WpSimOptions *self);

/* Are sizes to be recommended, and simulated? */
gboolean wp_sim_options_want_sizes (const WpSimOptions *self);

/* >= 1 */
guint wp_sim_options_threads (const WpSimOptions *self);

/* For the rows of --plan and --sweep. */
guint64 wp_sim_options_memory (const WpSimOptions *self);
