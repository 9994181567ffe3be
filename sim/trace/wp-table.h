/* wp-table.h - a source of rows of named cells: what every kind of input is to the trace's reader, of which
 * it is a private part. */
#pragma once

#include "sim/trace/wp-cell.h"
#include "sim/trace/wp-trace.h"
#include "sim/trace/wp-window.h"

typedef struct _WpTable WpTable;

typedef enum {
  WP_TABLE_ERROR,
  WP_TABLE_ROW,
  WP_TABLE_END,
  WP_TABLE_MORE /* only if not @may_fill: the next row is not whole yet, and reading on moves the cells
                   already given */
} WpTableStatus;

/* A kind of input, as one const table. */
typedef struct {
  const char *name; /* as typed after --input= */
  gsize size;       /* of the struct that begins with a WpTable */

  /* Reads up to the first row; the window stands at the first byte. FALSE with `FILE:LINE: ...`. */
  gboolean (*open) (WpTable *self, guint64 limit_rows, GError **error);

  /* The next row's cells, as many as there are names, valid until the next call that may fill; each is
   * followed by a NUL, and can be read WP_WINDOW_SPARE_BYTES past its end. Blank lines are skipped. */
  WpTableStatus (*next) (WpTable *self, gboolean may_fill, const WpCell **cells, GError **error);

  /* After the window went back to the first byte: the first row comes next. */
  gboolean (*rewind) (WpTable *self, GError **error);

  /* What a kind has beside the base; or NULL. */
  void (*clear) (WpTable *self);

  /* Adds a line (to be freed) for each thing that it took for granted; @columns: the set of 1 << WpColumn
   * that are read from columns of its own by their own names. Or NULL. */
  void (*tell) (const WpTable *self, guint columns, GPtrArray *lines);
} WpTableKind;

/* The base of each kind. */
struct _WpTable {
  const WpTableKind *kind;
  WpWindow window;     /* the reader of simple rows may take whole ones off its front */
  GStrv names;         /* of the columns */
  GHashTable *notes;   /* of `# key: value`; key and value are ours */
  guint64 header_line; /* where the names came from; 0: no header */
  guint64 row_line;    /* where the last row began */
};

/* Takes @input. NULL with what the kind said. */
WpTable *wp_table_new (WpInputFormat format, WpInput *input, gsize chunk_bytes, guint64 limit_rows,
                       GError **error);
void wp_table_free (WpTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTable, wp_table_free)

/* The first row comes next. */
gboolean wp_table_rewind (WpTable *self, GError **error);

/**
 * wp_table_line:
 * @line: (out): the next line that is not blank, taken off the window, without what ends it; @line[@len] may
 * be written to
 *
 * For those kinds of which a row is a line.
 */
WpTableStatus wp_table_line (WpTable *self, gboolean may_fill, char **line, gsize *len, GError **error);

/* Sets WP_ERROR_BAD_TRACE `FILE:LINE: @problem`, of the last row; returns FALSE. */
gboolean wp_table_fail (WpTable *self, const char *problem, GError **error);

/* A cell with nothing in it. */
extern const WpCell wp_table_no_cell;
