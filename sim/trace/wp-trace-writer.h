/* wp-trace-writer.h - writes the trace format: notes, a header, rows. Buffered; every write() ends on a whole
 * row. A file that is opened with O_APPEND gets notes and header again where another program has made it
 * shorter, which the reader of traces passes over. */
#pragma once

#include "sim/trace/wp-row.h"

typedef struct _WpTraceWriter WpTraceWriter;

/* Writes to @fd, which it does not own; @columns is a set of 1 << WpColumn, written in the order of the enum.
 */
WpTraceWriter *wp_trace_writer_new (int fd, guint columns);

/* Digits of fraction of the times, 1 to 9 (the default); further digits are cut off. */
void wp_trace_writer_set_digits (WpTraceWriter *self, guint digits);

/* Before the first row: the column has another name (static) in this file. */
void wp_trace_writer_rename (WpTraceWriter *self, WpColumn column, const char *name);

/* Before the first row: `# key: value`. */
void wp_trace_writer_note (WpTraceWriter *self, const char *key, const char *value);

/* Before the first row: the file has notes and a header, and rows follow what is there. */
void wp_trace_writer_append (WpTraceWriter *self);

/* Notes and header are written again before the next row, if this is no regular file: a FIFO may have a new
 * reader. */
void wp_trace_writer_repeat_head (WpTraceWriter *self);

/* Empty cells for WP_TIME_NONE, -1 and NULL; ids are quoted where RFC 4180 asks for it. FALSE with
 * WP_ERROR_IO once a write has failed. */
gboolean wp_trace_writer_row (WpTraceWriter *self, const WpRow *row, GError **error);

/* Between two rows: `# at=SECONDS STATE`, with @state as key=value. FALSE as wp_trace_writer_row(). */
gboolean wp_trace_writer_moment (WpTraceWriter *self, gint64 at_ns, const char *state, GError **error);

/* @state was so from @at_ns on: as wp_trace_writer_moment(), and where notes and header are written again,
 * this line follows them. */
gboolean wp_trace_writer_state (WpTraceWriter *self, gint64 at_ns, const char *state, GError **error);

/* Writes out what is buffered (header and notes too, if there was no row). */
gboolean wp_trace_writer_flush (WpTraceWriter *self, GError **error);

guint64 wp_trace_writer_rows (const WpTraceWriter *self); /* that were written out */

void wp_trace_writer_free (WpTraceWriter *self); /* does not flush */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTraceWriter, wp_trace_writer_free)
