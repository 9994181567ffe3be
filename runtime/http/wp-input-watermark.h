/* wp-input-watermark.h - up to when it is known what the connections of a gate have sent: a deadline is
 * judged by what came in time, and not by when the gate had time to read it. */
#pragma once

#include <glib.h>

typedef struct {
  gint64 known_ns; /* what came before has been looked at */
  gint64 mark_ns;
  gsize n_marked;  /* connections at the mark */
  gsize n_since;   /* news of connections that was looked at since the mark */
  gboolean behind; /* there was more news than one look takes */
} WpInputWatermark;

/* After a look: @n_news of connections; @all: nothing is left. */
void wp_input_watermark_look (WpInputWatermark *self, gsize n_news, gboolean all);

/* @now_ns: the time before the last look. Returns: the moment up to which all is known. */
gint64 wp_input_watermark_advance (WpInputWatermark *self, gint64 now_ns, gsize n_connections);
