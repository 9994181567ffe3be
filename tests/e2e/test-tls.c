/* Handshakes that fail, never end or are none; certificates that are reloaded, or cannot be. */
#include "tests/e2e/wp-certificate.h"
#include "tests/e2e/wp-hold.h"

#include <glib/gstdio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static WpHarness *
start (void)
{
  g_setenv ("WP_HTTP_TLS", "yes", TRUE);
  return wp_harness_start ("-d", "delay:0", "--header-timeout=2s", NULL);
}

static void
check_served (WpHarness *server, const char *name)
{
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autofree char *got = wp_client_certificate_name (client);

  g_assert_cmpstr (got, ==, name);
  for (guint i = 0; i < 3; i++)
    {
      wp_client_post (client, "/", NULL, "hello", 5);
      g_assert_cmpuint (wp_client_read_status (client), ==, 200);
    }
}

static void
test_requests_over_tls (void)
{
  g_autoptr (WpHarness) server = start ();
  g_autofree char *log = wp_harness_log (server);

  g_assert_nonnull (strstr (log, "listening on https://127.0.0.1:"));
  check_served (server, "harness");
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "stored"), ==, 3);
}

/* Plain HTTP gets a response in plain HTTP. */
static void
test_plain_http (void)
{
  g_autoptr (WpHarness) server = start ();
  g_autoptr (WpClient) plain = wp_client_new_raw (wp_harness_port (server));

  wp_client_get (plain, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (plain), ==, 400);
  g_assert_true (wp_client_read_end (plain));
  wp_harness_await_stat (server, "refused.plain_http", 1);
  check_served (server, "harness");
}

static void
test_garbage (void)
{
  static const char *const texts[] = { "\x16\x03\x01\x02", "hello, hello, hello\r\n\r\n",
                                       "\x16\x03\x01\xff\xff\x01", "\x80\x2e\x01\x03\x01" };
  g_autoptr (WpHarness) server = start ();

  for (guint i = 0; i < 200; i++)
    {
      g_autoptr (WpClient) client = wp_client_new_raw (wp_harness_port (server));

      wp_client_send (client, texts[i % G_N_ELEMENTS (texts)]);
      if (i % 3 == 0)
        wp_client_reset (client);
      else if (i % 3 == 1)
        wp_client_half_close (client);
    }
  check_served (server, "harness");
  wp_harness_await_stat (server, "connections", 0);
}

/* Hundreds of clients that never finish the handshake, at any byte of it, delay no other client, and are
 * disconnected. */
static void
test_handshake_never_ends (void)
{
  static const char hello[] = "\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03";
  g_autoptr (WpHarness) server = start ();
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);

  for (guint i = 0; i < 300; i++)
    {
      g_ptr_array_add (clients, wp_client_new_raw (wp_harness_port (server)));
      wp_client_send_bytes (clients->pdata[i], hello, i % sizeof hello);
    }
  check_served (server, "harness");
  for (guint i = 0; i < 300; i++)
    g_assert_true (wp_client_read_end (clients->pdata[i]));
  wp_harness_await_stat (server, "connections", 0);
}

/* The offer of a client; 0 and NULL: the default of the test's OpenSSL. */
typedef struct {
  int version;           /* and no other */
  const char *suites;    /* of TLS 1.2 */
  const char *protocols; /* as ALPN has them: each behind its length */
} Offer;

/* Why it is not agreed with; 0: it is. @chosen: (out) (nullable): the protocol, "" for none */
static int
shake_hands_on (const WpHarness *server, const Offer *offer, char chosen[16])
{
  g_autofree char *address = g_strdup_printf ("127.0.0.1:%u", wp_harness_port (server));
  SSL_CTX *context = SSL_CTX_new (TLS_client_method ());
  const unsigned char *protocol = NULL;
  unsigned int protocol_len = 0;
  BIO *connection;
  SSL *ssl;
  int why = 0;

  SSL_CTX_set_min_proto_version (context, offer->version);
  SSL_CTX_set_max_proto_version (context, offer->version);
  g_assert_cmpint (SSL_CTX_set_cipher_list (context, offer->suites ? offer->suites : "ALL:@SECLEVEL=0"), ==,
                   1);
  if (offer->protocols)
    SSL_CTX_set_alpn_protos (context, (const unsigned char *) offer->protocols,
                             (unsigned int) strlen (offer->protocols));
  connection = BIO_new_ssl_connect (context);
  BIO_set_conn_hostname (connection, address);
  ERR_clear_error ();
  if (BIO_do_handshake (connection) != 1)
    why = ERR_GET_REASON (ERR_peek_error ());
  BIO_get_ssl (connection, &ssl);
  SSL_get0_alpn_selected (ssl, &protocol, &protocol_len);
  if (chosen)
    g_snprintf (chosen, 16, "%.*s", (int) protocol_len, protocol_len > 0 ? (const char *) protocol : "");
  BIO_free_all (connection);
  SSL_CTX_free (context);

  return why;
}

static int
shake_hands (const WpHarness *server, int version)
{
  return shake_hands_on (server, &(Offer){ .version = version }, NULL);
}

/* Not even if the machine's OpenSSL is configured to accept any version. */
static void
test_old_versions (void)
{
  static const char lax[] = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
                            "MinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\n";
  g_autofree char *path = NULL, *variable = NULL;
  g_autoptr (WpHarness) server = NULL;
  int fd = g_file_open_tmp ("wp-openssl-XXXXXX", &path, NULL);

  close (fd);
  g_assert_true (g_file_set_contents (path, lax, -1, NULL));
  variable = g_strconcat ("OPENSSL_CONF=", path, NULL);
  g_setenv ("WP_HTTP_TLS", "yes", TRUE);
  server
      = wp_harness_start_limited (&(WpChildTerms){ .environment = (const char *const[]){ variable, NULL } },
                                  "-d", "delay:0", NULL);
  g_assert_cmpint (shake_hands (server, TLS1_VERSION), ==, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
  g_assert_cmpint (shake_hands (server, TLS1_1_VERSION), ==, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
  g_assert_cmpint (shake_hands (server, TLS1_2_VERSION), ==, 0);
  g_assert_cmpint (shake_hands (server, TLS1_3_VERSION), ==, 0);
  wp_harness_stop (server);
  g_unlink (path);
}

/* Returns once the @n-th reload is in force: all other lines of a reload come before that. */
static void
reload (WpHarness *server, guint n)
{
  wp_harness_signal (server, SIGHUP);
  for (gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;;)
    {
      g_autofree char *log = wp_harness_log (server);
      g_auto (GStrv) pieces = g_strsplit (log, "the certificate was reloaded", -1);

      if (g_strv_length (pieces) > n)
        return;
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
      g_usleep (1000); /* a file that grows cannot be waited for */
    }
}

/* Of TLS 1.2: forward secrecy and authenticated encryption, both or nothing. */
static void
test_suites (void)
{
  static const struct {
    gboolean rsa;
    const char *suites;
    gboolean agreed;
  } rows[] = {
    { FALSE, "ECDHE-ECDSA-AES128-GCM-SHA256", TRUE },
    { FALSE, "ECDHE-ECDSA-AES256-GCM-SHA384", TRUE },
    { FALSE, "ECDHE-ECDSA-CHACHA20-POLY1305", TRUE },
    { TRUE, "ECDHE-RSA-AES128-GCM-SHA256", TRUE },
    { FALSE, "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384", FALSE },
    { TRUE, "ECDHE-RSA-AES256-SHA", FALSE },
    { TRUE, "AES128-GCM-SHA256:AES256-GCM-SHA384", FALSE },
    { TRUE, "AES128-SHA:AES256-SHA256", FALSE },
  };
  g_autoptr (WpHarness) server = start ();
  g_autofree char *folder = wp_harness_path (server, "");
  gboolean rsa = FALSE;
  guint n_reloads = 0;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Offer offer = { TLS1_2_VERSION, rows[i].suites, NULL };

      if (rows[i].rsa != rsa)
        {
          wp_certificate_write_on (folder, "harness", &(WpCertificateTerms){ -1, 1, rows[i].rsa });
          reload (server, ++n_reloads);
        }
      rsa = rows[i].rsa;
      g_assert_cmpint (shake_hands_on (server, &offer, NULL), ==,
                       rows[i].agreed ? 0 : SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
    }
}

/* A client that offers HTTP/2 alone is refused in the handshake; one that offers nothing is served. */
static void
test_protocols (void)
{
  static const struct {
    const char *offered;
    int why;
    const char *chosen;
  } rows[] = {
    { NULL, 0, "" },
    { "\x08http/1.1", 0, "http/1.1" },
    { "\x02h2\x08http/1.1", 0, "http/1.1" },
    { "\x02h2\x08http/1.0", 0, "http/1.0" },
    { "\x02h2", SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL, "" },
    { "\x02h3\x06spdy/3", SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL, "" },
  };
  g_autoptr (WpHarness) server = start ();

  for (guint i = 0; i < 2 * G_N_ELEMENTS (rows); i++)
    {
      Offer offer = { i % 2 ? TLS1_2_VERSION : TLS1_3_VERSION, NULL, rows[i / 2].offered };
      char chosen[16];

      g_assert_cmpint (shake_hands_on (server, &offer, chosen), ==, rows[i / 2].why);
      g_assert_cmpstr (chosen, ==, rows[i / 2].chosen);
    }
  check_served (server, "harness");
}

/* In @pem and its key are one that is valid, and behind it in the file what was there before. */
static void
add_to_chain (const char *dir, const char *pem)
{
  g_autofree char *old = NULL, *new = NULL, *both = NULL, *path = g_build_filename (dir, "chain.pem", NULL);
  g_autofree char *key = g_build_filename (dir, "late.key", NULL),
                  *new_key = g_build_filename (dir, "chain.key", NULL);

  wp_certificate_write (dir, "chain");
  g_assert_true (g_file_get_contents (pem, &old, NULL, NULL) && g_file_get_contents (path, &new, NULL, NULL));
  both = g_strconcat (new, old, NULL);
  g_assert_true (g_file_set_contents (pem, both, -1, NULL));
  g_assert_cmpint (g_rename (new_key, key), ==, 0);
  g_assert_cmpint (g_unlink (path), ==, 0);
}

/* It is served all the same: a clock may be wrong, and some clients do not look. At start, and when it is
 * read anew. */
static void
test_certificate_expired (void)
{
  g_autofree char *dir = g_dir_make_tmp ("wp-tls-XXXXXX", NULL),
                  *pem = g_build_filename (dir, "late.pem", NULL);
  g_autofree char *key = g_build_filename (dir, "late.key", NULL),
                  *first = g_strconcat ("--tls-certificate=", pem, NULL);
  g_autofree char *second = g_strconcat ("--tls-key=", key, NULL), *expired = NULL, *early = NULL;
  g_autoptr (WpHarness) server = NULL;

  wp_certificate_write_on (dir, "late", &(WpCertificateTerms){ -3, -1 });
  g_setenv ("WP_HTTP_TLS", "yes", TRUE);
  server = wp_harness_start (first, second, "-d", "delay:0", NULL);
  expired = g_strdup_printf ("--tls-certificate: %s: certificate 1 of the file expired on ", pem);
  wp_harness_await_log (server, expired);
  check_served (server, "late");
  add_to_chain (dir, pem);
  reload (server, 1);
  wp_harness_await_log (server, ": certificate 2 of the file expired on ");
  check_served (server, "chain");
  wp_certificate_write_on (dir, "late", &(WpCertificateTerms){ 1, 3 });
  reload (server, 2);
  early = g_strdup_printf ("--tls-certificate: %s: certificate 1 of the file is not valid before ", pem);
  wp_harness_await_log (server, early);
  check_served (server, "late");
  g_unlink (pem);
  g_unlink (key);
  g_rmdir (dir);
}

/* An older connection goes on under the certificate that it began with. */
static void
test_certificate_reloaded (void)
{
  g_autoptr (WpHarness) server = start ();
  g_autoptr (WpClient) old = wp_client_new (wp_harness_port (server));
  g_autofree char *folder = wp_harness_path (server, ""), *key = wp_harness_path (server, "new.key"),
                  *pem = wp_harness_path (server, "new.pem");
  g_autofree char *key_in_use = wp_harness_path (server, "harness.key"),
                  *pem_in_use = wp_harness_path (server, "harness.pem");

  wp_client_get (old, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (old), ==, 200);
  wp_certificate_write (folder, "new");
  g_assert_cmpint (g_rename (key, key_in_use), ==, 0);
  wp_harness_signal (server, SIGHUP);
  wp_harness_await_log (
      server, "the certificate was not reloaded: --tls-key: harness.key: not the key of the certificate in "
              "harness.pem");
  check_served (server, "harness");
  g_assert_cmpint (g_rename (pem, pem_in_use), ==, 0);
  wp_harness_signal (server, SIGHUP);
  wp_harness_await_log (server, "the certificate was reloaded");
  check_served (server, "new");
  wp_client_get (old, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (old), ==, 200);
  g_assert_cmpint (g_unlink (pem_in_use), ==, 0);
  wp_harness_signal (server, SIGHUP);
  wp_harness_await_log (
      server, "the certificate was not reloaded: --tls-certificate: harness.pem: No such file or directory");
  check_served (server, "new");
}

/* @key NULL: not given */
static void
check_refused (const char *certificate, const char *key, const char *text)
{
  g_autofree char *first = g_strconcat ("--tls-certificate=", certificate, NULL);
  g_autofree char *second = key ? g_strconcat ("--tls-key=", key, NULL) : NULL;
  g_autoptr (WpHarness) server = wp_harness_run ("--listen=127.0.0.1:0", "--admin=none", first, second, NULL);
  g_autofree char *log = wp_harness_log (server);

  if (wp_harness_wait (server) != 2 || !strstr (log, text) || strchr (log, '\n') != log + strlen (log) - 1)
    g_error ("not \"%s\" but %s", text, log);
}

static void
test_bad_files (void)
{
  g_autofree char *dir = g_dir_make_tmp ("wp-tls-XXXXXX", NULL), *a = g_build_filename (dir, "a", NULL),
                  *b = g_build_filename (dir, "b", NULL);
  g_autofree char *pem = g_strconcat (a, ".pem", NULL), *key = g_strconcat (a, ".key", NULL);
  g_autofree char *other_pem = g_strconcat (b, ".pem", NULL), *other_key = g_strconcat (b, ".key", NULL),
                  *mismatch = NULL;
  g_autofree char *fifo = g_build_filename (dir, "c.pem", NULL);

  wp_certificate_write (dir, "a");
  wp_certificate_write (dir, "b");
  mismatch
      = g_strdup_printf ("wp-server: --tls-key: %s: not the key of the certificate in %s: ", other_key, pem);
  check_refused (pem, other_key, mismatch);
  check_refused (key, key, "--tls-certificate: ");
  check_refused (key, key, "a.key: not a certificate in PEM");
  check_refused (pem, pem, "--tls-key: ");
  check_refused (pem, pem, "a.pem: not a private key in PEM");
  check_refused ("/dev/zero", key, "/dev/zero: not a regular file"); /* it has no end */
  check_refused ("absent.pem", key, "--tls-certificate: absent.pem: No such file or directory");
  check_refused (pem, "absent.key", "--tls-key: absent.key: No such file or directory");
  check_refused (pem, dir, dir);
  g_assert_cmpint (g_chmod (key, 0644), ==, 0);
  check_refused (pem, key, "a.key: others can read it (mode 0644); chmod 600 it");
  g_assert_cmpint (g_chmod (key, 0660), ==, 0);
  check_refused (pem, key, "a.key: others can write it (mode 0660); chmod 600 it");
  check_refused (pem, NULL, "--tls-certificate needs --tls-key");
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0); /* nobody writes to it, and it is not waited for */
  check_refused (fifo, key, "--tls-certificate: ");
  check_refused (fifo, key, "c.pem: not a regular file");
  check_refused (pem, fifo, "c.pem: not a regular file");
  g_unlink (fifo);
  g_unlink (pem);
  g_unlink (key);
  g_unlink (other_pem);
  g_unlink (other_key);
  g_rmdir (dir);
}

#define AHEAD_BYTES (1 + 20480) /* a byte, and OpenSSL's buffers */

/* Bytes that are read behind a parked request, to see whether its client leaves, are counted, and are a
 * request. */
static void
test_sends_while_parked (void)
{
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (WpClient) client = NULL;
  g_autoptr (WpHold) hold = NULL;

  g_setenv ("WP_HTTP_TLS", "yes", TRUE);
  server = wp_harness_start ("--threads=1", "-m", "BufferedChannel", "-q", "0", NULL);
  hold = wp_hold_new (server, "wp.db");
  client = wp_client_new (wp_harness_port (server));
  wp_client_get (client, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_client_get (client, "/", NULL);
  wp_harness_await_stat (server, "ledger.parked", 1);
  g_assert_cmpfloat (wp_harness_stat (server, "pending_bytes"), ==, 0);
  wp_client_get (client, "/", NULL);
  wp_harness_await_stat (server, "pending_bytes", AHEAD_BYTES);
  wp_hold_release (hold);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_harness_await_stat (server, "pending_bytes", 0);
}

/* A close_notify counts as leaving, as the end of TCP does; a client that still reads gets its response. */
static void
test_close_notify_while_parked (void)
{
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (WpClient) first = NULL, client = NULL;
  g_autoptr (WpHold) hold = NULL;

  g_setenv ("WP_HTTP_TLS", "yes", TRUE);
  server = wp_harness_start ("--threads=1", "-m", "BufferedChannel", "-q", "0", NULL);
  hold = wp_hold_new (server, "wp.db");
  first = wp_client_new (wp_harness_port (server));
  client = wp_client_new (wp_harness_port (server));
  wp_client_get (first, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (first), ==, 200);
  wp_client_get (client, "/", NULL);
  wp_harness_await_stat (server, "ledger.parked", 1);
  wp_client_send_close_notify (client);
  g_assert_cmpuint (wp_client_read_status (client), ==, 503);
  g_assert_true (wp_client_read_end (client));
  wp_harness_await_stat (server, "ledger.abandoned", 1);
}

/* A client that has said goodbye with its request, and resets its connection before the response: the
 * response cannot be sent, and nothing is kept for it. */
static void
test_close_notify_and_reset (void)
{
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (WpClient) client = NULL;
  g_autoptr (WpHold) hold = NULL;

  g_setenv ("WP_HTTP_TLS", "yes", TRUE);
  server = wp_harness_start ("--threads=1", "--ack=stored", "--idle-timeout=10m", NULL);
  hold = wp_hold_new (server, "wp.db");
  client = wp_client_new (wp_harness_port (server));
  wp_client_hold_back (client, TRUE);
  wp_client_get (client, "/", NULL);
  wp_client_send_close_notify (client);
  wp_client_hold_back (client, FALSE);
  wp_harness_await_stat (server, "ledger.in_service", 1);
  wp_client_reset (client);
  wp_hold_release (hold);
  wp_harness_await_stat (server, "connections", 0);
  wp_harness_await_stat (server, "pending_bytes", 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tls/requests-over-tls", test_requests_over_tls);
  g_test_add_func ("/tls/plain-http", test_plain_http);
  g_test_add_func ("/tls/garbage", test_garbage);
  g_test_add_func ("/tls/handshake-never-ends", test_handshake_never_ends);
  g_test_add_func ("/tls/old-versions", test_old_versions);
  g_test_add_func ("/tls/suites", test_suites);
  g_test_add_func ("/tls/protocols", test_protocols);
  g_test_add_func ("/tls/certificate-expired", test_certificate_expired);
  g_test_add_func ("/tls/certificate-reloaded", test_certificate_reloaded);
  g_test_add_func ("/tls/bad-files", test_bad_files);
  g_test_add_func ("/tls/sends-while-parked", test_sends_while_parked);
  g_test_add_func ("/tls/close-notify-while-parked", test_close_notify_while_parked);
  g_test_add_func ("/tls/close-notify-and-reset", test_close_notify_and_reset);

  return g_test_run ();
}
