#include "runtime/http/wp-input-watermark.h"

void
wp_input_watermark_look (WpInputWatermark *self, gsize n_news, gboolean all)
{
  self->n_since += n_news;
  self->behind = !all;
}

/* A gate that is behind all the time must have deadlines too. Epoll hands out news in the order in which it
 * came, each connection's once: after as many as there were connections, all that came before the mark has
 * been handed out. */
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
