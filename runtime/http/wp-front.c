#include "runtime/http/wp-front.h"

#include "runtime/http/wp-status.h"

#define LET_GO_MS 1000 /* for libsoup to let go of connections that were killed */

struct _WpFront {
  GThread *thread;
  GMainContext *context;
  GMainLoop *loop;
  WpGate *gate;
  WpMailbox *mailbox;
  WpSoupSite site;
  const WpSoupClass *soup_class; /* NULL: not needed so far */
  WpSoup *soup;
  gboolean told;      /* that there can be none */
  WpFrontSetup setup; /* (nullable) */
  gpointer data;
  WpGateAccepted accepted; /* the lane; NULL: libsoup's */
  gpointer accepted_data;
  GDestroyNotify accepted_destroy;
  gint draining, stopping; /* atomic */
  gint let_in;             /* atomic: draining, and all of the backlog is inside */
};

/* libsoup cannot be loaded, which is told once. */
static void
turn_away (WpFront *self, WpConnection *connection, const GError *error)
{
  static const WpLane none = { wp_connection_release };

  if (!self->told)
    g_warning ("nobody is served here: %s", error->message);
  self->told = TRUE;
  connection->lane = &none;
  wp_connection_answer_last (connection, WP_STATUS_UNAVAILABLE, "A part of the server is missing.\n");
}

static void
give_to_soup (WpFront *self, WpConnection *connection)
{
  g_autoptr (GError) error = NULL;

  if (!self->soup && (self->soup_class = wp_soup_find (&error)))
    self->soup = self->soup_class->new (self, self->site, self->data);
  if (self->soup)
    self->soup_class->take (self->soup, connection);
  else
    turn_away (self, connection, error);
}

WpSoup *
wp_front_get_soup (WpFront *self)
{
  return self->soup;
}

static void
on_accepted (WpConnection *connection, gpointer data)
{
  WpFront *self = data;

  if (self->accepted)
    self->accepted (connection, self->accepted_data);
  else
    give_to_soup (self, connection);
}

void
wp_front_set_lane (WpFront *self, WpGateAccepted accepted, gpointer data, GDestroyNotify destroy)
{
  self->accepted = accepted;
  self->accepted_data = data;
  self->accepted_destroy = destroy;
}

void
wp_front_set_tls (WpFront *self, WpTls *tls)
{
  wp_gate_set_tls (self->gate, tls);
}

static gpointer
run (gpointer data)
{
  WpFront *self = data;

  g_main_context_push_thread_default (self->context);
  if (self->setup)
    self->setup (self, self->data);
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->context);

  return NULL;
}

/* The gate is made before its thread runs, so that connections already wait in its backlog. */
WpFront *
wp_front_new (const char *name, const int *listen_fds, guint n_listen, const WpGateLimits *limits,
              WpSoupSite site, WpFrontSetup setup, WpMailboxFunc deliver, gpointer data)
{
  WpFront *self = g_new0 (WpFront, 1);

  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->gate = wp_gate_new (self->context, listen_fds, n_listen, limits, on_accepted, self);
  if (deliver)
    self->mailbox = wp_mailbox_new (self->context, deliver, data);
  self->site = site;
  self->setup = setup;
  self->data = data;
  self->thread = g_thread_new (name, run, self);

  return self;
}

static gboolean
on_end (gpointer data)
{
  WpFront *self = data;
  gint64 until_us = g_get_monotonic_time () + LET_GO_MS * 1000;

  wp_gate_stop (self->gate);
  wp_gate_kill_all (self->gate);
  while (wp_gate_count (self->gate) > 0 && g_get_monotonic_time () < until_us)
    if (!g_main_context_iteration (self->context, FALSE))
      g_usleep (1000);
  g_main_loop_quit (self->loop);

  return G_SOURCE_REMOVE;
}

/* On the front's thread, even if that has not begun to run yet: g_main_context_invoke() would call from ours
 * then. */
static void
call (WpFront *self, GSourceFunc func)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, self->context);
}

typedef struct {
  WpFront *front;
  int fd;
} Handed;

static gboolean
on_handed (gpointer data)
{
  Handed *self = data;

  wp_gate_add (self->front->gate, self->fd);
  return G_SOURCE_REMOVE;
}

void
wp_front_hand (WpFront *self, int fd)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  Handed *handed = g_new (Handed, 1);

  *handed = (Handed){ self, fd };
  wp_gate_expect (self->gate);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_handed, handed, g_free);
  g_source_attach (source, self->context);
}

void
wp_front_stop (WpFront *self)
{
  if (g_atomic_int_compare_and_exchange (&self->stopping, FALSE, TRUE))
    call (self, on_end);
}

void
wp_front_join (WpFront *self)
{
  wp_front_stop (self);
  if (self->thread)
    g_thread_join (g_steal_pointer (&self->thread));
}

void
wp_front_free (WpFront *self)
{
  wp_front_join (self);

  if (self->soup)
    self->soup_class->free (self->soup);
  g_clear_pointer (&self->mailbox, wp_mailbox_free);
  wp_gate_free (self->gate);
  if (self->accepted_destroy)
    self->accepted_destroy (self->accepted_data);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_free (self);
}

void
wp_front_post (WpFront *self, gpointer item)
{
  wp_mailbox_post (self->mailbox, item);
}

static gboolean
on_drain (gpointer data)
{
  WpFront *self = data;

  wp_gate_stop (self->gate);
  g_atomic_int_set (&self->let_in, TRUE);
  return G_SOURCE_REMOVE;
}

void
wp_front_drain (WpFront *self)
{
  g_atomic_int_set (&self->draining, TRUE);
  call (self, on_drain);
}

gboolean
wp_front_is_draining (WpFront *self)
{
  return g_atomic_int_get (&self->draining);
}

gboolean
wp_front_is_drained (WpFront *self)
{
  return g_atomic_int_get (&self->let_in) && wp_gate_count (self->gate) == 0;
}

guint
wp_front_count_connections (WpFront *self)
{
  return wp_gate_count (self->gate);
}

void
wp_front_count_refusal (WpFront *self, WpRefusal why)
{
  wp_gate_count_refusal (self->gate, why);
}

void
wp_front_add_refusals (WpFront *self, guint64 *counts)
{
  wp_gate_add_refusals (self->gate, counts);
}
