#include "runtime/secure/wp-tokens.h"

#include <string.h>

#include "runtime/secure/wp-private-file.h"
#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/base/wp-small-file.h"

/* SHA-256 */
typedef struct {
  guint8 bytes[32];
} Digest;

struct _WpTokens {
  char *path;
  GMutex mutex;
  GArray *digests; /* (element-type Digest): of the tokens, which are not stored; guarded by mutex */
};

static char *
read_file (const char *path, GError **error)
{
  int fd = wp_private_file_open (path, error);

  return fd >= 0 ? wp_small_file_read (fd, path, error) : NULL;
}

/* token68 (RFC 9110, 11.2) */
static gboolean
is_token (const char *text)
{
  static const char other[] = "-._~+/";
  gsize n = 0;

  while (g_ascii_isalnum (text[n]) || (text[n] && strchr (other, text[n])))
    n++;
  return n > 0 && text[n + strspn (text + n, "=")] == '\0';
}

static Digest
digest_of (const char *token, gsize len)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  Digest digest;
  gsize size = sizeof digest.bytes;

  g_checksum_update (checksum, (const guchar *) token, (gssize) len);
  g_checksum_get_digest (checksum, digest.bytes, &size);
  return digest;
}

/* Takes the same time wherever they differ. */
static gboolean
is_same (const Digest *a, const Digest *b)
{
  guint8 differs = 0;

  for (gsize i = 0; i < sizeof a->bytes; i++)
    differs |= a->bytes[i] ^ b->bytes[i];
  return differs == 0;
}

static gboolean
check (const char *path, guint line, const char *token, GError **error)
{
  if (is_token (token))
    return TRUE;
  return wp_fail (error, WP_ERROR_BAD_VALUE,
                  "%s:%u: not a bearer token: letters, digits and -._~+/ only, then any =", path, line);
}

static GArray *
parse (const char *path, char *text, GError **error)
{
  g_autoptr (GArray) digests = g_array_new (FALSE, FALSE, sizeof (Digest));
  g_auto (GStrv) lines = g_strsplit (wp_options_skip_bom (text), "\n", -1);

  for (guint i = 0; lines[i]; i++)
    {
      char *token = g_strstrip (lines[i]);
      Digest digest = digest_of (token, strlen (token));

      if (*token == '\0' || *token == '#')
        continue;
      if (!check (path, i + 1, token, error))
        return NULL;
      g_array_append_val (digests, digest);
    }
  if (digests->len == 0)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "%s: it contains no token", path);
      return NULL;
    }
  return g_steal_pointer (&digests);
}

gboolean
wp_tokens_reload (WpTokens *self, GError **error)
{
  g_autofree char *text = read_file (self->path, error);
  GArray *digests = text ? parse (self->path, text, error) : NULL;

  if (!digests)
    return FALSE;
  g_mutex_lock (&self->mutex);
  g_clear_pointer (&self->digests, g_array_unref);
  self->digests = digests;
  g_mutex_unlock (&self->mutex);

  return TRUE;
}

WpTokens *
wp_tokens_new (const char *path, GError **error)
{
  WpTokens *self = g_new0 (WpTokens, 1);

  self->path = g_strdup (path);
  g_mutex_init (&self->mutex);
  if (wp_tokens_reload (self, error))
    return self;
  wp_tokens_free (self);
  return NULL;
}

void
wp_tokens_free (WpTokens *self)
{
  g_clear_pointer (&self->digests, g_array_unref);
  g_mutex_clear (&self->mutex);
  g_free (self->path);
  g_free (self);
}

/* Compares digests, and all of them, so that the time reveals neither lengths nor the first difference. */
gboolean
wp_tokens_admit (WpTokens *self, const char *credentials, gsize len)
{
  static const char scheme[] = "Bearer ";
  gsize start = strlen (scheme);
  gboolean found = FALSE;
  Digest digest;

  if (!credentials || len <= start || g_ascii_strncasecmp (credentials, scheme, start) != 0)
    return FALSE;
  while (start < len && credentials[start] == ' ')
    start++;
  digest = digest_of (credentials + start, len - start);
  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->digests->len; i++)
    found |= is_same (&digest, &g_array_index (self->digests, Digest, i));
  g_mutex_unlock (&self->mutex);

  return found;
}

char *
wp_tokens_read_first (const char *path, GError **error)
{
  g_autofree char *text = read_file (path, error);
  g_auto (GStrv) lines = text ? g_strsplit (wp_options_skip_bom (text), "\n", -1) : NULL;

  for (guint i = 0; lines && lines[i]; i++)
    {
      const char *token = g_strstrip (lines[i]);

      if (*token != '\0' && *token != '#')
        return check (path, i + 1, token, error) ? g_strdup (token) : NULL;
    }
  if (text)
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "%s: no token in it", path);
  return NULL;
}
