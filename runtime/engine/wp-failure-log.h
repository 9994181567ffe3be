/* wp-failure-log.h - says that jobs were given up: one line a second at most, and every one is counted in one
 * of them. */
#pragma once

#include <glib.h>

typedef struct _WpFailureLog WpFailureLog;

/* @fate: what becomes of them: "kept as failed in FILE" */
WpFailureLog *wp_failure_log_new (const char *fate);
void wp_failure_log_free (WpFailureLog *self); /* says what is left */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpFailureLog, wp_failure_log_free)

void wp_failure_log_add (WpFailureLog *self, const char *reason); /* any thread */
void wp_failure_log_flush (WpFailureLog *self);                   /* any thread: says what is left now */
