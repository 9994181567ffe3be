/* wp-progress.h - the progress line of a long run on a terminal: rows, rate, share, time left. */
#pragma once

#include "sim/run/wp-observers.h"

typedef struct _WpProgress WpProgress;

/* Shows the line only if standard error is a terminal, after the first quarter second. @what: its first
 * words, a literal. @trace: NULL if the amount of work is unknown. */
WpProgress *wp_progress_new (const char *what, const WpTrace *trace);

/* Erases the line. */
void wp_progress_free (WpProgress *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpProgress, wp_progress_free)

/* Adds @n_rows. Any thread. @progress: a WpProgress. */
void wp_progress_add (gpointer progress, gsize n_rows);

/* Adds the rows of a run, which the message of Ctrl-C reports too. */
extern const WpObserver wp_progress_observer;
