/* wp-recorder.h - writes what happened to every request as a trace, in order of arrival, on a thread of its
 * own. One job that goes on and on does not hold up the rows of all that come after it: then its row is the
 * one that is out of order. */
#pragma once

#include "runtime/queue/wp-job.h"

#define WP_RECORDER_SPAN (1u << 18) /* rows that wait for one before them, at most: some 40 MB */

typedef struct _WpRecorder WpRecorder;

/**
 * wp_recorder_new:
 * @path: made, with mode 0600, or emptied
 * @notes: key, value, key, value, ..., NULL; copied
 *
 * A row is written once its request and all before it have ended, or WP_RECORDER_SPAN after those; its times
 * count from the first arrival.
 *
 * Returns: NULL with WP_ERROR_IO
 */
WpRecorder *wp_recorder_new (const char *path, const char *const *notes, GError **error);

/* When the first request arrived, if it is known before that ends. Any thread. */
void wp_recorder_begin (WpRecorder *self, gint64 first_ns);

/* @job has ended, or never will: copies what its row needs. Of two rows for one job, the first counts. Any
 * thread. */
void wp_recorder_add (WpRecorder *self, const WpJob *job);

/* Opens the file's name anew before the next row, if it stands for another file now (after a log rotation) or
 * nothing could be written any more. Rows follow what is there. Whoever reads a FIFO gets notes and header
 * again. Any thread. */
void wp_recorder_reopen (WpRecorder *self);

/**
 * wp_recorder_close:
 * @n_rows: how many jobs there were; those that a thread is about to add are waited for, for a second and
 * half of the time at most
 * @deadline_ns: CLOCK_MONOTONIC; WP_TIME_NONE: however long it takes
 *
 * Writes all that was added, and closes; what is added later is not written.
 *
 * Returns: FALSE with WP_ERROR_IO if any row was lost: how many, and the first reason why. Past the deadline
 * its thread may go on, and it must not be freed.
 */
gboolean wp_recorder_close (WpRecorder *self, guint64 n_rows, gint64 deadline_ns, GError **error);

void wp_recorder_free (WpRecorder *self); /* closed, and nobody adds any more */
