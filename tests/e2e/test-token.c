/* No token, a wrong one or two: 401 from both HTTP servers, and no job. */
#include "tests/e2e/wp-harness.h"

#include <glib/gstdio.h>
#include <string.h>

#define SECRET "s3cr3t-t0ken.of_the+house/=="

static WpHarness *
start (char **path)
{
  g_autofree char *dir = g_dir_make_tmp ("wp-token-XXXXXX", NULL), *option = NULL;
  WpHarness *server;

  *path = g_build_filename (dir, "tokens", NULL);
  g_assert_true (
      g_file_set_contents (*path, "\xef\xbb\xbf" SECRET "\n# of the house\n\nsecond\r\n", -1, NULL));
  g_assert_cmpint (g_chmod (*path, 0600), ==, 0);
  option = g_strconcat ("--token-file=", *path, NULL);
  server = wp_harness_start ("--threads=1", "-d", "delay:0", option, NULL);

  return server;
}

static void
clean_up (const char *path)
{
  g_autofree char *dir = g_path_get_dirname (path);

  g_unlink (path);
  g_rmdir (dir);
}

static void
check (WpHarness *server, const char *headers, guint status)
{
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (WpHttpResponse) response = NULL;
  g_autofree char *challenge = NULL;

  wp_client_post (client, "/", headers, "hello", 5);
  response = wp_client_read (client);
  if (!response || response->status != status)
    g_error ("%u, not %u, to %s", response ? response->status : 0, status, headers);
  challenge = wp_http_response_header (response, "WWW-Authenticate");
  g_assert_cmpstr (challenge, ==, status == 401 ? "Bearer realm=\"wp\"" : NULL);
}

static void
test_wrong_credentials (void)
{
  static const char *const wrong[] = {
    "",
    "Authorization: Bearer\r\n",
    "Authorization: Bearer \r\n",
    "Authorization: Bearer s3cr3t\r\n",
    "Authorization: Basic " SECRET "\r\n",
    "Authorization: " SECRET "\r\n",
    "Authorization: Bearer " SECRET "x\r\n",
    "Authorization: Bearer S3CR3T-T0KEN.OF_THE+HOUSE/==\r\n",
    "Authorization: Bearer " SECRET " second\r\n",
    "Authorization: Bearer # of the house\r\n",
    "Authorization: Bearer of\r\n",
    "Authorization: Bearer wrong\r\nAuthorization: Bearer wrong\r\n",
    "X-WP-Service: 1\r\nX-WP-Service: 2\r\n",
    "Proxy-Authorization: Bearer " SECRET "\r\n",
    "Authorization: Bearer wrong\r\nExpect: 100-continue\r\n",
  };
  static const char *const right[] = {
    "Authorization: Bearer " SECRET "\r\n",
    "authorization: bearer   second\r\n",
    "Authorization: Bearer second\r\nX-WP-Service: 1\r\nX-WP-Service: 2\r\n",
  };
  g_autofree char *path = NULL;
  g_autoptr (WpHarness) server = start (&path);

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    check (server, wrong[i], 401);
  for (guint i = 0; i < 600; i++) /* enough that a comparison of a few bits would let one in */
    {
      g_autofree char *guess = g_strdup_printf ("Authorization: Bearer guess-%u\r\n", i);

      check (server, guess, 401);
    }
  for (guint i = 0; i < G_N_ELEMENTS (right); i++)
    check (server, right[i], 200);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "received"), ==, G_N_ELEMENTS (right));
  clean_up (path);
}

/* Nothing of a request comes before its token: no word on its method, no byte of its body. */
static void
test_checked_first (void)
{
  g_autofree char *path = NULL;
  g_autoptr (WpHarness) server = start (&path);
  g_autoptr (WpClient) waits = wp_client_new (wp_harness_port (server)),
                       deletes = wp_client_new (wp_harness_port (server));

  wp_client_send (waits, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n");
  g_assert_cmpuint (wp_client_read_status (waits), ==, 401);
  g_assert_true (wp_client_read_end (waits));
  wp_client_send (deletes, "DELETE / HTTP/1.1\r\nHost: test\r\n\r\n");
  g_assert_cmpuint (wp_client_read_status (deletes), ==, 401);
  clean_up (path);
}

static void
test_reloaded (void)
{
  g_autofree char *path = NULL, *log = NULL;
  g_autoptr (WpHarness) server = start (&path);
  gint64 until_us = g_get_monotonic_time () + 2 * WP_PATIENCE_US;
  guint files;

  check (server, "Authorization: Bearer second\r\n", 200);
  wp_harness_await_stat (server, "connections", 0);
  files = wp_child_count_files (wp_harness_child (server));
  g_assert_true (g_file_set_contents (path, "third", -1, NULL));
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
  wp_harness_signal (server, SIGHUP);
  wp_harness_await_log (server, "the tokens were reloaded");
  check (server, "Authorization: Bearer second\r\n", 401);
  check (server, "Authorization: Bearer third\r\n", 200);
  g_assert_true (g_file_set_contents (path, "fourth\nno token\n", -1, NULL));
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
  wp_harness_signal (server, SIGHUP);
  wp_harness_await_log (server, "tokens:2: not a bearer token");
  check (server, "Authorization: Bearer third\r\n", 200);
  check (server, "Authorization: Bearer fourth\r\n", 401);
  wp_harness_await_stat (server, "connections", 0);
  while (wp_child_count_files (wp_harness_child (server)) > files + 1) /* the admin's client is a new one */
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
  log = wp_harness_log (server);
  g_assert_null (strstr (log, "no token")); /* tokens are not logged */
  clean_up (path);
}

static void
check_refused (const char *text, int mode, const char *words)
{
  g_autofree char *dir = g_dir_make_tmp ("wp-token-XXXXXX", NULL),
                  *path = g_build_filename (dir, "tokens", NULL);
  g_autofree char *option = g_strconcat ("--token-file=", text ? path : dir, NULL), *log = NULL;
  g_autoptr (WpHarness) server = NULL;

  if (text)
    g_assert_true (g_file_set_contents (path, text, -1, NULL));
  if (text)
    g_assert_cmpint (g_chmod (path, mode), ==, 0);
  server = wp_harness_run ("--listen=127.0.0.1:0", "--admin=none", option, NULL);
  log = wp_harness_log (server);
  if (wp_harness_wait (server) != 2 || !strstr (log, words) || strchr (log, '\n') != log + strlen (log) - 1)
    g_error ("not \"%s\" but %s", words, log);
  clean_up (path);
}

static void
test_bad_files (void)
{
  check_refused ("good\n", 0644, "tokens: others can read it (mode 0644); chmod 600 it");
  check_refused ("good\n", 0620, "tokens: others can write it (mode 0620); chmod 600 it");
  check_refused ("", 0600, "tokens: it contains no token");
  check_refused ("# nothing\n\n", 0600, "tokens: it contains no token");
  check_refused ("good\nb\xc3\xa4"
                 "d\n",
                 0600, "tokens:2: not a bearer token");
  check_refused ("=\n", 0600, "tokens:1: not a bearer token");
  check_refused (NULL, 0, "not a regular file");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/token/wrong-credentials", test_wrong_credentials);
  g_test_add_func ("/token/checked-first", test_checked_first);
  g_test_add_func ("/token/reloaded", test_reloaded);
  g_test_add_func ("/token/bad-files", test_bad_files);

  return g_test_run ();
}
