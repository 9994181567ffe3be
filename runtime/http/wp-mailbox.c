#include "runtime/http/wp-mailbox.h"

#include "runtime/queue/wp-wakeup-batch.h"

struct _WpMailbox {
  GSource *source;
  GAsyncQueue *items;
  gint woken; /* atomic: a wake-up is pending */
  WpMailboxFunc func;
  gpointer data;
};

typedef struct {
  GSource source;
  WpMailbox *mailbox;
} MailboxSource;

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  WpMailbox *self = ((MailboxSource *) source)->mailbox;
  gpointer item;

  g_source_set_ready_time (source, -1);
  g_atomic_int_set (&self->woken, FALSE); /* before the items are taken, so that later ones wake again */
  while ((item = g_async_queue_try_pop (self->items)))
    self->func (item, self->data);

  return G_SOURCE_CONTINUE;
}

WpMailbox *
wp_mailbox_new (GMainContext *context, WpMailboxFunc func, gpointer data)
{
  static GSourceFuncs funcs = { .dispatch = dispatch };
  WpMailbox *self = g_new0 (WpMailbox, 1);

  self->items = g_async_queue_new ();
  self->func = func;
  self->data = data;
  self->source = g_source_new (&funcs, sizeof (MailboxSource));
  ((MailboxSource *) self->source)->mailbox = self;
  g_source_attach (self->source, context);

  return self;
}

void
wp_mailbox_free (WpMailbox *self)
{
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_async_queue_unref (self->items);
  g_free (self);
}

void
wp_mailbox_post (WpMailbox *self, gpointer item)
{
  g_async_queue_push (self->items, item);
  if (g_atomic_int_compare_and_exchange (&self->woken, FALSE, TRUE))
    wp_wakeup_batch_add (self->source);
}
