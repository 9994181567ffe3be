/* No byte of a client's request is in the log, however the request fails, and at every log level: each part
 * of each request bears a mark. */
#include "tests/e2e/wp-hold.h"

#include <glib/gstdio.h>
#include <string.h>

#define MARK "Zq7MARKxW"
#define HEAD(method)                                                                                         \
  method " /" MARK "?" MARK "=" MARK " HTTP/1.1\r\nHost: " MARK "\r\n" MARK ": " MARK                        \
         "\r\nContent-Type: " MARK "\r\n"                                                                    \
         "Authorization: Bearer " MARK "\r\nX-Request-Id: " MARK "\r\n"
#define BODY "Content-Length: 9\r\n\r\n" MARK

static void
send_and_leave (WpHarness *server, const char *text)
{
  g_autoptr (WpClient) client = wp_client_new_raw (wp_harness_port (server));

  wp_client_send (client, text);
  wp_client_half_close (client);
  wp_client_read_end (client);
}

/* Its status must be that. */
static void
ask (WpHarness *server, const char *text, guint status)
{
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_send (client, text);
  g_assert_cmpuint (wp_client_read_status (client), ==, status);
}

static void
check_log (WpHarness *server)
{
  g_autofree char *log = wp_harness_log (server), *output = wp_harness_output (server);

  g_assert_nonnull (strstr (log, "wp-server: "));
  if (strstr (log, MARK) || strstr (output, MARK))
    g_error ("a client's words are in the log: %s%s", log, output);
}

static char *
long_text (const char *start)
{
  g_autoptr (GString) text = g_string_new (start);

  while (text->len < 40000)
    g_string_append (text, MARK);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_refused (void)
{
  static const char *const bad[] = {
    MARK "\r\n\r\n",
    MARK " " MARK "\r\n\r\n",
    "GET /" MARK " " MARK "/1.1\r\n\r\n",
    "GET " MARK " HTTP/1.1\r\nHost: " MARK "\r\n\r\n",
    HEAD ("GET") MARK "\r\n\r\n",
    HEAD ("GET") MARK " : " MARK "\r\n\r\n",
    HEAD ("GET") " " MARK "\r\n\r\n",
    HEAD ("POST") "Content-Length: " MARK "\r\n\r\n",
    HEAD ("POST") "Transfer-Encoding: " MARK "\r\n\r\n",
    HEAD ("POST") "Transfer-Encoding: chunked\r\n\r\n" MARK "\r\n",
    HEAD ("POST") "Transfer-Encoding: chunked\r\n\r\n9;" MARK "\r\n" MARK MARK,
    HEAD ("POST") "Transfer-Encoding: chunked\r\n\r\n9\r\n" MARK "\r\n0\r\n" MARK "\r\n\r\n",
    HEAD ("GET") "X-WP-Service: " MARK "\r\n\r\n",
  };
  g_autoptr (WpHarness) server
      = wp_harness_start ("-d", "delay:request", "--log-level=debug", "--max-body=1k",
                          "--header-timeout=300ms", "--body-timeout=300ms", NULL);
  g_autofree char *line = long_text ("GET /"), *field = long_text ("GET / HTTP/1.1\r\nHost: test\r\nA: ");

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    ask (server, bad[i], 400);
  ask (server, HEAD (MARK) BODY, 405);
  ask (server, HEAD ("POST") "Content-Length: 5000\r\n\r\n" MARK, 413);
  ask (server, HEAD ("POST") "Expect: " MARK "\r\n" BODY, 417);
  ask (server, line, 414);
  ask (server, field, 431);
  ask (server, "GET /" MARK, 408);
  ask (server, HEAD ("POST") "Content-Length: 100\r\n\r\n" MARK, 408);
  send_and_leave (server, HEAD ("POST") "Content-Length: 100\r\n\r\n" MARK);
  ask (server, HEAD ("POST") "X-WP-Service: 0\r\n" BODY, 200);
  ask (server, HEAD ("POST") "X-Request-Id: " MARK "\r\nX-WP-Service: 0\r\n" BODY, 200);
  wp_harness_signal (server, SIGHUP);
  wp_harness_stop (server);
  check_log (server);
}

static void
test_unauthorized (void)
{
  g_autoptr (WpHarness) server = NULL;
  g_autofree char *dir = g_dir_make_tmp ("wp-privacy-XXXXXX", NULL),
                  *tokens = g_build_filename (dir, "tokens", NULL);
  g_autofree char *option = g_strconcat ("--token-file=", tokens, NULL);

  g_assert_true (g_file_set_contents (tokens, MARK "secret\n", -1, NULL));
  g_assert_cmpint (g_chmod (tokens, 0600), ==, 0);
  server = wp_harness_start ("-d", "delay:0", "--log-level=debug", option, NULL);
  ask (server, HEAD ("POST") BODY, 401);
  ask (server, "GET / HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer " MARK "secret\r\n\r\n", 200);
  g_assert_true (g_file_set_contents (tokens, MARK " is no token\n", -1, NULL));
  wp_harness_signal (server, SIGHUP);
  wp_harness_await_log (server, "the tokens were not reloaded");
  wp_harness_stop (server);
  check_log (server);
  g_unlink (tokens);
  g_rmdir (dir);
}

/* Updates that are tried again and given up, a journal that is taken away, jobs that are not finished, and
 * those that are recovered. */
static void
test_not_stored (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "WorkerPool", "-w", "2", "--ack=stored", "--retries=1", "--retry-delay=1ms",
                          "--journal=jobs.journal", "--log-level=debug", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autofree char *journal = wp_harness_path (server, "jobs.journal");

  wp_hold_execute (hold, WP_HOLD_SPOIL);
  wp_hold_release (hold);
  ask (server, HEAD ("POST") BODY, 502);
  ask (server, HEAD ("PUT") "X-Request-Id: " MARK "\r\n" BODY, 502);
  wp_harness_await_log (server, "jobs failed: ");
  wp_hold_execute (hold, WP_HOLD_UNSPOIL);
  g_assert_cmpint (g_unlink (journal), ==, 0);
  send_and_leave (server, HEAD ("POST") BODY); /* may be stored before the journal learns of it */
  wp_harness_await_log (server, "the journal ");
  wp_harness_signal (server, SIGTERM);
  wp_harness_wait (server);
  check_log (server);
}

static void
test_not_finished (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "BufferedChannel", "-q", "1", "-d", "delay:1h", "--when-full=reject",
                          "--journal=jobs.journal", "--drain-timeout=1ms", "--log-level=debug", NULL);

  ask (server, HEAD ("POST") BODY, 200);
  ask (server, HEAD ("POST") BODY, 200);
  ask (server, HEAD ("POST") BODY, 503);
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (server), ==, 1);
  check_log (server);
  wp_harness_start_again (server, "-d", "delay:0", "--journal=jobs.journal", "--log-level=debug", NULL);
  wp_harness_await_log (server, "recovered 2 jobs");
  wp_harness_stop (server);
  check_log (server);
}

int
main (int argc, char **argv)
{
  g_setenv ("G_MESSAGES_DEBUG", "all", TRUE); /* GLib's and libsoup's own words, too */
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/log-privacy/refused", test_refused);
  g_test_add_func ("/log-privacy/unauthorized", test_unauthorized);
  g_test_add_func ("/log-privacy/not-stored", test_not_stored);
  g_test_add_func ("/log-privacy/not-finished", test_not_finished);

  return g_test_run ();
}
