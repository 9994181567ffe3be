/* A proxy sends the requests of many clients over one connection: no request is lost to another client's
 * smuggled bytes. */
#include "tests/e2e/wp-haproxy.h"

#define N_ROUNDS 20

/* A body with two trailers, the second of which libsoup 3.2.3 takes for a request: that would take the head
 * of the next one for its body. */
static const char evil[]
    = "POST /evil HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n"
      "POST: /x HTTP/1.1\r\nHost: a\r\nContent-Length: 28\r\n\r\n";

static void
check_round (WpClient *attacker, WpClient *victim, guint round)
{
  g_autofree char *path = g_strdup_printf ("/victim/%u", round);
  static const char *const odd[] = { "OPTIONS", "HEAD", "DELETE" };
  g_autofree char *first
      = g_strdup_printf ("%s / HTTP/1.1\r\nHost: a\r\n\r\n", odd[round % G_N_ELEMENTS (odd)]);
  g_autoptr (WpHttpResponse) response = NULL;

  wp_client_send (attacker, first);
  response = round % G_N_ELEMENTS (odd) == 1 ? wp_client_read_head (attacker) : wp_client_read (attacker);
  g_assert_nonnull (response);
  g_assert_cmpuint (response->status, ==, 405);
  wp_client_send (attacker, evil);
  g_assert_cmpuint (wp_client_read_status (attacker), ==, 200);
  wp_client_get (victim, path, NULL);
  g_assert_cmpuint (wp_client_read_status (victim), ==, 200);
}

static void
test_trailers (void)
{
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (WpHaproxy) proxy = NULL;

  if (!wp_haproxy_is_there ())
    {
      g_test_skip ("haproxy is missing: apt-get install haproxy");
      return;
    }
  server = wp_harness_start ("--threads=1", NULL);
  proxy = wp_haproxy_new (server, WP_HAPROXY_PASSES);
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_autoptr (WpClient) attacker = wp_client_new (wp_haproxy_port (proxy)),
                           victim = wp_client_new (wp_haproxy_port (proxy));

      check_round (attacker, victim, i);
    }
  /* All came by one, or it shows nothing; and nothing that came was taken for a request that is none. */
  g_assert_cmpfloat (wp_harness_stat (server, "connections"), ==, 1);
  g_assert_cmpfloat (wp_harness_stat (server, "refused.malformed"), ==, 0);
  wp_haproxy_free (g_steal_pointer (&proxy));
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "method = 'GET' AND path LIKE '/victim/%'"), ==,
                   N_ROUNDS);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "path = '/evil' AND body = x'68656c6c6f'"), ==,
                   N_ROUNDS);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "TRUE"), ==, 2 * N_ROUNDS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/shared-connection/trailers", test_trailers);

  return g_test_run ();
}
