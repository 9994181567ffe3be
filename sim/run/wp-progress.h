/* wp-progress.h - the live line of a long run on a terminal: rows, rate, share, time left. */
#pragma once

#include "sim/run/wp-observers.h"

typedef struct _WpProgress WpProgress;

/* Shows nothing unless standard error is a terminal, and nothing in the first quarter second. @what: how the
 * line begins, a literal; @trace: NULL where nobody knows how much is to come. */
WpProgress *wp_progress_new (const char *what, const WpTrace *trace);

/* Wipes the line. */
void wp_progress_free (WpProgress *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpProgress, wp_progress_free)

/* So many rows more. Any thread. @progress: a WpProgress. */
void wp_progress_add (gpointer progress, gsize n_rows);

/* Of a run: the same, and Ctrl-C tells the rows. */
extern const WpObserver wp_progress_observer;
