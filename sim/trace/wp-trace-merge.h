/* wp-trace-merge.h - the rows of several files, in order of time. */
#pragma once

#include "sim/trace/wp-trace-file.h"

typedef struct _WpTraceMerge WpTraceMerge;

/* @files: NULL-terminated, the caller's; of each file 256 rows are in memory. @limit_rows: 0: all */
WpTraceMerge *wp_trace_merge_new (WpTraceFile *const *files, guint64 limit_rows);
void wp_trace_merge_free (WpTraceMerge *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTraceMerge, wp_trace_merge_free)

/* As wp_trace_file_read(): a run of rows of one file, @file. They are in order where each file is; at one
 * instant the file that was named first comes first. */
WpTraceFileStatus wp_trace_merge_read (WpTraceMerge *self, gboolean may_fill, WpRow *rows, gsize max_rows,
                                       gsize *n_rows, WpTraceFile **file, GError **error);

/* After the files were restarted. */
void wp_trace_merge_restart (WpTraceMerge *self);
