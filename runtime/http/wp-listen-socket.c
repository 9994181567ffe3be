#include "runtime/http/wp-listen-socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/http/wp-socket-file.h"
#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/base/wp-time.h"

#define SEND_BYTES      65536 /* otherwise Linux buffers up to 4 MB for each client that does not read */
#define MAX_PORTS_TRIED 100

typedef struct {
  struct sockaddr_storage bytes;
  socklen_t len;
} Address;

static void
add_address (GArray *addresses, const struct addrinfo *found)
{
  Address address = { .len = found->ai_addrlen };

  memcpy (&address.bytes, found->ai_addr, found->ai_addrlen);
  for (guint i = 0; i < addresses->len; i++)
    if (memcmp (&address, &g_array_index (addresses, Address, i), sizeof address) == 0)
      return;
  g_array_append_val (addresses, address);
}

static gboolean
parse_port (const char *text, guint64 *port, GError **error)
{
  const char *colon = strrchr (text, ':');

  if (colon && colon != text && wp_options_parse_uint (colon + 1, 0, 65535, port, NULL))
    return TRUE;
  return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is not an address of the form HOST:PORT", text);
}

gboolean
wp_listen_socket_check (const char *text, GError **error)
{
  guint64 port;

  return g_str_has_prefix (text, "unix:") ? wp_socket_file_check (text + strlen ("unix:"), error)
                                          : parse_port (text, &port, error);
}

/* Returns: (element-type Address): at least one, without duplicates; NULL with an error. */
static GArray *
resolve (const char *text, guint *port, GError **error)
{
  const char *colon = strrchr (text, ':');
  gboolean bracketed = colon && colon > text + 1 && text[0] == '[' && colon[-1] == ']';
  struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
  g_autoptr (GArray) addresses = g_array_new (FALSE, FALSE, sizeof (Address));
  struct addrinfo *found;
  g_autofree char *host = NULL;
  guint64 number;
  int status;

  if (!parse_port (text, &number, error))
    return NULL;
  *port = (guint) number;
  host = bracketed ? g_strndup (text + 1, colon - text - 2) : g_strndup (text, colon - text);
  status = getaddrinfo (g_str_equal (host, "*") ? NULL : host, colon + 1, &hints, &found);
  if (status != 0)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not an address to listen on: %s", text,
                   gai_strerror (status));
      return NULL;
    }
  for (const struct addrinfo *one = found; one; one = one->ai_next)
    add_address (addresses, one);
  freeaddrinfo (found);

  return g_steal_pointer (&addresses);
}

static void
set_port (Address *address, guint port)
{
  if (address->bytes.ss_family == AF_INET6)
    ((struct sockaddr_in6 *) &address->bytes)->sin6_port = g_htons (port);
  else
    ((struct sockaddr_in *) &address->bytes)->sin_port = g_htons (port);
}

static guint
get_port (const Address *address)
{
  return g_ntohs (address->bytes.ss_family == AF_INET6
                      ? ((const struct sockaddr_in6 *) &address->bytes)->sin6_port
                      : ((const struct sockaddr_in *) &address->bytes)->sin_port);
}

static char *
format (const Address *address)
{
  char host[NI_MAXHOST], port[NI_MAXSERV];

  if (address->bytes.ss_family == AF_UNIX)
    return g_strconcat ("unix:", ((const struct sockaddr_un *) &address->bytes)->sun_path, NULL);

  getnameinfo ((const struct sockaddr *) &address->bytes, address->len, host, sizeof host, port, sizeof port,
               NI_NUMERICHOST | NI_NUMERICSERV);
  return g_strdup_printf (strchr (host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

/* g_socket_bind() clears SO_REUSEPORT, so the descriptors are bound here. @v6_only: :: does not include
 * 0.0.0.0, which has a socket of its own. Returns: -1 with errno */
static int
bind_socket (const Address *address, gboolean v6_only, gboolean shared)
{
  int fd = socket (address->bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1;

  if (fd < 0)
    return -1;
  if (setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0
      && (!shared || setsockopt (fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0)
      && (!v6_only || address->bytes.ss_family != AF_INET6
          || setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0)
      && bind (fd, (const struct sockaddr *) &address->bytes, address->len) == 0)
    return fd;
  close (fd);
  return -1;
}

/* Binds without SO_REUSEPORT, which fails if another socket listens on the address, and gets the port. It
 * does not listen: the connection of a client would be reset. Returns: FALSE with errno */
static gboolean
probe (Address *address, gboolean v6_only)
{
  int fd = bind_socket (address, v6_only, FALSE);
  gboolean ok = fd >= 0 && getsockname (fd, (struct sockaddr *) &address->bytes, &address->len) == 0;
  int reason = errno;

  if (fd >= 0)
    close (fd);
  errno = reason;

  return ok;
}

/* Skips addresses of a name that this machine does not have, often ::1. The last one stays, for the error. */
static void
skip_absent (GArray *addresses)
{
  for (guint i = addresses->len; i-- > 0 && addresses->len > 1;)
    {
      Address any_port = g_array_index (addresses, Address, i);
      g_autofree char *numeric = format (&any_port);

      set_port (&any_port, 0);
      if (probe (&any_port, FALSE) || (errno != EADDRNOTAVAIL && errno != EAFNOSUPPORT))
        continue;
      g_message ("not listening on %s: %s", numeric, g_strerror (errno));
      g_array_remove_index (addresses, i);
    }
}

static void
close_all (WpListenSocket *self, guint n)
{
  for (guint i = 0; i < n * self->n_addresses; i++)
    if (self->fds[i] >= 0)
      close (self->fds[i]);
  g_clear_pointer (&self->fds, g_free);
}

/* Call it with the start lock. Returns: NULL; or the address that cannot be opened, with errno */
static const Address *
open_all (WpListenSocket *self, GArray *addresses, guint n)
{
  gboolean v6_only = addresses->len > 1;

  for (guint i = 0; i < addresses->len; i++)
    if (!probe (&g_array_index (addresses, Address, i), v6_only))
      return &g_array_index (addresses, Address, i);
  self->n_addresses = addresses->len;
  self->fds = g_new (int, n * self->n_addresses);
  memset (self->fds, -1, n * self->n_addresses * sizeof *self->fds);
  for (guint i = 0; i < n * self->n_addresses; i++)
    {
      const Address *address = &g_array_index (addresses, Address, i % self->n_addresses);
      int reason;

      self->fds[i] = bind_socket (address, v6_only, TRUE);
      if (self->fds[i] >= 0 && listen (self->fds[i], WP_LISTEN_BACKLOG) == 0)
        continue;
      reason = errno;
      close_all (self, n);
      errno = reason;
      return address;
    }
  return NULL;
}

/* Picks a port that is free on the first address now. */
static gboolean
pick_port (GArray *addresses)
{
  Address first = g_array_index (addresses, Address, 0);
  gboolean ok;

  set_port (&first, 0);
  ok = probe (&first, FALSE);
  for (guint i = 0; ok && i < addresses->len; i++)
    set_port (&g_array_index (addresses, Address, i), get_port (&first));

  return ok;
}

/* Returns: 0; or errno, with an error. */
static int
open_with_lock (WpListenSocket *self, GArray *addresses, guint n, const char *text, GError **error)
{
  g_autofree char *name = g_strdup_printf ("port %u", get_port (&g_array_index (addresses, Address, 0))),
                  *numeric = NULL;
  int lock_fd = wp_start_lock (name, error), reason;
  const Address *failed;

  if (lock_fd < 0)
    return EIO;
  failed = open_all (self, addresses, n);
  reason = failed ? errno : 0;
  close (lock_fd);
  if (!failed)
    return 0;
  numeric = format (failed);
  g_set_error (error, WP_ERROR, WP_ERROR_IO, "cannot listen on %s%s%s%s: %s%s", text,
               addresses->len > 1 ? " (" : "", addresses->len > 1 ? numeric : "",
               addresses->len > 1 ? ")" : "", g_strerror (reason),
               reason == EADDRINUSE ? "; another server listens on this port" : "");
  return reason;
}

/* The port may have been taken meanwhile, or be in use on one of the other addresses. */
static gboolean
open_on_any_port (WpListenSocket *self, GArray *addresses, guint n, const char *text, GError **error)
{
  int reason = EADDRINUSE;

  for (guint i = 0; i < MAX_PORTS_TRIED && reason == EADDRINUSE && pick_port (addresses); i++)
    {
      g_clear_error (error);
      reason = open_with_lock (self, addresses, n, text, error);
    }
  if (reason != 0 && !*error)
    g_set_error (error, WP_ERROR, WP_ERROR_IO, "cannot listen on %s: %s", text, g_strerror (errno));
  return reason == 0;
}

static gboolean
open_ports (WpListenSocket *self, const char *text, guint n, GError **error)
{
  guint port;
  g_autoptr (GArray) addresses = resolve (text, &port, error);
  g_autoptr (GError) reason = NULL;

  if (!addresses)
    return FALSE;
  skip_absent (addresses);
  if (port == 0 ? !open_on_any_port (self, addresses, n, text, &reason)
                : open_with_lock (self, addresses, n, text, &reason) != 0)
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  self->bound = g_new0 (char *, addresses->len + 1);
  for (guint i = 0; i < addresses->len; i++)
    self->bound[i] = format (&g_array_index (addresses, Address, i));
  return TRUE;
}

static void
take_one (WpListenSocket *self, int fd)
{
  Address address = { .len = sizeof address.bytes };

  getsockname (fd, (struct sockaddr *) &address.bytes, &address.len);
  self->n_addresses = 1;
  self->fds = g_memdup2 (&fd, sizeof fd);
  self->bound = g_new0 (char *, 2);
  self->bound[0] = format (&address);
}

void
wp_listen_socket_adopt (WpListenSocket *self, int fd)
{
  *self = (WpListenSocket){ 0 };
  take_one (self, fd);
}

gboolean
wp_listen_socket_open (WpListenSocket *self, const char *text, guint n, const WpSocketAccess *access,
                       GError **error)
{
  int fd;

  *self = (WpListenSocket){ 0 };
  if (!g_str_has_prefix (text, "unix:"))
    return open_ports (self, text, n, error);
  self->file = wp_socket_file_open (text + strlen ("unix:"), access, &fd, error);
  if (self->file)
    take_one (self, fd);
  return self->file != NULL;
}

/* Without TCP_NODELAY a response in two sends waits 40 ms. On a Unix socket both calls have no effect. */
void
wp_listen_socket_set_inherited (int listen_fd)
{
  int on = 1, bytes = SEND_BYTES;

  setsockopt (listen_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt (listen_fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

void
wp_listen_socket_clear (WpListenSocket *self)
{
  g_clear_pointer (&self->file, wp_socket_file_free);
  g_clear_pointer (&self->fds, g_free);
  g_clear_pointer (&self->bound, g_strfreev);
}

/* The client has left before it was accepted, or a firewall has rejected it. */
static gboolean
is_retried (int reason)
{
  return reason == EINTR || reason == ECONNABORTED || reason == EPROTO || reason == EPERM;
}

static void
warn (int reason, gint64 *warned_ns)
{
  gint64 now_ns = wp_time_monotonic ();

  if (*warned_ns != 0 && now_ns - *warned_ns <= WP_NS_PER_S)
    return;
  g_warning ("cannot accept connections for now: %s", g_strerror (reason));
  *warned_ns = now_ns;
}

int
wp_listen_socket_accept (int listen_fd, gint64 *warned_ns)
{
  int fd, reason;

  do
    fd = accept4 (listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  while (fd < 0 && is_retried (errno));
  reason = errno;
  if (fd < 0 && reason != EAGAIN)
    warn (reason, warned_ns);
  errno = reason;

  return fd;
}
