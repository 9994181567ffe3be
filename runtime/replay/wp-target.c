#include "runtime/replay/wp-target.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/wp-process.h"
#include "sim/base/wp-error.h"
#include "sim/base/wp-time.h"

#define CONNECT_TIMEOUT_MS 5000
#define RETRY_US           20000

struct _WpTarget {
  gboolean is_https;
  char *url; /* without the password */
  char *host;
  char *port;
  char *authority;
  char *path;
  char *authorization;
  WpTlsClient *tls;
  struct sockaddr_storage address;
  socklen_t address_len;
};

typedef struct addrinfo Addresses;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Addresses, freeaddrinfo)

/* The characters of a request line. */
static gboolean
is_visible (const char *text)
{
  for (; *text; text++)
    if ((guchar) *text <= ' ' || *text == 0x7f)
      return FALSE;
  return TRUE;
}

static gboolean
is_host (const char *host)
{
  return host && host[0] && host[strcspn (host, "/?#@[]<>\"\\^`{|}%")] == '\0';
}

static char *
basic_authorization (const char *user, const char *password)
{
  g_autofree char *plain_user = g_uri_unescape_string (user, NULL);
  g_autofree char *plain_password = password ? g_uri_unescape_string (password, NULL) : NULL;
  g_autofree char *both = NULL, *coded = NULL;

  if (!plain_user || (password && !plain_password))
    return NULL;
  both = g_strconcat (plain_user, ":", plain_password, NULL);
  coded = g_base64_encode ((const guchar *) both, strlen (both));
  return g_strconcat ("Basic ", coded, NULL);
}

static char *
format_path (const char *path, const char *query)
{
  return g_strconcat (path[0] ? path : "/", query ? "?" : NULL, query, NULL);
}

static gboolean
take_parts (WpTarget *self, const char *scheme, const char *host, int port)
{
  const char *bracket = strchr (host, ':') ? "[" : "", *end = strchr (host, ':') ? "]" : "";
  int usual;

  self->is_https = g_str_equal (scheme, "https");
  usual = self->is_https ? 443 : 80;
  if (!(self->is_https || g_str_equal (scheme, "http")) || port == 0)
    return FALSE;
  self->host = g_strdup (host);
  self->port = g_strdup_printf ("%d", port > 0 ? port : usual);
  self->authority = port > 0 && port != usual ? g_strdup_printf ("%s%s%s:%d", bracket, host, end, port)
                                              : g_strconcat (bracket, host, end, NULL);
  return TRUE;
}

/* Also of a text that is no URL: it is shown. */
static char *
without_password (const char *url)
{
  const char *scheme_end = strstr (url, "://");
  const char *user = scheme_end ? scheme_end + strlen ("://") : url;
  const char *at = memrchr (user, '@', strcspn (user, "/?#"));
  const char *colon = at ? memchr (user, ':', (gsize) (at - user)) : NULL;

  return colon ? g_strdup_printf ("%.*s%s", (int) (colon - url), url, at) : g_strdup (url);
}

static gboolean
read_url (WpTarget *self, const char *url)
{
  g_autofree char *scheme = NULL, *user = NULL, *password = NULL, *host = NULL, *path = NULL, *query = NULL;
  int port;

  if (!is_visible (url)
      || !g_uri_split_with_user (url, G_URI_FLAGS_ENCODED | G_URI_FLAGS_HAS_PASSWORD, &scheme, &user,
                                 &password, NULL, &host, &port, &path, &query, NULL, NULL)
      || !scheme || !is_host (host) || !take_parts (self, scheme, host, port))
    return FALSE;
  self->path = format_path (path, query);
  self->authorization = user ? basic_authorization (user, password) : NULL;
  return !user || self->authorization;
}

WpTarget *
wp_target_new (const char *url, GError **error)
{
  g_autoptr (WpTarget) self = g_new0 (WpTarget, 1);

  self->url = without_password (url);
  if (read_url (self, url))
    return g_steal_pointer (&self);

  g_set_error (error, WP_ERROR, WP_ERROR_USAGE, "\"%s\" is not a URL such as http://127.0.0.1:8080/",
               self->url);
  return NULL;
}

void
wp_target_free (WpTarget *self)
{
  g_clear_pointer (&self->tls, wp_tls_client_free);
  g_free (self->url);
  g_free (self->host);
  g_free (self->port);
  g_free (self->authority);
  g_free (self->path);
  g_free (self->authorization);
  g_free (self);
}

/* Returns 0 or an errno. */
static int
try_connect (const Addresses *address)
{
  int fd = socket (address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct pollfd poller = { fd, POLLOUT, 0 };
  int reason = 0;
  socklen_t len = sizeof reason;

  if (fd < 0)
    return errno;
  if (connect (fd, address->ai_addr, address->ai_addrlen) < 0)
    {
      reason = errno;
      if (reason == EINPROGRESS && poll (&poller, 1, CONNECT_TIMEOUT_MS) == 0)
        reason = ETIMEDOUT;
      else if (reason == EINPROGRESS)
        getsockopt (fd, SOL_SOCKET, SO_ERROR, &reason, &len);
    }
  close (fd);

  return reason;
}

/* Returns NULL, or why there is none. */
static const char *
find_once (WpTarget *self)
{
  const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
  g_autoptr (Addresses) found = NULL;
  int failure = getaddrinfo (self->host, self->port, &hints, &found);
  const char *reason = gai_strerror (failure);

  for (const Addresses *address = found; failure == 0 && address; address = address->ai_next)
    {
      int refusal = try_connect (address);

      if (refusal == 0)
        {
          memcpy (&self->address, address->ai_addr, address->ai_addrlen);
          self->address_len = address->ai_addrlen;
          return NULL;
        }
      reason = g_strerror (refusal);
    }
  return reason;
}

gboolean
wp_target_resolve (WpTarget *self, gint64 wait_ns, GError **error)
{
  gint64 end_ns = wp_time_monotonic () + wait_ns;
  const char *reason;

  while ((reason = find_once (self)) && wp_time_monotonic () < end_ns)
    g_usleep (RETRY_US);
  if (!reason)
    return TRUE;

  return wp_fail (error, WP_ERROR_IO,
                  strchr (self->host, ':') ? "cannot connect to [%s]:%s: %s; is wp-server running?"
                                           : "cannot connect to %s:%s: %s; is wp-server running?",
                  self->host, self->port, reason);
}

gboolean
wp_target_load_tls (WpTarget *self, const char *ca_path, gboolean verify, GError **error)
{
  const WpTlsClientClass *class = self->is_https ? wp_module_load ("wp-tls.so", "wp_tls_client_class", error)
                                                 : NULL;

  if (class)
    self->tls = class->new (ca_path, verify, error);
  return !self->is_https || self->tls;
}

const char *
wp_target_url (const WpTarget *self)
{
  return self->url;
}

const char *
wp_target_path (const WpTarget *self)
{
  return self->path;
}

const char *
wp_target_authority (const WpTarget *self)
{
  return self->authority;
}

const char *
wp_target_host (const WpTarget *self)
{
  return self->host;
}

const char *
wp_target_authorization (const WpTarget *self)
{
  return self->authorization;
}

const struct sockaddr *
wp_target_address (const WpTarget *self, socklen_t *len)
{
  *len = self->address_len;
  return (const struct sockaddr *) &self->address;
}

WpTlsClient *
wp_target_tls (const WpTarget *self)
{
  return self->tls;
}
