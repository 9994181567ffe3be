/* wp-input-watermark.h - the time up to which all input has been read. Deadlines are compared with it and not
 * with the clock, so that a busy thread does not time out input that arrived in time. */
#pragma once

#include <glib.h>

typedef struct {
  gint64 known_ns; /* all input before has been read */
  gint64 mark_ns;
  gsize n_marked;  /* connections at the mark */
  gsize n_since;   /* events handled since the mark */
  gboolean behind; /* events were left after the last look */
} WpInputWatermark;

/* Call it after handling @n_news events of connections; @all: none are left. */
void wp_input_watermark_note (WpInputWatermark *self, gsize n_news, gboolean all);

/* @now_ns: time before the last look. Returns: the time up to which all input has been read. */
gint64 wp_input_watermark_advance (WpInputWatermark *self, gint64 now_ns, gsize n_connections);
