/* wp-trace.h - request traces, read as a stream: CSV, access logs or JSON lines, plain or gzip, from a file
 * or a pipe. */
#pragma once

#include "sim/trace/wp-trace-file.h"

typedef struct _WpTrace WpTrace;

/**
 * wp_trace_open:
 * @path: a file, gzipped or not (known by its first bytes), or "-" for standard input
 * @options: copied; NULL: none
 *
 * Opens the trace and reads its notes and header.
 *
 * Returns: NULL with WP_ERROR_IO (no such file, a directory, ...), WP_ERROR_BAD_VALUE (--columns) or
 * WP_ERROR_BAD_TRACE (no header, no column "arrival", ...).
 */
WpTrace *wp_trace_open (const char *path, const WpTraceOptions *options, GError **error);

/**
 * wp_trace_open_files:
 * @paths: NULL-terminated, one or more; "-" once
 *
 * Several files are one trace, in order of time: each has a format of its own, and says how long requests
 * take by the same columns. Where each is in order, a few rows of each are in memory. An empty one is left
 * out.
 *
 * Returns: as wp_trace_open(); NULL with WP_ERROR_USAGE too: more than 256 files.
 */
WpTrace *wp_trace_open_files (const char *const *paths, const WpTraceOptions *options, GError **error);

/* Where arrivals come from that are drawn, not read; each function gets the source itself. */
typedef struct {
  gsize (*next) (gpointer source, gint64 *arrivals_ns, gsize most); /* in order; 0: no more */
  double (*progress) (gpointer source);                             /* as wp_trace_progress() */
  void (*free) (gpointer source);
} WpTraceSource;

/**
 * wp_trace_new_drawn:
 * @name: stands for the file in messages
 * @source: the trace takes it
 * @limit_rows: 0: none
 *
 * A trace without a file and without services, always in order.
 */
WpTrace *wp_trace_new_drawn (const char *name, const WpTraceSource *functions, gpointer source,
                             guint64 limit_rows);

void wp_trace_free (WpTrace *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTrace, wp_trace_free)

typedef enum {
  WP_READ_ERROR,   /* @error has the place and the problem */
  WP_READ_ROWS,    /* rows, in order of arrival, >= 1 */
  WP_READ_END,     /* no more; an empty trace is WP_READ_ERROR instead */
  WP_READ_DISORDER /* a row arrives before one already given: forget all rows, call wp_trace_sort(), read
                      again from the first */
} WpRead;

/**
 * wp_trace_read:
 * @rows: (out): some rows, owned by the trace, valid until the next call
 *
 * Streams: memory does not grow with the trace, unless wp_trace_sort() was called.
 */
WpRead wp_trace_read (WpTrace *self, const WpRow **rows, gsize *n_rows, GError **error);

/* Reads the whole trace again into memory, sorts it by arrival (stable), and starts over. The bytes of a pipe
 * were kept in an unlinked temporary file. */
gboolean wp_trace_sort (WpTrace *self, GError **error);

/* Before the first read. @check sees each row as its file has it; its error gets `FILE:LINE: ` before it.
 * Rows are shown again when the trace is sorted. */
void wp_trace_check_rows (WpTrace *self, WpRowCheck check, gpointer data);

/**
 * wp_trace_load:
 *
 * Reads what is left of a trace not yet read from, sorted; for those who need all of it at once.
 *
 * Returns: (element-type WpRow): the rows, owned by the trace (ids too); NULL with @error.
 */
const WpRow *wp_trace_load (WpTrace *self, gsize *n_rows, GError **error);

/**
 * wp_trace_load_responses:
 * @arrivals_ns: (out): in order, since the first, not scaled
 * @responses_ns: (out): of the same rows, not scaled; WP_TIME_NONE where there is none, or a service
 *
 * Before the first read of a trace with a column "response": reads and sorts all of it, and starts over.
 * Free both. FALSE with @error, as wp_trace_read() and wp_trace_sort().
 */
gboolean wp_trace_load_responses (WpTrace *self, gint64 **arrivals_ns, gint64 **responses_ns, gsize *n_rows,
                                  GError **error);

/* After that, and before the first read: these are the services of its rows, but where they are WP_TIME_NONE.
 */
void wp_trace_put_services (WpTrace *self, const gint64 *services_ns);

/* Is it a log of another program's, rather than a CSV trace? */
gboolean wp_trace_is_log (const WpTrace *self);

/* Were stamps of whole seconds spread over theirs? */
gboolean wp_trace_has_spread_stamps (const WpTrace *self);

/* the path as given; "standard input" for "-"; of several, "A, B and C" */
const char *wp_trace_name (const WpTrace *self);
const char *wp_trace_note (const WpTrace *self, const char *key); /* of `# key: value`, or NULL */
/* is this column of ours there, or mapped? */
gboolean wp_trace_has_column (const WpTrace *self, const char *column);
/* the column of requests' paths, for --where; NULL: none is known */
const char *wp_trace_path_column (const WpTrace *self);
/* the format: "CSV", "JSON lines", ...; NULL: the trace is generated */
const char *wp_trace_title (const WpTrace *self);
/* Of what has been read of all files. */
WpTracePressure wp_trace_pressure (const WpTrace *self);

/* Was the last line of the first file cut, and left out? */
gboolean wp_trace_is_cut (const WpTrace *self);

/* Of what has been read of the first file; times as the file has them, and the trace's origin there. */
const WpTraceMoments *wp_trace_moments (const WpTrace *self, gint64 *origin_ns);

/* adds a line (utf8, to be freed) for each thing that was taken for granted in reading */
void wp_trace_append_notes (const WpTrace *self, GPtrArray *lines);
guint64 wp_trace_out_of_order (const WpTrace *self); /* rows that arrived before one above them, so far */
/* share of the file read, 0 to 1; -1 where its size is unknown */
double wp_trace_progress (const WpTrace *self);
