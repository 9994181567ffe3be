#include "runtime/http/wp-hosts.h"

#include <arpa/inet.h>
#include <string.h>

#include "sim/base/wp-error.h"

struct _WpHosts {
  GPtrArray *names; /* (element-type utf8): lower case, without a final dot */
};

WpHosts *
wp_hosts_new (void)
{
  WpHosts *self = g_new0 (WpHosts, 1);

  self->names = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->names, g_strdup ("localhost"));

  return self;
}

void
wp_hosts_free (WpHosts *self)
{
  g_ptr_array_unref (self->names);
  g_free (self);
}

gboolean
wp_hosts_equal (const WpHosts *self, const WpHosts *other)
{
  for (guint i = 0; i < self->names->len && i < other->names->len; i++)
    if (!g_str_equal (self->names->pdata[i], other->names->pdata[i]))
      return FALSE;
  return self->names->len == other->names->len;
}

static char *
normalize (const char *name, gsize len)
{
  return g_ascii_strdown (name, (gssize) (len > 1 && name[len - 1] == '.' ? len - 1 : len));
}

static gboolean
has (const WpHosts *self, const char *name)
{
  return g_ptr_array_find_with_equal_func (self->names, name, g_str_equal, NULL);
}

gboolean
wp_hosts_add (WpHosts *self, const char *name, GError **error)
{
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
  g_autofree char *normal = normalize (name, strlen (name));

  if (*normal == '\0' || strspn (normal, allowed) != strlen (normal))
    return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is not the name of a host, without a port", name);
  if (!has (self, normal))
    g_ptr_array_add (self->names, g_steal_pointer (&normal));
  return TRUE;
}

gboolean
wp_hosts_admit (const WpHosts *self, WpSlice host)
{
  const char *colon = host.bytes ? memchr (host.bytes, ':', host.len) : NULL;
  g_autofree char *name = NULL;
  struct in_addr address;

  /* the parser has checked that a host in brackets is an address */
  if (!host.bytes || (host.len > 0 && *host.bytes == '['))
    return TRUE;
  name = normalize (host.bytes, colon ? (gsize) (colon - host.bytes) : host.len);

  return inet_pton (AF_INET, name, &address) == 1 || has (self, name);
}
