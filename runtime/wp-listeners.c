#include "runtime/wp-listeners.h"

#include <glib/gstdio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/http/wp-listen.h"
#include "runtime/wp-service.h"

static char *
describe (const char *scheme, const char *bound)
{
  return g_str_has_prefix (bound, "unix:") ? g_strdup (bound) : g_strdup_printf ("%s://%s/", scheme, bound);
}

static gboolean
is_loopback (int fd)
{
  struct sockaddr_storage address = { 0 };
  socklen_t len = sizeof address;
  const struct sockaddr_in *v4 = (const struct sockaddr_in *) &address;
  const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *) &address;

  getsockname (fd, (struct sockaddr *) &address, &len);
  if (address.ss_family == AF_INET)
    return ntohl (v4->sin_addr.s_addr) >> 24 == 127;
  return address.ss_family != AF_INET6 || IN6_IS_ADDR_LOOPBACK (&v6->sin6_addr);
}

static gboolean
open_ingest (WpListeners *self, const WpServerOptions *options, GError **error)
{
  const char *scheme = options->certificate ? "https" : "http";
  gboolean is_unix = g_str_has_prefix (options->listen, "unix:");
  g_autofree int *fds = g_new (int, options->threads);
  g_autofree char *bound = NULL;

  if (self->shared_fd >= 0)
    {
      bound = wp_listen_format (self->shared_fd);
      self->inherited = TRUE;
    }
  else if (!wp_listen_open (options->listen, options->threads, fds, &bound, error))
    {
      g_prefix_error (error, "--listen: ");
      return FALSE;
    }
  else if (is_unix)
    {
      self->shared_fd = fds[0];
      self->unix_path = g_strdup (bound + strlen ("unix:"));
    }
  else
    self->fds = g_steal_pointer (&fds);
  self->address = describe (scheme, bound);

  return TRUE;
}

static gboolean
open_admin (WpListeners *self, const WpServerOptions *options, GError **error)
{
  g_autofree char *bound = NULL;

  if (self->admin_fd >= 0)
    bound = wp_listen_format (self->admin_fd);
  else if (!options->admin)
    return TRUE;
  else if (!wp_listen_open (options->admin, 1, &self->admin_fd, &bound, error))
    {
      g_prefix_error (error, "--admin: ");
      return FALSE;
    }
  self->admin_address = describe ("http", bound);
  if (!is_loopback (self->admin_fd))
    g_warning ("the admin listener, %s, is not on loopback: whoever reaches it can read all figures", self->admin_address);

  return TRUE;
}

gboolean
wp_listeners_open (WpListeners *self, const WpServerOptions *options, GError **error)
{
  *self = (WpListeners) { NULL };

  return wp_service_take_sockets (&self->shared_fd, &self->admin_fd, error) && open_ingest (self, options, error) &&
         open_admin (self, options, error);
}

void
wp_listeners_clear (WpListeners *self)
{
  if (self->unix_path)
    g_unlink (self->unix_path);
  g_free (self->fds);
  g_free (self->unix_path);
  g_free (self->address);
  g_free (self->admin_address);
  *self = (WpListeners) { NULL };
}
