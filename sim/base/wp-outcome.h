/* wp-outcome.h - how a request ended: in the server, in the model, and in the files of both. */
#pragma once

#include <glib.h>

typedef enum {
  WP_OUTCOME_NONE,
  WP_OUTCOME_STORED,
  WP_OUTCOME_REJECTED,
  WP_OUTCOME_TIMED_OUT,
  WP_OUTCOME_ABANDONED,
  WP_OUTCOME_FAILED
} WpOutcome;

const char *wp_outcome_name (WpOutcome outcome); /* as in files: "stored", "timed_out"; "" for none */
