#include "sim/trace/wp-row.h"

const char *
wp_column_name (WpColumn column)
{
  static const char *const names[]
      = { "arrival", "service", "id",      "bytes",    "accepted", "started", "finished",
          "ended",   "outcome", "blocked", "response", "method",   "path",    "status" };

  g_return_val_if_fail ((guint) column < G_N_ELEMENTS (names), "");

  return names[column];
}
