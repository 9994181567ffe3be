/* wp-progress.h - the live line of a long run on a terminal: rows, rate, share, time left. */
#pragma once

#include "sim/report/wp-run.h"

typedef struct _WpProgress WpProgress;

/* Shows nothing unless standard error is a terminal, and nothing in the first quarter second. */
WpProgress *wp_progress_new (const WpTrace *trace);

/* Wipes the line. */
void wp_progress_free (WpProgress *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpProgress, wp_progress_free)

extern const WpObserver wp_progress_observer;
