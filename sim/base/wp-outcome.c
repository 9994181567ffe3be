#include "sim/base/wp-outcome.h"

const char *
wp_outcome_name (WpOutcome outcome)
{
  static const char *const names[] = { "", "stored", "rejected", "timed_out", "abandoned", "failed" };

  g_return_val_if_fail ((guint) outcome < G_N_ELEMENTS (names), "");

  return names[outcome];
}
