/* wp-trace-format.h - a source of rows of named cells: what every kind of input is to the trace's reader, of
 * which it is a private part. */
#pragma once

#include "sim/trace/wp-field.h"
#include "sim/trace/wp-read-buffer.h"

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
  const char *name; /* as typed after --input= */
  gsize size;       /* of the struct that begins with a WpTraceFormat */

  /* Reads up to the first row; the window stands at the first byte. FALSE with `FILE:LINE: ...`. */
  gboolean (*open) (WpTraceFormat *self, guint64 limit_rows, GError **error);

  /* The next row's cells, as many as there are names, valid until the next call that may fill; each is
   * followed by a NUL, and can be read WP_READ_BUFFER_SPARE_BYTES past its end. Blank lines are skipped. */
  WpTraceFormatStatus (*next) (WpTraceFormat *self, gboolean may_fill, const WpField **fields,
                               GError **error);

  /* After the window went back to the first byte: the first row comes next. */
  gboolean (*rewind) (WpTraceFormat *self, GError **error);

  /* What a kind has beside the base; or NULL. */
  void (*clear) (WpTraceFormat *self);

  /* Adds a line (to be freed) for each thing that it took for granted; @columns: the set of 1 << WpColumn
   * that are read from columns of its own by their own names. Or NULL. */
  void (*tell) (const WpTraceFormat *self, guint columns, GPtrArray *lines);
} WpTraceFormatKind;

/* The base of each kind. */
struct _WpTraceFormat {
  const WpTraceFormatKind *kind;
  WpReadBuffer window; /* the reader of simple rows may take whole ones off its front */
  GStrv names;         /* of the columns */
  GHashTable *notes;   /* of `# key: value`; key and value are ours */
  gboolean is_spread;  /* stamps of whole seconds were spread over theirs */
  guint64 header_line; /* where the names came from; 0: no header */
  guint64 row_line;    /* where the last row began */
};

/* Takes @input. NULL with what the kind said. */
WpTraceFormat *wp_trace_format_new (const WpTraceFormatKind *kind, WpInput *input, gsize chunk_bytes,
                                    guint64 limit_rows, GError **error);
void wp_trace_format_free (WpTraceFormat *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTraceFormat, wp_trace_format_free)

/* The first row comes next. */
gboolean wp_trace_format_rewind (WpTraceFormat *self, GError **error);

/**
 * wp_trace_format_line:
 * @line: (out): the next line that is not blank, taken off the window, without what ends it; @line[@len] may
 * be written to
 *
 * For those kinds of which a row is a line.
 */
WpTraceFormatStatus wp_trace_format_line (WpTraceFormat *self, gboolean may_fill, char **line, gsize *len,
                                          GError **error);

/* Sets WP_ERROR_BAD_TRACE `FILE:LINE: @problem`, of the last row; returns FALSE. */
gboolean wp_trace_format_fail (WpTraceFormat *self, const char *problem, GError **error);

/* A cell with nothing in it. */
extern const WpField wp_trace_format_no_field;
