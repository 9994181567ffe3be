/* wp-row.h - one request of a trace, how it ended, and the columns of the trace format. */
#pragma once

#include "sim/base/wp-policy.h"
#include "sim/base/wp-time.h"

/* One request. Times are ns since the trace's origin, its earliest arrival; WP_TIME_NONE where the cell is
 * empty or the column is not there. Arrival and service are scaled as asked; the measured times are as the
 * file has them, less the origin. */
typedef struct {
  gint64 arrival_ns;
  gint64 service_ns;
  gint64 accepted_ns, started_ns, finished_ns, ended_ns;
  gint64 bytes; /* -1: none */
  /* NULL: none (an empty cell too); valid until the next read, for ever after wp_trace_load() */
  const char *id;
  WpOutcome outcome;
  gint16 blocked;     /* 0, 1; -1: none */
  gint16 status;      /* of the response; 0: none, or nobody asked */
  gint64 response_ns; /* as the file has it: from arrival to end in another server, waiting included */
  /* "METHOD TARGET", either of which may be empty; NULL: neither is there, or nobody asked; valid as long as
   * the trace */
  const char *request;
} WpRow;

/* Of which nothing is known. */
#define WP_ROW_INIT                                                                                          \
  {                                                                                                          \
    WP_TIME_NONE, WP_TIME_NONE, WP_TIME_NONE, WP_TIME_NONE, WP_TIME_NONE, WP_TIME_NONE, -1, NULL,            \
        WP_OUTCOME_NONE, -1, 0, WP_TIME_NONE, NULL                                                           \
  }

/* In the order in which they are written. */
typedef enum {
  WP_COLUMN_ARRIVAL,
  WP_COLUMN_SERVICE,
  WP_COLUMN_ID,
  WP_COLUMN_BYTES,
  WP_COLUMN_ACCEPTED,
  WP_COLUMN_STARTED,
  WP_COLUMN_FINISHED,
  WP_COLUMN_ENDED,
  WP_COLUMN_OUTCOME,
  WP_COLUMN_BLOCKED,
  WP_COLUMN_RESPONSE, /* of other servers' logs: read, never written; nor are these: */
  WP_COLUMN_METHOD,   /* from here on: read where they are asked for */
  WP_COLUMN_PATH,
  WP_COLUMN_STATUS,
  WP_N_COLUMNS
} WpColumn;

/* Those that are written. */
#define WP_COLUMNS_ALL ((1u << WP_COLUMN_RESPONSE) - 1)

const char *wp_column_name (WpColumn column);
