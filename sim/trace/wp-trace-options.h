/* wp-trace-options.h - how a trace is read, as the command line says. */
#pragma once

#include <glib.h>

/* Input formats: CSV (RFC 4180); Common and Combined access logs; one JSON object per line; the W3C's
 * extended logs. */
typedef enum {
  WP_INPUT_AUTO, /* decided by the first lines */
  WP_INPUT_CSV,
  WP_INPUT_CLF,
  WP_INPUT_JSONL,
  WP_INPUT_W3C,
  WP_INPUT_LOG /* as log_format says; not typed */
} WpInputFormat;

extern const char *const wp_input_names[]; /* as typed after --input=, NULL-terminated */

/* Treatment of stamps that all lie on whole seconds, with several in some. */
typedef enum {
  WP_STAMPS_AUTO,   /* dates and times since 1970 are spread evenly over their seconds */
  WP_STAMPS_SPREAD, /* so are times that count from an origin of the trace's own */
  WP_STAMPS_AS_IS
} WpStampMode;

extern const char *const wp_stamp_names[]; /* as typed after --stamps=, NULL-terminated */

typedef struct {
  const char *columns;     /* --columns: "arrival=TIMESTAMP,service=0.030+0.020*GeneratedTokens", or NULL */
  double scale;            /* --scale, > 0: arrivals are divided by it */
  double service_scale;    /* --service-scale, > 0: service times are multiplied by it */
  guint64 limit_rows;      /* --limit: the first rows of the file only; 0: all */
  WpInputFormat input;     /* --input */
  const char *log_format;  /* --log-format: a format of nginx or Apache, or a usual one's name; NULL: none */
  const char *where;       /* --where: the rows that count; NULL: all */
  WpStampMode stamps;      /* --stamps */
  gboolean reads_requests; /* methods, targets and statuses, for a caller that sends them */
  double max_bad;          /* --max-bad: share of bad rows that are skipped; -1: the default of the format */
} WpTraceOptions;

#define WP_TRACE_OPTIONS_INIT                                                                                \
  {                                                                                                          \
    .scale = 1.0, .service_scale = 1.0, .max_bad = -1                                                        \
  }
