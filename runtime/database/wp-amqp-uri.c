#include "runtime/database/wp-amqp-uri.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"

#define PORT          5672
#define TLS_PORT      5671
#define FAILED        ".failed"
#define MAX_NAME      255 /* bytes of a short string of AMQP */
#define FORM          "amqp://[USER@]HOST[:PORT][,HOST...][/VHOST]?queue=NAME"
#define DEFAULT_VHOST "/"
#define DEFAULT_QUEUE "wp"

static void
host_free (gpointer data)
{
  WpAmqpHost *self = data;

  g_free (self->host);
  g_free (self->name);
  g_free (self);
}

void
wp_amqp_uri_free (WpAmqpUri *self)
{
  g_ptr_array_unref (self->hosts);
  g_free (self->user);
  g_free (self->vhost);
  g_free (self->queue);
  g_free (self->failed_queue);
  g_free (self->described);
  g_free (self);
}

/* No message quotes the URI: a password may be in a wrong place. */
#define fail(error, ...) wp_fail (error, WP_ERROR_BAD_VALUE, "amqp: " __VA_ARGS__)

/* @port: 0: none. An IPv6 address is in brackets. */
static gboolean
parse_host (const char *text, char **host, guint16 *port, GError **error)
{
  const char *end = *text == '[' ? strchr (text, ']') : NULL,
             *colon = end ? (end[1] == ':' ? end + 1 : NULL) : strchr (text, ':');
  guint64 number = 0;

  if ((*text == '[' && (!end || (end[1] != '\0' && !colon))) || *text == '\0' || text == colon
      || end == text + 1)
    return fail (error, "a host is malformed; the form is " FORM);
  if (colon && !wp_options_parse_uint (colon + 1, 1, G_MAXUINT16, &number, NULL))
    return fail (error, "a port is not a number from 1 to 65535; the form is " FORM);
  *port = (guint16) number;
  *host = end ? g_strndup (text + 1, (gsize) (end - text - 1))
              : g_strndup (text, colon ? (gsize) (colon - text) : strlen (text));
  return TRUE;
}

/* From the last host to the first, since a port is that of the hosts before too. */
static gboolean
parse_hosts (WpAmqpUri *self, const char *text, GError **error)
{
  g_auto (GStrv) texts = g_strsplit (text, ",", -1);
  guint16 port = self->is_tls ? TLS_PORT : PORT;

  for (guint i = g_strv_length (texts); i-- > 0;)
    {
      g_autofree char *host = NULL;
      guint16 own_port = 0;
      WpAmqpHost *added;

      if (!parse_host (texts[i], &host, &own_port, error))
        return FALSE;
      port = own_port > 0 ? own_port : port;
      added = g_new0 (WpAmqpHost, 1);
      added->port = port;
      added->name = g_strdup_printf (strchr (host, ':') ? "[%s]:%u" : "%s:%u", host, port);
      added->host = g_steal_pointer (&host);
      g_ptr_array_insert (self->hosts, 0, added);
    }
  return self->hosts->len > 0 ? TRUE : fail (error, "a host is missing; the form is " FORM);
}

/* @what: for the message. Returns: (transfer full): NULL with one line */
static char *
decode (const char *text, const char *what, GError **error)
{
  char *decoded = g_uri_unescape_string (text, NULL);

  if (decoded && *decoded && strlen (decoded) <= MAX_NAME - strlen (FAILED)
      && g_utf8_validate (decoded, -1, NULL))
    return decoded;
  g_free (decoded);
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE,
               "amqp: the %s is malformed: up to %d bytes, percent-encoded where necessary", what,
               MAX_NAME - (int) strlen (FAILED));
  return NULL;
}

/* @text: NULL: none */
static gboolean
parse_query (WpAmqpUri *self, const char *text, GError **error)
{
  if (text && (!g_str_has_prefix (text, "queue=") || strpbrk (text, "&;")))
    return fail (error, "the only parameter is queue; the form is " FORM);
  self->queue = decode (text ? text + strlen ("queue=") : DEFAULT_QUEUE, "queue's name", error);
  if (!self->queue)
    return FALSE;
  if (g_str_has_prefix (self->queue, "amq."))
    return fail (error, "names of queues that begin with amq. are the engine's own");
  self->failed_queue = g_strconcat (self->queue, FAILED, NULL);
  return TRUE;
}

static gboolean
parse_user (WpAmqpUri *self, const char *text, GError **error)
{
  if (strchr (text, ':'))
    return fail (error, "a password in the URL would be shown in the list of processes (ps): keep it in a "
                        "file, and name that by --amqp-password-file");
  self->user = decode (text, "user's name", error);
  return self->user != NULL;
}

static gboolean
parse (WpAmqpUri *self, const char *text, GError **error)
{
  const char *begin = strstr (text, "://"), *at, *query;
  g_autofree char *authority = NULL, *path = NULL;
  gsize len;

  self->is_tls = g_str_has_prefix (text, "amqps:");
  if (!begin)
    return fail (error, "the form is " FORM);
  begin += strlen ("://");
  query = strchr (begin, '?');
  path = g_strndup (begin, query ? (gsize) (query - begin) : strlen (begin));
  at = strrchr (path, '@');
  if (at && strchr (path, '/') && strchr (path, '/') < at)
    return fail (error, "in a user's name write %%2F for / and %%40 for @; a password belongs in the file "
                        "of --amqp-password-file");
  len = strcspn (path, "/");
  authority = g_strndup (path, len);
  at = strrchr (authority, '@');
  if (at)
    authority[at - authority] = '\0';
  if (at && !parse_user (self, authority, error))
    return FALSE;
  self->vhost = path[len] && path[len + 1] ? decode (path + len + 1, "virtual host", error)
                                           : g_strdup (DEFAULT_VHOST);

  return self->vhost && parse_hosts (self, at ? at + 1 : authority, error)
         && parse_query (self, query ? query + 1 : NULL, error);
}

WpAmqpUri *
wp_amqp_uri_new (const char *text, GError **error)
{
  g_autoptr (WpAmqpUri) self = g_new0 (WpAmqpUri, 1);

  self->hosts = g_ptr_array_new_with_free_func (host_free);
  if (!parse (self, text, error))
    return NULL;
  self->described = g_strdup (text);

  return g_steal_pointer (&self);
}
