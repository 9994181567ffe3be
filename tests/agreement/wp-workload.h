/* wp-workload.h - the trace that a cell sends, as a file. */
#pragma once

#include "tests/agreement/wp-matrix-cell.h"

/* Returns its path, in @dir. Random traffic is drawn with @seed. */
char *wp_workload_make (const WpMatrixCell *cell, const char *dir, guint seed);

/* The words that scale it, for wp-replay and wp-sim alike; NULL-terminated, maybe none. */
char **wp_workload_words (const WpMatrixCell *cell);
