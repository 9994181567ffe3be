#include "runtime/http/wp-http-thread.h"

#include <glib.h>

#include "runtime/http/wp-response-text.h"
#include "runtime/queue/wp-wakeup-batch.h"
#include "sim/base/wp-process.h"

#define LET_GO_MS 1000 /* for libsoup to release killed connections */

const WpSoupClass *
wp_soup_load (GError **error)
{
  static gsize found;

  if (&wp_soup_class)
    return &wp_soup_class;
  if (!g_atomic_pointer_get (&found))
    g_atomic_pointer_set (&found, (gsize) wp_module_load ("wp-soup.so", "wp_soup_class", error));
  return (const WpSoupClass *) g_atomic_pointer_get (&found);
}

/* Passes items from any thread to the HTTP thread, in batches with one wake-up each. */
typedef struct {
  GSource *source;
  GAsyncQueue *items;
  gint woken; /* atomic: a wake-up is pending */
  WpHttpThreadDeliver func;
  gpointer data;
} Mailbox;

typedef struct {
  GSource source;
  Mailbox *mailbox;
} MailboxSource;

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  Mailbox *self = ((MailboxSource *) source)->mailbox;
  gpointer item;

  g_source_set_ready_time (source, -1);
  g_atomic_int_set (&self->woken, FALSE); /* before the items are taken, so that later ones wake again */
  while ((item = g_async_queue_try_pop (self->items)))
    self->func (item, self->data);

  return G_SOURCE_CONTINUE;
}

/* @func: called on @context's thread for each item, in the order of the posts. */
static Mailbox *
mailbox_new (GMainContext *context, WpHttpThreadDeliver func, gpointer data)
{
  static GSourceFuncs funcs = { .dispatch = dispatch };
  Mailbox *self = g_new0 (Mailbox, 1);

  self->items = g_async_queue_new ();
  self->func = func;
  self->data = data;
  self->source = g_source_new (&funcs, sizeof (MailboxSource));
  ((MailboxSource *) self->source)->mailbox = self;
  g_source_attach (self->source, context);

  return self;
}

/* on @context's thread, or after its end; items that are not delivered are dropped */
static void
mailbox_free (Mailbox *self)
{
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_async_queue_unref (self->items);
  g_free (self);
}

/* Any thread; @item is not NULL. */
static void
mailbox_post (Mailbox *self, gpointer item)
{
  g_async_queue_push (self->items, item);
  if (g_atomic_int_compare_and_exchange (&self->woken, FALSE, TRUE))
    wp_wakeup_batch_add (self->source);
}

struct _WpHttpThread {
  GThread *thread;
  GMainContext *context;
  GMainLoop *loop;
  WpConnections *connections;
  Mailbox *mailbox;
  WpSoupSite site;
  const WpSoupClass *soup_class; /* NULL: not needed so far */
  WpSoup *soup;
  gboolean failure_logged; /* libsoup cannot be loaded */
  WpHttpThreadSetup setup; /* (nullable) */
  gpointer data;
  WpConnectionsAccepted accepted; /* NULL: libsoup serves the connections */
  gpointer accepted_data;
  GDestroyNotify accepted_destroy;
  gint draining, stopping; /* atomic */
  gint backlog_accepted;   /* atomic: draining, and the whole backlog is accepted */
};

/* libsoup cannot be loaded, which is logged once. */
static void
respond_unavailable (WpHttpThread *self, WpConnection *connection, const GError *error)
{
  static const WpProtocol none = { wp_connection_release };

  if (!self->failure_logged)
    g_warning ("this listener cannot serve requests: %s", error->message);
  self->failure_logged = TRUE;
  connection->protocol = &none;
  wp_connection_send_last_response (connection, WP_STATUS_UNAVAILABLE,
                                    "A part of the server is missing: its log says which.\n");
}

static void
give_to_soup (WpHttpThread *self, WpConnection *connection)
{
  g_autoptr (GError) error = NULL;

  if (!self->soup && (self->soup_class = wp_soup_load (&error)))
    self->soup = self->soup_class->new (self, self->site, self->data);
  if (self->soup)
    self->soup_class->take (self->soup, connection);
  else
    respond_unavailable (self, connection, error);
}

WpSoup *
wp_http_thread_get_soup (WpHttpThread *self)
{
  return self->soup;
}

static void
on_accepted (WpConnection *connection, gpointer data)
{
  WpHttpThread *self = data;

  if (self->accepted)
    self->accepted (connection, self->accepted_data);
  else
    give_to_soup (self, connection);
}

void
wp_http_thread_set_protocol (WpHttpThread *self, WpConnectionsAccepted accepted, gpointer data,
                             GDestroyNotify destroy)
{
  self->accepted = accepted;
  self->accepted_data = data;
  self->accepted_destroy = destroy;
}

void
wp_http_thread_set_tls (WpHttpThread *self, WpTls *tls)
{
  wp_connections_set_tls (self->connections, tls);
}

static gpointer
run (gpointer data)
{
  WpHttpThread *self = data;

  g_main_context_push_thread_default (self->context);
  if (self->setup)
    self->setup (self, self->data);
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->context);

  return NULL;
}

/* The listeners are set up before the thread runs, so that connections can wait in the backlog already. */
WpHttpThread *
wp_http_thread_new (const char *name, const int *listen_fds, guint n_listen, const WpConnectionLimits *limits,
                    WpSoupSite site, WpHttpThreadSetup setup, WpHttpThreadDeliver deliver, gpointer data)
{
  WpHttpThread *self = g_new0 (WpHttpThread, 1);

  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->connections = wp_connections_new (self->context, listen_fds, n_listen, limits, on_accepted, self);
  if (deliver)
    self->mailbox = mailbox_new (self->context, deliver, data);
  self->site = site;
  self->setup = setup;
  self->data = data;
  self->thread = g_thread_new (name, run, self);

  return self;
}

static gboolean
on_end (gpointer data)
{
  WpHttpThread *self = data;
  gint64 until_us = g_get_monotonic_time () + LET_GO_MS * 1000;

  wp_connections_stop (self->connections);
  wp_connections_kill_all (self->connections);
  while (wp_connections_count (self->connections) > 0 && g_get_monotonic_time () < until_us)
    if (!g_main_context_iteration (self->context, FALSE))
      g_usleep (1000);
  g_main_loop_quit (self->loop);

  return G_SOURCE_REMOVE;
}

/* Calls @func on the HTTP thread. g_main_context_invoke() would call it on ours if that thread has not begun
 * to run. */
static void
call (WpHttpThread *self, GSourceFunc func)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, self->context);
}

typedef struct {
  WpHttpThread *http_thread;
  int fd;
} Accepted;

static gboolean
on_accepted_elsewhere (gpointer data)
{
  Accepted *self = data;

  wp_connections_add (self->http_thread->connections, self->fd);
  return G_SOURCE_REMOVE;
}

void
wp_http_thread_take_connection (WpHttpThread *self, int fd)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  Accepted *accepted = g_new (Accepted, 1);

  *accepted = (Accepted){ self, fd };
  wp_connections_count_accepted (self->connections);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_accepted_elsewhere, accepted, g_free);
  g_source_attach (source, self->context);
}

void
wp_http_thread_stop (WpHttpThread *self)
{
  if (g_atomic_int_compare_and_exchange (&self->stopping, FALSE, TRUE))
    call (self, on_end);
}

void
wp_http_thread_join (WpHttpThread *self)
{
  wp_http_thread_stop (self);
  if (self->thread)
    g_thread_join (g_steal_pointer (&self->thread));
}

void
wp_http_thread_free (WpHttpThread *self)
{
  wp_http_thread_join (self);

  if (self->soup)
    self->soup_class->free (self->soup);
  g_clear_pointer (&self->mailbox, mailbox_free);
  wp_connections_free (self->connections);
  if (self->accepted_destroy)
    self->accepted_destroy (self->accepted_data);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_free (self);
}

void
wp_http_thread_post (WpHttpThread *self, gpointer item)
{
  mailbox_post (self->mailbox, item);
}

static gboolean
on_drain (gpointer data)
{
  WpHttpThread *self = data;

  wp_connections_stop (self->connections);
  g_atomic_int_set (&self->backlog_accepted, TRUE);
  return G_SOURCE_REMOVE;
}

void
wp_http_thread_drain (WpHttpThread *self)
{
  g_atomic_int_set (&self->draining, TRUE);
  call (self, on_drain);
}

gboolean
wp_http_thread_is_draining (WpHttpThread *self)
{
  return g_atomic_int_get (&self->draining);
}

gboolean
wp_http_thread_is_drained (WpHttpThread *self)
{
  return g_atomic_int_get (&self->backlog_accepted) && wp_connections_count (self->connections) == 0;
}

guint
wp_http_thread_count_connections (WpHttpThread *self)
{
  return wp_connections_count (self->connections);
}

void
wp_http_thread_count_refusal (WpHttpThread *self, WpHttpError why)
{
  wp_connections_count_refusal (self->connections, why);
}

void
wp_http_thread_add_refusals (WpHttpThread *self, guint64 *counts)
{
  wp_connections_add_refusals (self->connections, counts);
}
