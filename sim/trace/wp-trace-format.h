/* wp-trace-format.h - a source of rows of named fields, one for each input format; a private part of the
 * trace's reader. */
#pragma once

#include "sim/trace/wp-field.h"
#include "sim/trace/wp-row.h"
#include "sim/trace/wp-read-buffer.h"
#include "sim/trace/wp-trace-moments.h"
#include "sim/trace/wp-trace-options.h"

typedef struct _WpTraceFormat WpTraceFormat;

typedef enum {
  WP_TRACE_FORMAT_ERROR,
  WP_TRACE_FORMAT_ROW,
  WP_TRACE_FORMAT_END,
  WP_TRACE_FORMAT_MORE /* only if not @may_fill: the next row is not whole yet, and reading on moves the cells
                   already given */
} WpTraceFormatStatus;

/* A kind of input, as one const table. */
typedef struct {
  const char *name;  /* as typed after --input= */
  const char *title; /* in the report */
  gsize size;        /* of the struct that begins with a WpTraceFormat */

  /* Reads up to the first row; the window stands at the first byte. FALSE with `FILE:LINE: ...`. */
  gboolean (*open) (WpTraceFormat *self, const WpTraceOptions *options, GError **error);

  /* The next row's cells, as many as there are names, valid until the next call that may fill; each is
   * followed by a NUL, and can be read WP_READ_BUFFER_SPARE_BYTES past its end. Blank lines are skipped. */
  WpTraceFormatStatus (*next) (WpTraceFormat *self, gboolean may_fill, const WpField **fields,
                               GError **error);

  /* After the window went back to the first byte: the first row comes next. */
  gboolean (*rewind) (WpTraceFormat *self, GError **error);

  /* The state of a kind beside the base; or NULL. */
  void (*clear) (WpTraceFormat *self);

  /* Adds a line (to be freed) for each thing that it took for granted; @columns: the set of 1 << WpColumn
   * that are read by the columns of its own choice. Or NULL. */
  void (*append_notes) (const WpTraceFormat *self, guint columns, GPtrArray *lines);

  double max_bad; /* share of bad rows that is passed over where --max-bad is not given */
} WpTraceFormatKind;

/* What a container's or a machine's log puts before a line. */
typedef enum {
  WP_LINE_PREFIX_NONE,
  WP_LINE_PREFIX_CONTAINER, /* 2026-11-29T15:05:01.1Z stdout F, of Kubernetes */
  WP_LINE_PREFIX_OBJECT     /* all before the first {" after a blank, of syslog */
} WpLinePrefix;

#define WP_LOG_MAX_BAD 0.01 /* of logs, which other programs and full disks wrote */

/* The base of each kind. */
struct _WpTraceFormat {
  const WpTraceFormatKind *kind;
  WpReadBuffer window; /* the reader of simple rows may take whole ones off its front */
  GStrv names;         /* of the columns */
  GHashTable *notes;   /* of `# key: value`; key and value are ours */
  WpTraceMoments moments;
  const char *title;   /* of the kind; it may know better */
  const char *columns; /* as --columns, for the columns that it leaves open; or NULL */
  const char *where;   /* as --where, unless that is given; or NULL */
  guint foreign;       /* set of 1 << WpColumn: columns that have our names, and are another program's */
  char *own_columns;   /* these two, where they are the table's own */
  char *own_title;
  gboolean has_commas;  /* between the cells of rows: simple ones can be read by the fast path */
  gboolean is_bad_row;  /* the last error is of a row, and the next one can be read */
  gboolean is_cut;      /* no line feed ends the last line */
  gboolean skips;       /* a row without an arrival is no fault */
  gboolean has_remarks; /* a line of # is no row */
  WpLinePrefix prefix;  /* of the lines, which is none of theirs */
  guint64 header_line;  /* where the names came from; 0: no header */
  guint64 row_line;     /* where the last row began */
};

/* Takes what @window has, which stands at the first row or what comes before it. NULL with what the kind
 * said.
 */
WpTraceFormat *wp_trace_format_new (const WpTraceFormatKind *kind, WpReadBuffer *window,
                                    const WpTraceOptions *options, GError **error);
void wp_trace_format_free (WpTraceFormat *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTraceFormat, wp_trace_format_free)

/* The first row comes next. */
gboolean wp_trace_format_rewind (WpTraceFormat *self, GError **error);

/**
 * wp_trace_format_line:
 * @line: (out): the next line that is not blank, taken off the window, without its prefix and what ends it;
 * @line[@len] may be written to
 *
 * For those kinds of which a row is a line.
 */
WpTraceFormatStatus wp_trace_format_line (WpTraceFormat *self, gboolean may_fill, char **line, gsize *len,
                                          GError **error);

/**
 * wp_trace_format_peek:
 * @at: (inout): the line's place in the window, and then that of the next one; 0: the first
 *
 * Reads a line, blank or not, that stays in the window. FALSE with the input's error; without one: there are
 * no more, or they are beyond 64 KiB.
 */
gboolean wp_trace_format_peek (WpTraceFormat *self, gsize *at, char **line, gsize *len, GError **error);

/* The first lines: 20 at most that are no remarks, and 64 KiB. */
typedef struct {
  gsize at;              /* in the window */
  guint n_lines, n_rows; /* without remarks */
} WpTraceFormatSample;

/* Reads them into the window, whose front is the first of them, and sets their prefix. FALSE with the input's
 * error, or WP_ERROR_BAD_TRACE where there is none. */
gboolean wp_trace_format_sample (WpTraceFormat *self, WpTraceFormatSample *sample, GError **error);

/* The next of them that is not blank and no remark; not to be written to. FALSE: there are no more. */
gboolean wp_trace_format_sample_line (WpTraceFormat *self, WpTraceFormatSample *sample, char **line,
                                      gsize *len);

/* How many of them @is_one is true for, and of how many: a cut line that is none does not count. */
typedef gboolean (*WpTraceFormatTest) (gpointer data, char *line, gsize len);
guint wp_trace_format_count (WpTraceFormat *self, WpTraceFormatSample sample, WpTraceFormatTest is_one,
                             gpointer data, guint *n_lines);

/* Sets WP_ERROR_BAD_TRACE `FILE:LINE: @problem`, of the last row; returns FALSE. */
gboolean wp_trace_format_fail (WpTraceFormat *self, const char *problem, GError **error);

/* A cell with nothing in it. */
extern const WpField wp_trace_format_no_field;
