/* wp-bad-rows.h - rows of a trace that cannot be read: passed over while they are few, and counted. */
#pragma once

#include <glib.h>

#define WP_BAD_ROWS_SHOWN 3

typedef struct {
  double max_share; /* of all rows; 0: none may be bad */
  guint64 n;
  gboolean is_cut; /* the last line was, as of a log that is being written: that one is not counted */
  GError *first;
  char *places[WP_BAD_ROWS_SHOWN]; /* the messages of the first ones */
} WpBadRows;

/* Forgets all rows. */
void wp_bad_rows_clear (WpBadRows *self);

/* @fault: taken, and NULL then; @n_good: rows so far. FALSE: it is one too many, and *@fault says so. */
gboolean wp_bad_rows_add (WpBadRows *self, gboolean is_cut, guint64 n_good, GError **fault);

/* After the last row. FALSE with WP_ERROR_BAD_TRACE: they are too many, or there are no others. */
gboolean wp_bad_rows_end (const WpBadRows *self, guint64 n_good, GError **error);

/* The rows that were skipped, for the report; NULL: none. Free with g_free(). */
char *wp_bad_rows_describe (const WpBadRows *self, guint64 n_good);
