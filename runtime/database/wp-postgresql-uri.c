#include "runtime/database/wp-postgresql-uri.h"

#include <libpq-fe.h>
#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-time.h"

#define LEAST_CONNECT_S 2 /* libpq takes less for this much */

static const char *
find (const PQconninfoOption *options, const char *name)
{
  for (; options->keyword; options++)
    if (g_str_equal (options->keyword, name))
      return options->val && *options->val ? options->val : NULL;
  return NULL;
}

static gboolean
fail (const char *text, GError **error)
{
  return wp_fail (error, WP_ERROR_BAD_VALUE, "postgresql: %s", text);
}

/* libpq's message quotes the URI, or a part, which may be a password: only the text before the quote is
 * shown. */
static gboolean
fail_malformed (char *message, GError **error)
{
  g_autofree char *text
      = g_strndup (message ? message : "out of memory", message ? strcspn (message, ":\"\n") : 13);

  PQfreemem (message);
  return fail (g_strchomp (text), error);
}

/* A password with a bare "/" or "@" ends there, and its rest becomes a host, port or database. */
static gboolean
check_parts (const PQconninfoOption *options, GError **error)
{
  const char *host = find (options, "host"), *port = find (options, "port"), *name = find (options, "dbname");

  if ((host && strchr (host, '@')) || (name && strchr (name, '@'))
      || (port && strspn (port, "0123456789,") != strlen (port)))
    return fail (
        "host, port or database are malformed; in a user's name or password write %2F for /, %3A for :, "
        "%3F for ? and %40 for @",
        error);
  return TRUE;
}

static void
add_escaped (GString *text, const char *value)
{
  g_string_append_uri_escaped (text, value, "[]:", FALSE);
}

static char *
describe (const PQconninfoOption *options)
{
  GString *text = g_string_new ("postgresql://");
  const char *user = find (options, "user"), *name = find (options, "dbname"), *port = find (options, "port"),
             *host = find (options, "host"), *service = find (options, "service");
  g_auto (GStrv) hosts = g_strsplit (host                         ? host
                                     : find (options, "hostaddr") ? find (options, "hostaddr")
                                                                  : "",
                                     ",", -1),
                 ports = g_strsplit (port ? port : "", ",", -1);

  if (user)
    add_escaped (text, user);
  if (user)
    g_string_append_c (text, '@');
  for (guint i = 0, n_ports = g_strv_length (ports); hosts[i]; i++)
    {
      g_string_append (text, i > 0 ? "," : "");
      add_escaped (text, hosts[i]);
      if (n_ports > 0 && *ports[MIN (i, n_ports - 1)])
        g_string_append_printf (text, ":%s", ports[MIN (i, n_ports - 1)]);
    }
  g_string_append_c (text, '/');
  if (name)
    add_escaped (text, name);
  if (service)
    g_string_append (text, "?service=");
  if (service)
    add_escaped (text, service);

  return g_string_free (text, FALSE);
}

static void
add (WpPostgresqlUri *self, const char *name, const char *value)
{
  g_ptr_array_add (self->names, g_strdup (name));
  g_ptr_array_add (self->values, g_strdup (value));
}

/* A later parameter replaces an earlier one of that name. */
static void
add_all (WpPostgresqlUri *self, const PQconninfoOption *options, gint64 timeout_ns)
{
  g_autofree char *timeout_s
      = g_strdup_printf ("%" G_GINT64_FORMAT,
                         MAX ((timeout_ns + WP_NS_PER_S - 1) / WP_NS_PER_S, LEAST_CONNECT_S));

  add (self, "connect_timeout", timeout_s);
  add (self, "target_session_attrs", "read-write");
  add (self, "fallback_application_name", "wp-server");
  for (; options->keyword; options++)
    if (options->val)
      add (self, options->keyword, options->val);
  add (self, "client_encoding", "UTF8");
  g_ptr_array_add (self->names, NULL);
  g_ptr_array_add (self->values, NULL);
}

WpPostgresqlUri *
wp_postgresql_uri_new (const char *location, gint64 timeout_ns, GError **error)
{
  g_autofree char *uri = g_strconcat ("postgresql:", location, NULL);
  WpPostgresqlUri *self = NULL;
  PQconninfoOption *options;
  char *message = NULL;

  if (!g_str_has_prefix (location, "//"))
    {
      fail ("the form is postgresql://USER@HOST:PORT/DATABASE", error);
      return NULL;
    }
  options = PQconninfoParse (uri, &message);
  if (!options)
    fail_malformed (message, error);
  else if (check_parts (options, error))
    {
      self = g_new0 (WpPostgresqlUri, 1);
      self->names = g_ptr_array_new_with_free_func (g_free);
      self->values = g_ptr_array_new_with_free_func (g_free);
      self->described = describe (options);
      self->has_password = find (options, "password") || find (options, "sslpassword");
      add_all (self, options, timeout_ns);
    }
  PQconninfoFree (options);

  return self;
}

void
wp_postgresql_uri_free (WpPostgresqlUri *self)
{
  g_ptr_array_unref (self->names);
  g_ptr_array_unref (self->values);
  g_free (self->described);
  g_free (self);
}
