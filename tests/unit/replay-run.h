/* replay-run.h - wp-replay as a process, in a temporary folder of the run's own. */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

typedef struct _ReplayRun ReplayRun;

/* Starts `wp-replay @dir/trace.csv @url @more...` (more: NULL-terminated strings) with @trace as the trace's
 * text. */
ReplayRun *replay_run_start (const char *trace, const char *url, ...) G_GNUC_NULL_TERMINATED;

/* The same by way of a script for sh(1), such as "exec \"$0\" \"$@\" >/dev/full". */
ReplayRun *replay_run_start_by (const char *script, const char *trace, const char *url,
                                ...) G_GNUC_NULL_TERMINATED;

/* Kills it if it still runs, and removes the folder. */
void replay_run_free (ReplayRun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ReplayRun, replay_run_free)

void replay_run_signal (ReplayRun *self, int number);

/* Waits for its end. Returns its exit status, or -signal. */
int replay_run_wait (ReplayRun *self);

/* After that. */
const char *replay_run_out (const ReplayRun *self);
const char *replay_run_err (const ReplayRun *self);
JsonObject *replay_run_json (ReplayRun *self); /* (transfer none): of standard output, for --format=json */
/* a file of its folder, which it runs in */
char *replay_run_path (const ReplayRun *self, const char *name);
char *replay_run_read (const ReplayRun *self, const char *name); /* the file's text; NULL: none */
