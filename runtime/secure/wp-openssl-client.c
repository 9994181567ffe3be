#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "runtime/secure/wp-openssl-session.h"
#include "runtime/secure/wp-tls-client.h"
#include "sim/base/wp-error.h"

typedef struct {
  WpTlsClient base;
  SSL_CTX *context;
} OpensslClient;

static void
client_free (WpTlsClient *base)
{
  OpensslClient *self = (OpensslClient *) base;

  SSL_CTX_free (self->context);
  g_free (self);
}

static SSL_CTX *
new_context (gboolean verify)
{
  static const guchar protocol[] = "\x08http/1.1";
  SSL_CTX *context = SSL_CTX_new (TLS_client_method ());

  SSL_CTX_set_min_proto_version (context, TLS1_2_VERSION);
  SSL_CTX_set_options (context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode (context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                                 | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode (context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead (context, 1);
  SSL_CTX_set_alpn_protos (context, protocol, sizeof protocol - 1);
  SSL_CTX_set_verify (context, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);

  return context;
}

static WpTlsClient *
client_new (const char *ca_path, gboolean verify, GError **error)
{
  OpensslClient *self = g_new0 (OpensslClient, 1);
  gboolean is_loaded;

  self->base.class = &wp_tls_client_class;
  self->context = new_context (verify);
  ERR_clear_error ();
  is_loaded = ca_path ? SSL_CTX_load_verify_file (self->context, ca_path) == 1
                      : SSL_CTX_set_default_verify_paths (self->context) == 1;
  if (is_loaded)
    return &self->base;

  g_set_error (error, WP_ERROR, WP_ERROR_IO, "--cacert: %s: not a file of certificates in PEM: %s",
               ca_path ? ca_path : "the system's store", ERR_reason_error_string (ERR_peek_last_error ()));
  ERR_clear_error ();
  client_free (&self->base);
  return NULL;
}

/* A certificate lists addresses separately from names, and SNI must not be an address (RFC 6066, 3). */
static WpTlsSession *
client_connect (WpTlsClient *base, int fd, const char *host)
{
  OpensslClient *self = (OpensslClient *) base;
  SSL *ssl = SSL_new (self->context);
  struct in6_addr address;

  SSL_set_fd (ssl, fd);
  SSL_set_connect_state (ssl);
  if (inet_pton (AF_INET, host, &address) == 1 || inet_pton (AF_INET6, host, &address) == 1)
    X509_VERIFY_PARAM_set1_ip_asc (SSL_get0_param (ssl), host);
  else
    {
      SSL_set_tlsext_host_name (ssl, host);
      SSL_set1_host (ssl, host);
    }

  return wp_openssl_session_new (ssl);
}

static const char *
client_explain (WpTlsSession *session)
{
  return wp_openssl_session_explain (session);
}

const WpTlsClientClass wp_tls_client_class = { client_new, client_free, client_connect, client_explain };
