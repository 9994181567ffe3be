#include "runtime/replay/wp-target.h"

#include <curl/curl.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/wp-error.h"

#define PROBE_TIMEOUT_MS 5000

struct _WpTarget {
  char *url;
  char *host; /* an IPv6 address without its brackets */
  char *port;
  char *resolved;
  struct sockaddr_storage address; /* after the probe */
  socklen_t address_len;
};

typedef struct addrinfo Addresses;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Addresses, freeaddrinfo)

static char *
take_part (CURLU *parts, CURLUPart part, guint flags)
{
  char *text = NULL;
  char *copy;

  if (curl_url_get (parts, part, &text, flags) != CURLUE_OK)
    return NULL;
  copy = g_strdup (text);
  curl_free (text);

  return copy;
}

static gboolean
read_parts (WpTarget *self, CURLU *parts)
{
  g_autofree char *scheme = NULL;
  g_autofree char *host = NULL;
  gsize len;

  if (curl_url_set (parts, CURLUPART_URL, self->url, 0) != CURLUE_OK)
    return FALSE;
  scheme = take_part (parts, CURLUPART_SCHEME, 0);
  host = take_part (parts, CURLUPART_HOST, 0);
  self->port = take_part (parts, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  if (!scheme || !host || !self->port || !(g_str_equal (scheme, "http") || g_str_equal (scheme, "https")))
    return FALSE;

  len = strlen (host);
  self->host = host[0] == '[' ? g_strndup (host + 1, len - 2) : g_strdup (host);
  return TRUE;
}

WpTarget *
wp_target_new (const char *url, GError **error)
{
  g_autoptr (WpTarget) self = g_new0 (WpTarget, 1);
  CURLU *parts = curl_url ();
  gboolean good;

  self->url = g_strdup (url);
  good = read_parts (self, parts);
  curl_url_cleanup (parts);
  if (good)
    return g_steal_pointer (&self);

  g_set_error (error, WP_ERROR, WP_ERROR_USAGE, "\"%s\" is not a URL such as http://127.0.0.1:8080/", url);
  return NULL;
}

void
wp_target_free (WpTarget *self)
{
  g_free (self->url);
  g_free (self->host);
  g_free (self->port);
  g_free (self->resolved);
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
      if (reason == EINPROGRESS && poll (&poller, 1, PROBE_TIMEOUT_MS) == 0)
        reason = ETIMEDOUT;
      else if (reason == EINPROGRESS)
        getsockopt (fd, SOL_SOCKET, SO_ERROR, &reason, &len);
    }
  close (fd);

  return reason;
}

gboolean
wp_target_probe (WpTarget *self, GError **error)
{
  const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
  g_autoptr (Addresses) found = NULL;
  int failure = getaddrinfo (self->host, self->port, &hints, &found);
  const char *reason = gai_strerror (failure);

  for (const Addresses *address = found; failure == 0 && address; address = address->ai_next)
    {
      char numeric[NI_MAXHOST];
      int refusal = try_connect (address);

      if (refusal == 0)
        {
          getnameinfo (address->ai_addr, address->ai_addrlen, numeric, sizeof numeric, NULL, 0,
                       NI_NUMERICHOST);
          memcpy (&self->address, address->ai_addr, address->ai_addrlen);
          self->address_len = address->ai_addrlen;
          g_free (self->resolved);
          self->resolved = strchr (self->host, ':')
                               ? NULL
                               : g_strdup_printf ("%s:%s:%s", self->host, self->port, numeric);
          return TRUE;
        }
      reason = g_strerror (refusal);
    }

  g_set_error (error, WP_ERROR, WP_ERROR_IO,
               strchr (self->host, ':') ? "cannot connect to [%s]:%s: %s; is wp-server running?"
                                        : "cannot connect to %s:%s: %s; is wp-server running?",
               self->host, self->port, reason);
  return FALSE;
}

const char *
wp_target_url (const WpTarget *self)
{
  return self->url;
}

const char *
wp_target_resolved (const WpTarget *self)
{
  return self->resolved;
}

const struct sockaddr *
wp_target_address (const WpTarget *self, socklen_t *len)
{
  *len = self->address_len;
  return (const struct sockaddr *) &self->address;
}
