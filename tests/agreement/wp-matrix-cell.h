/* wp-matrix-cell.h - one cell of the matrix: a workload and a server. The table of all cells is in
 * wp-matrix-cells.c. */
#pragma once

#include <glib.h>

typedef struct {
  const char *name;
  const char *arrivals; /* "sample"; "sample*4": four times in a row; else as wp-sim --generate takes it */
  const char *service;  /* as --service takes it; NULL: the sample's own */
  /* of the sample: words for wp-replay and wp-sim alike; else one for --generate; or NULL */
  const char *options;
  const char *mode;
  guint queue, workers;
  const char *policy;   /* one word more for wp-server, or NULL */
  const char *patience; /* of the clients; NULL: endless */
  /* a count of the prediction that must be 20 at least, or the cell shows nothing; NULL: none */
  const char *shows;
  gboolean brief; /* it is in the short subset */
} WpMatrixCell;

extern const WpMatrixCell wp_matrix_cells[];
extern const guint wp_n_matrix_cells;
