/* sim-run.h - wp-sim as a process, in a temporary folder of its own. */
#pragma once

#include <json-glib/json-glib.h>

typedef struct {
  char *folder;
  int status;      /* exit status, or minus the signal that ended it */
  char *out, *err; /* its standard output */
} SimRun;

/* A folder with nothing in it. */
SimRun *sim_run_new (void);

/* Removes the folder. */
void sim_run_free (SimRun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SimRun, sim_run_free)

/* In the folder. */
void sim_run_write (SimRun *self, const char *name, const char *text);
char *sim_run_read (SimRun *self, const char *name); /* fails the test where there is none */
guint sim_run_count_files (SimRun *self);            /* hidden ones too */

/* Runs `wp-sim @arguments`, blanks between them, in the folder; @input is its standard input. */
void sim_run_go (SimRun *self, const char *arguments, const char *input);

/* A new run, of `wp-sim @arguments` on @trace, the text of trace.csv. */
SimRun *sim_run_on (const char *trace, const char *arguments);

/* The same, still running: its pid, and a pipe to its standard input. */
GPid sim_run_start (SimRun *self, const char *arguments, int *input, int *output, int *errors);

/* The same with this as its standard error; its other output is lost. */
GPid sim_run_start_on (SimRun *self, const char *arguments, int errors);

/* Its output, parsed as JSON. */
JsonObject *sim_run_json (SimRun *self);
