/* wp-trace-moments.h - lines `# at=SECONDS KEY=VALUE ...`, anywhere in a file that begins with notes: what
 * was so at that moment of the run. */
#pragma once

#include <glib.h>

/* How busy the machine was while a record was written: shares of the time in which a task waited for a
 * processor (pressure=SHARE). */
typedef struct {
  guint n;
  double sum, max;
} WpTracePressure;

/* Sizes of the server from a moment of the record on. */
typedef struct {
  gint64 at_ns;
  char *sizes; /* "workers=N queue=N": as wp_policy_set_words() takes them */
} WpTraceSizes;

typedef struct {
  WpTracePressure pressure;
  GArray *sizes; /* (element-type WpTraceSizes): in the order of the file */
  /* from then on a request may have been refused although the queue was not full (refusing=true);
   * WP_TIME_NONE: none was */
  gint64 refusing_ns;
  guint64 n_recovered; /* jobs of an earlier run that the server began with (recovered=N) */
} WpTraceMoments;

void wp_trace_moments_init (WpTraceMoments *self);
void wp_trace_moments_clear (WpTraceMoments *self);

/* Is it such a line? */
gboolean wp_trace_moments_match (const char *line, gsize len);

/* @line: which matches. Other keys are skipped. FALSE with WP_ERROR_BAD_TRACE: one of its values is bad. */
gboolean wp_trace_moments_add (WpTraceMoments *self, const char *line, gsize len, GError **error);
