/* wp-trace-files.h - the files of one trace, whose rows come in order of time; a private part of the trace's
 * reader. */
#pragma once

#include "sim/trace/wp-trace-file.h"

typedef struct _WpTraceFiles WpTraceFiles;

/* Takes the inputs, @n >= 1. Of several an empty one, as a log just after it was rotated, is left out, but
 * not the last, where all are. */
WpTraceFiles *wp_trace_files_open (WpInput *const *inputs, guint n, gsize chunk_bytes,
                                   const WpTraceOptions *options, GError **error);
void wp_trace_files_free (WpTraceFiles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTraceFiles, wp_trace_files_free)

/* As wp_trace_file_read(), of one file, @file. */
WpTraceFileStatus wp_trace_files_read (WpTraceFiles *self, gboolean may_fill, WpRow *rows, gsize max_rows,
                                       gsize *n_rows, WpTraceFile **file, GError **error);
gboolean wp_trace_files_restart (WpTraceFiles *self, GError **error);
void wp_trace_files_allow_fast (WpTraceFiles *self, gboolean is_allowed);

/* Each file, NULL-terminated; the first stands for all where one is needed. */
WpTraceFile *const *wp_trace_files_all (const WpTraceFiles *self);

guint wp_trace_files_columns (const WpTraceFiles *self); /* of any: set of 1 << WpColumn */
const char *wp_trace_files_name (const WpTraceFiles *self);
const char *wp_trace_files_title (const WpTraceFiles *self);
gboolean wp_trace_files_are_spread (const WpTraceFiles *self);
double wp_trace_files_progress (const WpTraceFiles *self);

/* Lines (to be freed) on what was taken for granted, and on the files and rows that do not count; each once.
 */
void wp_trace_files_append_assumptions (const WpTraceFiles *self, GPtrArray *lines);
void wp_trace_files_append_omissions (const WpTraceFiles *self, GPtrArray *lines);
