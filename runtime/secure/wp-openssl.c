#include "runtime/secure/wp-tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <string.h>

#include "runtime/secure/wp-private-file.h"
#include "sim/base/wp-error.h"
#include "sim/base/wp-small-file.h"

/* The suites of TLS 1.2 with forward secrecy and authenticated encryption, as all of 1.3 have. */
#define SUITES      "ECDHE+AESGCM:ECDHE+CHACHA20"
#define CERTIFICATE "--tls-certificate"
#define KEY         "--tls-key"

typedef struct {
  WpTlsSession base;
  SSL *ssl;
  gboolean failed;      /* OpenSSL forbids all further calls */
  unsigned long reason; /* of the failure, as OpenSSL numbers them; 0: none is known */
} OpensslSession;

static void
session_free (WpTlsSession *base)
{
  OpensslSession *self = (OpensslSession *) base;

  SSL_free (self->ssl);
  g_free (self);
}

/* @result: <= 0, of an OpenSSL call. Clears the thread's error queue. */
static WpTlsProgress
progress_of (OpensslSession *self, int result)
{
  int reason = SSL_get_error (self->ssl, result);
  unsigned long error = ERR_peek_error ();
  gboolean http = ERR_GET_REASON (error) == SSL_R_HTTP_REQUEST;

  ERR_clear_error ();
  if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE)
    return WP_TLS_WAITS;
  if (reason == SSL_ERROR_ZERO_RETURN)
    return WP_TLS_DONE;
  self->failed = TRUE;
  self->reason = error;
  return http ? WP_TLS_PLAIN_HTTP : WP_TLS_FAILED;
}

static WpTlsProgress
session_handshake (WpTlsSession *base)
{
  OpensslSession *self = (OpensslSession *) base;
  int result = SSL_do_handshake (self->ssl);
  WpTlsProgress progress = result == 1 ? WP_TLS_DONE : progress_of (self, result);

  /* a close_notify during the handshake is a failure */
  return result != 1 && progress == WP_TLS_DONE ? WP_TLS_FAILED : progress;
}

/* @n bytes were transferred before a call failed. */
static gssize
outcome (gsize n, WpTlsProgress progress)
{
  if (n > 0)
    return (gssize) n;
  errno = progress == WP_TLS_WAITS ? EAGAIN : ECONNRESET;
  return -1;
}

/* One call reads at most one record. The socket may hold more, which an edge-triggered epoll would not report
 * again, so this reads until it has to wait. */
static gssize
session_read (WpTlsSession *base, void *buffer, gsize size)
{
  OpensslSession *self = (OpensslSession *) base;
  gsize n = 0, got;

  while (n < size && !self->failed)
    {
      int result = SSL_read_ex (self->ssl, (char *) buffer + n, size - n, &got);
      WpTlsProgress progress = result == 1 ? WP_TLS_DONE : progress_of (self, result);

      if (result != 1)
        return n == 0 && progress == WP_TLS_DONE ? 0 : outcome (n, progress);
      n += got;
    }
  errno = ECONNRESET;
  return n > 0 || size == 0 ? (gssize) n : -1;
}

/* Once the client has ended its side, OpenSSL reports a failed write as that end. */
static WpTlsProgress
progress_of_write (OpensslSession *self, int result)
{
  WpTlsProgress progress = progress_of (self, result);

  self->failed = progress != WP_TLS_WAITS;
  return progress;
}

static gssize
session_write (WpTlsSession *base, const void *buffer, gsize size)
{
  OpensslSession *self = (OpensslSession *) base;
  gsize n = 0, put;

  while (n < size && !self->failed)
    {
      int result = SSL_write_ex (self->ssl, (const char *) buffer + n, size - n, &put);

      if (result <= 0)
        return outcome (n, progress_of_write (self, result));
      n += put;
    }
  errno = ECONNRESET;
  return n > 0 || size == 0 ? (gssize) n : -1;
}

static gboolean
session_is_ended (WpTlsSession *base, gboolean *waits)
{
  OpensslSession *self = (OpensslSession *) base;
  char byte;
  int result = self->failed ? 0 : SSL_peek (self->ssl, &byte, 1);
  WpTlsProgress progress = self->failed || result > 0 ? WP_TLS_DONE : progress_of (self, result);

  *waits = progress == WP_TLS_WAITS;
  return result <= 0 && !*waits;
}

static void
session_send_close_notify (WpTlsSession *base)
{
  OpensslSession *self = (OpensslSession *) base;

  if (!self->failed && SSL_is_init_finished (self->ssl))
    SSL_shutdown (self->ssl);
  ERR_clear_error ();
}

static WpTlsSession *
session_new (SSL *ssl)
{
  static const WpTlsSessionClass class = { session_free,  session_handshake, session_read,
                                           session_write, session_is_ended,  session_send_close_notify };
  OpensslSession *self = g_new (OpensslSession, 1);

  *self = (OpensslSession){ { &class }, ssl, FALSE, 0 };
  return &self->base;
}

/* Why the session failed: the error of the peer's certificate, or OpenSSL's. */
static const char *
session_explain (WpTlsSession *session)
{
  const OpensslSession *self = (const OpensslSession *) session;
  long verified = SSL_get_verify_result (self->ssl);
  const char *reason = self->reason ? ERR_reason_error_string (self->reason) : NULL;

  if (verified != X509_V_OK && (SSL_get_verify_mode (self->ssl) & SSL_VERIFY_PEER))
    return X509_verify_cert_error_string (verified);
  return reason ? reason : "the connection was closed";
}

/* Sessions are resumed by tickets only: the server stores none. */
static SSL_CTX *
new_context (const SSL_METHOD *method)
{
  SSL_CTX *context = SSL_CTX_new (method);

  SSL_CTX_set_min_proto_version (context, TLS1_2_VERSION);
  SSL_CTX_set_options (context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode (context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                                 | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode (context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead (context, 1);

  return context;
}

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

static WpTlsClient *
client_new (const char *ca_path, gboolean verify, GError **error)
{
  static const guchar protocol[] = "\x08http/1.1";
  OpensslClient *self = g_new0 (OpensslClient, 1);
  gboolean is_loaded;

  self->base.class = &wp_tls_client_class;
  self->context = new_context (TLS_client_method ());
  SSL_CTX_set_alpn_protos (self->context, protocol, sizeof protocol - 1);
  SSL_CTX_set_verify (self->context, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
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

  return session_new (ssl);
}

const WpTlsClientClass wp_tls_client_class = { client_new, client_free, client_connect, session_explain };

typedef struct {
  WpTls base;
  char *certificate, *key; /* paths */
  GMutex mutex;
  SSL_CTX *context; /* under mutex */
} Openssl;

static gboolean
fail (GError **error, const char *option, const char *path, const char *what)
{
  const char *reason = ERR_reason_error_string (ERR_peek_last_error ());

  g_set_error (error, WP_ERROR, WP_ERROR_IO, "%s: %s: %s%s%s", option, path, what, reason ? ": " : "",
               reason ? reason : "");
  ERR_clear_error ();
  return FALSE;
}

static gboolean
is_readable (const char *path, GError **error)
{
  if (wp_small_file_check (path, error))
    return TRUE;
  g_prefix_error (error, CERTIFICATE ": ");
  return FALSE;
}

/* Keeps OpenSSL from asking for a passphrase at the terminal. */
static int
no_passphrase (char *buffer, int size, int writes, void *data)
{
  return 0;
}

/* Selects HTTP/1.1 or 1.0. A client that offers neither is refused, since it would send another protocol (RFC
 * 7301, 3.2). */
static int
choose_protocol (SSL *ssl, const unsigned char **chosen, unsigned char *chosen_len,
                 const unsigned char *offered, unsigned int offered_len, void *data)
{
  static const unsigned char ours[] = "\x08http/1.1\x08http/1.0";

  return SSL_select_next_proto ((unsigned char **) chosen, chosen_len, ours, sizeof ours - 1, offered,
                                offered_len)
                 == OPENSSL_NPN_NEGOTIATED
             ? SSL_TLSEXT_ERR_OK
             : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static EVP_PKEY *
read_key (const char *path, GError **error)
{
  g_autoptr (GError) reason = NULL;
  int fd = wp_private_file_open (path, &reason);
  EVP_PKEY *key = NULL;
  BIO *file;

  if (fd < 0)
    {
      g_propagate_prefixed_error (error, g_steal_pointer (&reason), KEY ": ");
      return NULL;
    }
  file = BIO_new_fd (fd, BIO_CLOSE);
  key = PEM_read_bio_PrivateKey (file, NULL, no_passphrase, NULL);
  BIO_free (file);
  if (!key)
    fail (error, KEY, path, "not a private key in PEM without a passphrase");
  return key;
}

static gboolean
use_key (SSL_CTX *context, const Openssl *self, GError **error)
{
  EVP_PKEY *key = read_key (self->key, error);
  g_autofree char *what = g_strdup_printf ("not the key of the certificate in %s", self->certificate);
  gboolean ok = key
                && ((X509_check_private_key (SSL_CTX_get0_certificate (context), key) == 1
                     && SSL_CTX_use_PrivateKey (context, key) == 1)
                    || fail (error, KEY, self->key, what));

  EVP_PKEY_free (key);
  return ok;
}

static gboolean
load (SSL_CTX *context, const Openssl *self, GError **error)
{
  if (!is_readable (self->certificate, error))
    return FALSE;
  ERR_clear_error ();
  if (SSL_CTX_use_certificate_chain_file (context, self->certificate) != 1)
    return fail (error, CERTIFICATE, self->certificate, "not a certificate in PEM");
  return use_key (context, self, error);
}

static char *
format_time (const ASN1_TIME *time)
{
  struct tm tm = { 0 };

  ASN1_TIME_to_tm (time, &tm);
  return g_strdup_printf ("%04d-%02d-%02d %02d:%02d:%02d UTC", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                          tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* @which: number of the certificate in the file, from 1 */
static void
warn_unless_valid (const char *path, const X509 *certificate, guint which)
{
  gboolean expired = X509_cmp_current_time (X509_get0_notAfter (certificate)) < 0;
  gboolean early = X509_cmp_current_time (X509_get0_notBefore (certificate)) > 0;
  g_autofree char *when
      = format_time (expired ? X509_get0_notAfter (certificate) : X509_get0_notBefore (certificate));

  if (expired || early)
    g_warning (CERTIFICATE ": %s: certificate %u of the file %s %s: clients will refuse it", path, which,
               expired ? "expired on" : "is not valid before", when);
}

static void
warn_of_times (SSL_CTX *context, const Openssl *self)
{
  STACK_OF (X509) *chain = NULL;

  warn_unless_valid (self->certificate, SSL_CTX_get0_certificate (context), 1);
  SSL_CTX_get0_chain_certs (context, &chain);
  for (int i = 0; i < sk_X509_num (chain); i++)
    warn_unless_valid (self->certificate, sk_X509_value (chain, i), (guint) i + 2);
}

static gboolean
tls_reload (WpTls *base, GError **error)
{
  Openssl *self = (Openssl *) base;
  SSL_CTX *context = new_context (TLS_server_method ());

  SSL_CTX_set_cipher_list (context, SUITES);
  SSL_CTX_set_default_passwd_cb (context, no_passphrase);
  SSL_CTX_set_alpn_select_cb (context, choose_protocol, NULL);
  if (!load (context, self, error))
    {
      SSL_CTX_free (context);
      return FALSE;
    }
  warn_of_times (context, self);
  g_mutex_lock (&self->mutex);
  SSL_CTX_free (self->context); /* existing sessions keep a reference */
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

  return session_new (ssl);
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
