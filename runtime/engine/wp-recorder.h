/* wp-recorder.h - writes every request as a row of a trace, in order of arrival, in a thread of its own. A
 * very long job does not hold up the rows behind it: its own row is written late, out of order. */
#pragma once

#include "runtime/queue/wp-job.h"

#define WP_RECORDER_SPAN (1u << 18) /* limit of the rows that wait for an earlier one: some 40 MB */

typedef struct _WpRecorder WpRecorder;

typedef enum {
  WP_RECORD_SERVER,
  /* Jobs go to a shared queue: `accepted` is its confirm; `service`, `started` and `finished` are in the
   * records of the workers. A request without an id has the UUID of its job. */
  WP_RECORD_FRONT,
  /* Jobs come from a shared queue: in place of `accepted`, which is the arrival then, the column `enqueued`
   * has the time of the publish. Lines `# at=SECONDS clocks-apart=SECONDS` have the least time from it to the
   * arrival so far. */
  WP_RECORD_WORKER
} WpRecordKind;

/**
 * wp_recorder_new:
 * @path: created with mode 0600, or truncated
 * @notes: key, value, key, value, ..., NULL; copied
 * @kind: decides on the columns
 *
 * A row is written once its request has ended, and each earlier one has ended or is WP_RECORDER_SPAN behind.
 * Its times are relative to the first arrival.
 *
 * Returns: NULL with WP_ERROR_IO
 */
WpRecorder *wp_recorder_new (const char *path, const char *const *notes, WpRecordKind kind, GError **error);

/* Sets the first arrival, which may be later than the first row. Any thread. */
void wp_recorder_begin (WpRecorder *self, gint64 first_ns);

/* @job: has ended, or will not end; its values are copied. A second row for a job is ignored. Any thread. */
void wp_recorder_add (WpRecorder *self, const WpJob *job);

/* `# at=SECONDS STATE`, a line between the rows. Any thread. */
void wp_recorder_note (WpRecorder *self, gint64 at_ns, const char *state);

/* The sizes change: `# at=SECONDS SIZES`, a line between the rows. A file that is opened later has the last
 * such line behind its notes, which are those of the start. Any thread. */
void wp_recorder_note_sizes (WpRecorder *self, gint64 at_ns, const char *sizes);

/* Before the next row, opens the path again if it names another file now (after a log rotation), or if
 * writing has failed, and appends to it. Notes and header are written again to the same file or FIFO. Any
 * thread. */
void wp_recorder_reopen (WpRecorder *self);

/**
 * wp_recorder_close:
 * @n_rows: number of jobs; those that a thread is about to add are awaited, for at most 1 s and half of the
 * time
 * @deadline_ns: CLOCK_MONOTONIC; WP_TIME_NONE: no deadline
 *
 * Writes all added rows, and closes the file; rows that are added later are not written.
 *
 * Returns: FALSE with WP_ERROR_IO if rows were lost: their number and the first reason. After a missed
 * deadline the thread may still run, and the recorder must not be freed.
 */
gboolean wp_recorder_close (WpRecorder *self, guint64 n_rows, gint64 deadline_ns, GError **error);

void wp_recorder_free (WpRecorder *self); /* after wp_recorder_close(), with no call in progress */
