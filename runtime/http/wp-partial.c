#include "runtime/http/wp-partial.h"

void
wp_partial_free (WpPartial *self)
{
  g_free (self->head);
  g_free (self->body);
  g_free (self);
}

gboolean
wp_partial_is_head (const WpPartial *self)
{
  return self && self->parser.request.is_head;
}
