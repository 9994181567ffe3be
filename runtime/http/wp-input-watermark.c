#include "runtime/http/wp-input-watermark.h"

void
wp_input_watermark_note (WpInputWatermark *self, gsize n_news, gboolean all)
{
  self->n_since += n_news;
  self->behind = !all;
}

/* epoll returns events in order of arrival, one for each connection. So once as many events have been handled
 * as there were connections at the mark, all input before the mark has been read, even if the thread is
 * always behind. */
gint64
wp_input_watermark_advance (WpInputWatermark *self, gint64 now_ns, gsize n_connections)
{
  if (self->behind && self->n_since < self->n_marked)
    return self->known_ns;
  self->known_ns = self->behind ? self->mark_ns : now_ns;
  self->mark_ns = now_ns;
  self->n_marked = n_connections;
  self->n_since = 0;

  return self->known_ns;
}
