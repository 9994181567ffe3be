/* wp-failure-log.h - logs failed jobs: at most one line per second, and each job is counted in one line. Any
 * thread. */
#pragma once

#include <glib.h>

typedef struct _WpFailureLog WpFailureLog;

/* @fate: what happens to the jobs, for the line: "kept as failed in FILE" */
WpFailureLog *wp_failure_log_new (const char *fate);
void wp_failure_log_free (WpFailureLog *self); /* flushes it */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpFailureLog, wp_failure_log_free)

void wp_failure_log_add (WpFailureLog *self, const char *reason);
void wp_failure_log_flush (WpFailureLog *self); /* logs the jobs that are not logged yet */
