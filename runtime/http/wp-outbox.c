#include "runtime/http/wp-outbox.h"

#include <errno.h>

#include "runtime/http/wp-reply.h"

struct _WpOutbox {
  WpFront *front;
  GString *bytes;
  WpReplyCache replies;
};

WpOutbox *
wp_outbox_new (WpFront *front)
{
  WpOutbox *self = g_new0 (WpOutbox, 1);

  self->front = front;
  self->bytes = g_string_sized_new (4096);

  return self;
}

void
wp_outbox_free (WpOutbox *self)
{
  g_string_free (self->bytes, TRUE);
  g_free (self);
}

static void
append (WpOutbox *self, WpConnection *connection, guint status, const char *text, WpReplyFlags flags)
{
  connection->last |= wp_front_is_draining (self->front);
  flags |= connection->last ? WP_REPLY_CLOSE : connection->keeps_alive ? WP_REPLY_KEEP_ALIVE : 0;
  wp_reply_append (&self->replies, self->bytes, status, text, flags);
}

void
wp_outbox_answer (WpOutbox *self, WpConnection *connection, guint status, const char *text)
{
  append (self, connection, status, text, 0);
}

void
wp_outbox_refuse (WpOutbox *self, WpConnection *connection, WpRefusal why, gboolean bodiless)
{
  wp_front_count_refusal (self->front, why);
  append (self, connection, wp_refusal_status (why), wp_refusal_text (why), bodiless ? WP_REPLY_BODILESS : 0);
}

gsize
wp_outbox_size (const WpOutbox *self)
{
  return self->bytes->len;
}

void
wp_outbox_go_on (WpOutbox *self)
{
  g_string_append (self->bytes, "HTTP/1.1 100 Continue\r\n\r\n");
}

gboolean
wp_outbox_flush (WpOutbox *self, WpConnection *connection)
{
  gssize n = 0;

  if (self->bytes->len == 0)
    return connection->out_len == 0 && !connection->dead;
  if (connection->out_len == 0)
    n = wp_connection_write (connection, self->bytes->str, self->bytes->len);
  if (n < 0 && errno != EAGAIN)
    connection->dead = TRUE;
  else if (MAX (n, 0) < (gssize) self->bytes->len)
    {
      wp_connection_write_later (connection, self->bytes->str + MAX (n, 0), self->bytes->len - MAX (n, 0));
      wp_connection_enter (connection, WP_CONNECTION_REPLY);
    }
  g_string_truncate (self->bytes, 0);

  return connection->out_len == 0 && !connection->dead;
}
