#include "runtime/server/wp-listeners.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "runtime/server/wp-systemd.h"

static char *
describe (const char *scheme, const WpListenSocket *listen)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < listen->n_addresses; i++)
    {
      const char *bound = listen->bound[i];

      g_string_append (text, i > 0 ? " and " : "");
      if (g_str_has_prefix (bound, "unix:"))
        g_string_append (text, bound);
      else
        g_string_append_printf (text, "%s://%s/", scheme, bound);
    }
  return g_string_free (text, FALSE);
}

static gboolean
is_loopback (const WpListenSocket *listen)
{
  for (guint i = 0; i < listen->n_addresses; i++)
    {
      struct sockaddr_storage address = { 0 };
      socklen_t len = sizeof address;
      const struct sockaddr_in *v4 = (const struct sockaddr_in *) &address;
      const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *) &address;

      getsockname (listen->fds[i], (struct sockaddr *) &address, &len);
      if ((address.ss_family == AF_INET && ntohl (v4->sin_addr.s_addr) >> 24 != 127)
          || (address.ss_family == AF_INET6 && !IN6_IS_ADDR_LOOPBACK (&v6->sin6_addr)))
        return FALSE;
    }
  return TRUE;
}

/* @fd: from systemd; -1: none. */
static gboolean
open_or_adopt (WpListenSocket *self, int fd, const char *option, const char *address, guint n,
               const WpServerOptions *options, GError **error)
{
  if (fd >= 0)
    {
      wp_listen_socket_adopt (self, fd);
      return TRUE;
    }
  if (wp_listen_socket_open (self, address, n, &options->socket_access, error))
    return TRUE;
  g_prefix_error (error, "--%s: ", option);
  return FALSE;
}

static gboolean
open_ingest (WpListeners *self, int fd, const WpServerOptions *options, GError **error)
{
  if (fd < 0 && !options->listen)
    return TRUE;
  if (!open_or_adopt (&self->ingest, fd, "listen", options->listen, options->threads, options, error))
    return FALSE;
  self->inherited = fd >= 0;
  self->shared = self->inherited || self->ingest.file;
  self->address = describe (options->certificate ? "https" : "http", &self->ingest);
  return TRUE;
}

static gboolean
open_admin (WpListeners *self, int fd, const WpServerOptions *options, GError **error)
{
  if (fd < 0 && !options->admin)
    return TRUE;
  if (!open_or_adopt (&self->admin, fd, "admin", options->admin, 1, options, error))
    return FALSE;
  self->admin_address = describe ("http", &self->admin);
  if (!is_loopback (&self->admin))
    g_warning ("the admin listener, %s, is not on loopback: any client that reaches it can read all figures",
               self->admin_address);

  return TRUE;
}

static gboolean
open_probe (WpListeners *self, const WpServerOptions *options, GError **error)
{
  if (!options->probe)
    return TRUE;
  if (!open_or_adopt (&self->probe, -1, "probe", options->probe, 1, options, error))
    return FALSE;
  self->probe_address = describe ("http", &self->probe);
  return TRUE;
}

gboolean
wp_listeners_open (WpListeners *self, const WpServerOptions *options, GError **error)
{
  int ingest_fd, admin_fd;

  *self = (WpListeners){ .address = NULL };

  return wp_systemd_take_sockets (&ingest_fd, &admin_fd, error)
         && open_ingest (self, ingest_fd, options, error) && open_admin (self, admin_fd, options, error)
         && open_probe (self, options, error);
}

void
wp_listeners_stop_ingest (WpListeners *self)
{
  wp_listen_socket_clear (&self->ingest);
}

void
wp_listeners_clear (WpListeners *self)
{
  wp_listen_socket_clear (&self->ingest);
  wp_listen_socket_clear (&self->admin);
  wp_listen_socket_clear (&self->probe);
  g_free (self->address);
  g_free (self->admin_address);
  g_free (self->probe_address);
  *self = (WpListeners){ .address = NULL };
}
