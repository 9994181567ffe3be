#include "runtime/secure/wp-tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <string.h>
#include <unistd.h>

#include "runtime/secure/wp-openssl-session.h"
#include "sim/base/wp-error.h"

typedef struct {
  WpTls base;
  char *certificate, *key;       /* paths */
  GMutex mutex;
  SSL_CTX *context;              /* under mutex */
} Openssl;

static gboolean
fail (GError **error, const char *path, const char *what)
{
  const char *reason = ERR_reason_error_string (ERR_peek_last_error ());

  g_set_error (error, WP_ERROR, WP_ERROR_IO, "%s: %s%s%s", path, what, reason ? ": " : "", reason ? reason : "");
  ERR_clear_error ();
  return FALSE;
}

static gboolean
is_readable (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  if (fd < 0)
    g_set_error (error, WP_ERROR, WP_ERROR_IO, "%s: %s", path, g_strerror (errno));
  else
    close (fd);
  return fd >= 0;
}

/* A server does not ask at a terminal. */
static int
no_passphrase (char *buffer, int size, int writes, void *data)
{
  return 0;
}

/* HTTP/1.1 where the client offers it; else it may try without. */
static int
choose_protocol (SSL *ssl, const unsigned char **chosen, unsigned char *chosen_len, const unsigned char *offered, unsigned int offered_len,
                 void *data)
{
  static const unsigned char ours[] = "\x08http/1.1";

  return SSL_select_next_proto ((unsigned char **) chosen, chosen_len, ours, sizeof ours - 1, offered, offered_len) == OPENSSL_NPN_NEGOTIATED
           ? SSL_TLSEXT_ERR_OK
           : SSL_TLSEXT_ERR_NOACK;
}

/* Sessions are resumed by tickets alone: nothing is stored here for clients that have left. */
static SSL_CTX *
new_context (void)
{
  SSL_CTX *context = SSL_CTX_new (TLS_server_method ());

  SSL_CTX_set_min_proto_version (context, TLS1_2_VERSION);
  SSL_CTX_set_options (context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode (context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode (context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead (context, 1);
  SSL_CTX_set_default_passwd_cb (context, no_passphrase);
  SSL_CTX_set_alpn_select_cb (context, choose_protocol, NULL);

  return context;
}

static gboolean
load (SSL_CTX *context, const Openssl *self, GError **error)
{
  if (!is_readable (self->certificate, error) || !is_readable (self->key, error))
    return FALSE;
  ERR_clear_error ();
  if (SSL_CTX_use_certificate_chain_file (context, self->certificate) != 1)
    return fail (error, self->certificate, "not a certificate in PEM");
  if (SSL_CTX_use_PrivateKey_file (context, self->key, SSL_FILETYPE_PEM) != 1)
    return fail (error, self->key, "not a private key in PEM without a passphrase, or not that of the certificate");
  if (SSL_CTX_check_private_key (context) != 1)
    return fail (error, self->key, "not the key of the certificate");
  return TRUE;
}

static gboolean
tls_reload (WpTls *base, GError **error)
{
  Openssl *self = (Openssl *) base;
  SSL_CTX *context = new_context ();

  if (!load (context, self, error))
    {
      SSL_CTX_free (context);
      return FALSE;
    }
  g_mutex_lock (&self->mutex);
  SSL_CTX_free (self->context);      /* the sessions that it made hold it */
  self->context = context;
  g_mutex_unlock (&self->mutex);

  return TRUE;
}

static void
tls_free (WpTls *base)
{
  Openssl *self = (Openssl *) base;

  SSL_CTX_free (self->context);
  g_mutex_clear (&self->mutex);
  g_free (self->certificate);
  g_free (self->key);
  g_free (self);
}

static WpTlsSession *
tls_accept (WpTls *base, int fd)
{
  Openssl *self = (Openssl *) base;
  SSL *ssl;

  g_mutex_lock (&self->mutex);
  ssl = SSL_new (self->context);
  g_mutex_unlock (&self->mutex);
  SSL_set_fd (ssl, fd);
  SSL_set_accept_state (ssl);

  return wp_openssl_session_new (ssl);
}

static WpTls *
tls_new (const char *certificate, const char *key, GError **error)
{
  Openssl *self = g_new0 (Openssl, 1);

  self->base.class = &wp_tls_class;
  self->certificate = g_strdup (certificate);
  self->key = g_strdup (key);
  g_mutex_init (&self->mutex);
  if (tls_reload (&self->base, error))
    return &self->base;
  tls_free (&self->base);
  return NULL;
}

const WpTlsClass wp_tls_class = { tls_new, tls_free, tls_reload, tls_accept };
