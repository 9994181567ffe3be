#include "tests/e2e/wp-amqp-proxy.h"

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/e2e/wp-child.h"

struct _WpAmqpProxy {
  struct sockaddr_in node;
  guint16 port;
  int listener;
  int stop[2]; /* a pipe; closing its second end stops the thread */
  GThread *thread;
  gint is_silent; /* atomic */
};

/* queue.declare: class 50, method 10 */
static gboolean
is_question (const char *bytes, gsize n)
{
  return memmem (bytes, n, "\0\062\0\012", 4) != NULL;
}

/* Returns: FALSE: one of both has closed it. */
static gboolean
pass_on (WpAmqpProxy *self, int from, int to, gboolean is_client, gboolean *is_silent)
{
  char bytes[65536];
  ssize_t n = recv (from, bytes, sizeof bytes, 0);

  if (n <= 0)
    return FALSE;
  if (is_client && g_atomic_int_get (&self->is_silent) && is_question (bytes, (gsize) n))
    *is_silent = TRUE;
  return *is_silent || send (to, bytes, (size_t) n, MSG_NOSIGNAL) == n;
}

static gboolean
serve (WpAmqpProxy *self, int client)
{
  int node = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  gboolean goes_on = connect (node, (struct sockaddr *) &self->node, sizeof self->node) == 0, silent = FALSE;
  struct pollfd fds[] = { { client, POLLIN, 0 }, { node, POLLIN, 0 }, { self->stop[0], POLLIN, 0 } };

  while (goes_on && poll (fds, G_N_ELEMENTS (fds), -1) > 0 && !fds[2].revents)
    goes_on = (!fds[0].revents || pass_on (self, client, node, TRUE, &silent))
              && (!fds[1].revents || pass_on (self, node, client, FALSE, &silent));
  close (node);
  close (client);

  return !fds[2].revents;
}

/* One client at a time. */
static gpointer
run (gpointer data)
{
  WpAmqpProxy *self = data;
  struct pollfd fds[] = { { self->listener, POLLIN, 0 }, { self->stop[0], POLLIN, 0 } };

  while (poll (fds, G_N_ELEMENTS (fds), -1) > 0 && !fds[1].revents)
    if (!serve (self, accept (self->listener, NULL, NULL)))
      break;
  return NULL;
}

WpAmqpProxy *
wp_amqp_proxy_new (const char *host, guint16 port)
{
  WpAmqpProxy *self = g_new0 (WpAmqpProxy, 1);

  self->node = (struct sockaddr_in){ .sin_family = AF_INET,
                                     .sin_port = htons (port),
                                     .sin_addr.s_addr = inet_addr (host) };
  self->listener = wp_child_bind_port (&self->port);
  g_assert_cmpint (listen (self->listener, 16), ==, 0);
  g_assert_cmpint (pipe (self->stop), ==, 0);
  self->thread = g_thread_new ("amqp-proxy", run, self);

  return self;
}

void
wp_amqp_proxy_free (WpAmqpProxy *self)
{
  close (self->stop[1]);
  g_thread_join (self->thread);
  close (self->stop[0]);
  close (self->listener);
  g_free (self);
}

guint16
wp_amqp_proxy_port (const WpAmqpProxy *self)
{
  return self->port;
}

void
wp_amqp_proxy_set_silent (WpAmqpProxy *self, gboolean is_silent)
{
  g_atomic_int_set (&self->is_silent, is_silent);
}
