#include "runtime/http/wp-listen.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/base/wp-time.h"

typedef struct {
  struct sockaddr_storage bytes;
  socklen_t len;
} Address;

static gboolean
resolve_path (const char *text, Address *address, GError **error)
{
  struct sockaddr_un *path = (struct sockaddr_un *) &address->bytes;
  gsize len = strlen (text) - strlen ("unix:");

  if (len == 0 || len >= sizeof path->sun_path)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not unix: and a path of 1 to %zu bytes", text,
                   sizeof path->sun_path - 1);
      return FALSE;
    }
  path->sun_family = AF_UNIX;
  memcpy (path->sun_path, text + strlen ("unix:"), len + 1);
  address->len = sizeof *path;

  return TRUE;
}

static gboolean
resolve (const char *text, Address *address, GError **error)
{
  const char *colon = strrchr (text, ':');
  gboolean bracketed = colon && colon > text + 1 && text[0] == '[' && colon[-1] == ']';
  struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
  struct addrinfo *found;
  g_autofree char *host = NULL;
  guint64 port;
  int status;

  if (g_str_has_prefix (text, "unix:"))
    return resolve_path (text, address, error);
  if (!colon || colon == text || !wp_options_parse_uint (colon + 1, 0, 65535, &port, NULL))
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not an address of the form HOST:PORT", text);
      return FALSE;
    }
  host = bracketed ? g_strndup (text + 1, colon - text - 2) : g_strndup (text, colon - text);
  status = getaddrinfo (g_str_equal (host, "*") ? NULL : host, colon + 1, &hints, &found);
  if (status != 0)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not an address to listen on: %s", text, gai_strerror (status));
      return FALSE;
    }
  memcpy (&address->bytes, found->ai_addr, found->ai_addrlen);
  address->len = found->ai_addrlen;
  freeaddrinfo (found);

  return TRUE;
}

/* g_socket_bind() clears SO_REUSEPORT, so the descriptors are bound here. Returns -1 with errno. */
static int
bind_socket (const Address *address, int option)
{
  int fd = socket (address->bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1;

  if (fd < 0)
    return -1;
  if (setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      (option == 0 || setsockopt (fd, SOL_SOCKET, option, &on, sizeof on) == 0) &&
      bind (fd, (const struct sockaddr *) &address->bytes, address->len) == 0)
    return fd;
  close (fd);
  return -1;
}

/* Binds alone, which fails where anybody listens already, and so learns the port. It does not listen: who connected now would be reset. */
static gboolean
probe (Address *address)
{
  int fd = bind_socket (address, 0);
  gboolean ok = fd >= 0 && getsockname (fd, (struct sockaddr *) &address->bytes, &address->len) == 0;
  int reason = errno;

  if (fd >= 0)
    close (fd);
  errno = reason;

  return ok;
}

/* A file of that name that nobody listens on any more. */
static void
remove_stale (const Address *address)
{
  const char *path = ((const struct sockaddr_un *) &address->bytes)->sun_path;
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct stat status;

  if (lstat (path, &status) == 0 && S_ISSOCK (status.st_mode) && fd >= 0 &&
      connect (fd, (const struct sockaddr *) &address->bytes, address->len) < 0 && errno == ECONNREFUSED)
    unlink (path);
  if (fd >= 0)
    close (fd);
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

static gboolean
open_all (const Address *address, guint n, int *fds)
{
  for (guint i = 0; i < n; i++)
    {
      fds[i] = bind_socket (address, address->bytes.ss_family == AF_UNIX ? 0 : SO_REUSEPORT);
      if (fds[i] >= 0 && listen (fds[i], WP_LISTEN_BACKLOG) == 0)
        continue;
      do
        if (fds[i] >= 0)
          close (fds[i]);
      while (i-- > 0);
      return FALSE;
    }
  return TRUE;
}

char *
wp_listen_format (int fd)
{
  Address address = { .len = sizeof address.bytes };

  getsockname (fd, (struct sockaddr *) &address.bytes, &address.len);
  return format (&address);
}

gboolean
wp_listen_open (const char *text, guint n, int *fds, char **bound, GError **error)
{
  gboolean is_unix = g_str_has_prefix (text, "unix:");
  Address address = { .len = 0 };

  if (!resolve (text, &address, error))
    return FALSE;
  if (is_unix)
    remove_stale (&address);
  if ((!is_unix && !probe (&address)) || !open_all (&address, is_unix ? 1 : n, fds))
    {
      g_set_error (error, WP_ERROR, WP_ERROR_IO, "cannot listen on %s: %s%s", text, g_strerror (errno),
                   errno != EADDRINUSE ? "" : is_unix ? "; another server has it, or it is no socket" : "; another server has this port");
      return FALSE;
    }
  *bound = format (&address);

  return TRUE;
}

/* The client has left before it was accepted, or a firewall did not want it. */
static gboolean
is_passing (int reason)
{
  return reason == EINTR || reason == ECONNABORTED || reason == EPROTO || reason == EPERM;
}

static void
complain (int reason, gint64 *told_ns)
{
  gint64 now_ns = wp_time_monotonic ();

  if (*told_ns != 0 && now_ns - *told_ns <= WP_NS_PER_S)
    return;
  g_warning ("cannot accept connections for now: %s", g_strerror (reason));
  *told_ns = now_ns;
}

int
wp_listen_accept (int listen_fd, gint64 *told_ns)
{
  int fd, reason;

  do
    fd = accept4 (listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  while (fd < 0 && is_passing (errno));
  reason = errno;
  if (fd < 0 && reason != EAGAIN)
    complain (reason, told_ns);
  errno = reason;

  return fd;
}
