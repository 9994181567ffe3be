/* wp-trace-file.h - one file of a trace: its rows in the file's order and on the file's own clock; a private
 * part of the trace's reader. */
#pragma once

#include "sim/trace/wp-input.h"
#include "sim/trace/wp-row.h"
#include "sim/trace/wp-trace-moments.h"
#include "sim/trace/wp-trace-options.h"

typedef struct _WpTraceFile WpTraceFile;

/* Takes @input and reads up to the first row; the file is read @chunk_bytes at a time. Of @options the scales
 * are the trace's. NULL with @error. */
WpTraceFile *wp_trace_file_open (WpInput *input, gsize chunk_bytes, const WpTraceOptions *options,
                                 GError **error);
void wp_trace_file_free (WpTraceFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTraceFile, wp_trace_file_free)

typedef enum {
  WP_TRACE_FILE_ERROR,
  WP_TRACE_FILE_ROWS,
  WP_TRACE_FILE_END,
  WP_TRACE_FILE_MORE, /* only if not @may_fill: reading on would move the ids of the rows already given */
  WP_TRACE_FILE_NONE  /* private */
} WpTraceFileStatus;

/**
 * wp_trace_file_read:
 * @rows: fields that the file does not have are left as they are
 * @n_rows: (out): of one read
 *
 * Times are as the file has them: nothing is subtracted, scaled or sorted.
 */
WpTraceFileStatus wp_trace_file_read (WpTraceFile *self, gboolean may_fill, WpRow *rows, gsize max_rows,
                                      gsize *n_rows, GError **error);

/**
 * wp_trace_file_count_seconds:
 * @rows: room to read into
 * @seconds: (element-type WpLogSeconds): gets those of the file if its stamps are whole seconds that may be
 * spread
 *
 * Of one of several files, before its first row is read: counts how many rows each second has, which
 * wp_log_seconds_share() may then change; wp_trace_file_restart() has to follow.
 */
gboolean wp_trace_file_count_seconds (WpTraceFile *self, WpRow *rows, gsize max_rows, GPtrArray *seconds,
                                      GError **error);

/* The first row comes next. */
gboolean wp_trace_file_restart (WpTraceFile *self, GError **error);

/* May rows of simple CSV take the fast path, whose arrivals are not negative? */
void wp_trace_file_allow_fast (WpTraceFile *self, gboolean is_allowed);

/* Looks at a row, on @line; FALSE with @error ends the reading. */
typedef gboolean (*WpRowCheck) (gpointer data, const WpRow *row, guint64 line, GError **error);
void wp_trace_file_check_rows (WpTraceFile *self, WpRowCheck check, gpointer data);

/* Sets that there is no row. */
void wp_trace_file_fail_empty (WpTraceFile *self, GError **error);

/* Puts `FILE:LINE: ` before the message: of @n_rows rows that were read last. */
void wp_trace_file_prefix (const WpTraceFile *self, gsize n_rows, GError **error);

guint wp_trace_file_columns (const WpTraceFile *self); /* set of 1 << WpColumn */
guint64 wp_trace_file_n_read (const WpTraceFile *self);
gboolean wp_trace_file_is_log (const WpTraceFile *self);
gboolean wp_trace_file_is_spread (const WpTraceFile *self);
/* Once a row was read: are arrivals dates, and not times from an origin of the file's own? */
gboolean wp_trace_file_is_dated (const WpTraceFile *self);
const char *wp_trace_file_name (const WpTraceFile *self);
const char *wp_trace_file_title (const WpTraceFile *self);
const char *wp_trace_file_note (const WpTraceFile *self, const char *key);
const WpTraceMoments *wp_trace_file_moments (const WpTraceFile *self);
gboolean wp_trace_file_is_cut (const WpTraceFile *self); /* was its last line cut, and left out? */
/* The column of requests' paths; NULL: none is known. */
const char *wp_trace_file_path_column (const WpTraceFile *self);
double wp_trace_file_progress (const WpTraceFile *self);

/* Lines (to be freed) on what was taken for granted, and on the rows that do not count. */
void wp_trace_file_append_assumptions (const WpTraceFile *self, GPtrArray *lines);
void wp_trace_file_append_omissions (const WpTraceFile *self, GPtrArray *lines);
