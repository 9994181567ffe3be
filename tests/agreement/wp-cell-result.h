/* wp-cell-result.h - the verdict of wp-sim --against on a cell, checked by a second table of the bounds. */
#pragma once

#include <json-glib/json-glib.h>

typedef struct {
  gint64 requests, blocked, turned_away; /* predicted; turned away: rejected, timed out, abandoned */
  gint64 shown;                          /* the count that the cell is there to show; -1: none */
  char *worst;                           /* the metric nearest to its bound, or furthest beyond it */
  double worst_error;                    /* relative; NaN: there is none */
  double worst_share;                    /* difference over bound; over 1: not agreed */
  double curve_error;                    /* NaN: not judged */
  gboolean agreed;
} WpCellResult;

/* @json: as --format=json prints it; @shows: a count of its model, or NULL. Fails the test where the report
 * and our table differ. */
void wp_cell_result_read (WpCellResult *self, const char *json, const char *shows);
/* @judged: metrics of a report, all of them. Returns: are all within @tolerance, or their absolute bounds?
 * Fails the test where the report says something else. */
gboolean wp_cell_result_check_metrics (JsonArray *judged, double tolerance);
void wp_cell_result_clear (WpCellResult *self);

/* Lines of a table in Markdown: its head, and the cell's row. To be freed. */
char *wp_cell_result_head (void);
char *wp_cell_result_row (const WpCellResult *self, const char *cell, const char *traffic,
                          const char *server);
