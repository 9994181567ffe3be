/* The man page's examples for nginx and HAProxy, unchanged except for the addresses. */
#include "tests/e2e/wp-haproxy.h"
#include "tests/e2e/wp-nginx.h"

#include <stdio.h>
#include <string.h>

/* The first one of a section. */
static GString *
read_example (const char *section)
{
  g_autofree char *path = g_build_filename (g_getenv ("WP_SOURCE_ROOT"), "data", "man", "wp-server.8", NULL),
                  *page = NULL;
  g_autofree char *heading = g_strdup_printf ("\n.SS %s\n", section);
  const char *start, *end;
  GString *text;

  g_assert_true (g_file_get_contents (path, &page, NULL, NULL));
  start = strstr (page, heading);
  g_assert_nonnull (start);
  start = strstr (start, "\n.nf\n");
  g_assert_nonnull (start);
  end = strstr (start, "\n.fi\n");
  g_assert_nonnull (end);
  text = g_string_new_len (start + 5, end - start - 4);
  g_string_replace (text, "\\-", "-", 0);

  return text;
}

/* @more: behind it; NULL: nothing */
static void
put (GString *text, const char *address, guint port, const char *more)
{
  g_autofree char *ours = g_strdup_printf ("127.0.0.1:%u%s", port, more ? more : "");

  g_assert_cmpuint (g_string_replace (text, address, ours, 0), ==, 1);
}

/* GET and POST in turn, over one connection. */
static void
ask (guint16 port, guint n, const char *headers)
{
  g_autoptr (WpClient) client = wp_client_new (port);

  for (guint i = 0; i < n; i++)
    {
      if (i % 2)
        wp_client_get (client, "/", headers);
      else
        wp_client_post (client, "/", headers, "hello", 5);
      g_assert_cmpuint (wp_client_read_status (client), ==, 200);
    }
}

static void
check_page (guint16 port)
{
  g_autoptr (WpClient) client = wp_client_new (port), listener = wp_client_new (port);
  g_autoptr (WpHttpResponse) page = NULL, script = NULL;
  guint n_events = 0;

  wp_client_get (client, "/ops/wp/", NULL);
  page = wp_client_read (client);
  g_assert_nonnull (page);
  g_assert_cmpuint (page->status, ==, 200);
  g_assert_nonnull (strstr (page->body, "src=\"page.js\""));
  wp_client_get (client, "/ops/wp/page.js", NULL);
  script = wp_client_read (client);
  g_assert_nonnull (script);
  g_assert_cmpuint (script->status, ==, 200);
  g_assert_nonnull (strstr (script->body, "new EventSource(\"events\")"));
  wp_client_get (listener, "/ops/wp/events", NULL);
  while (n_events < 2) /* each as it comes */
    {
      g_autofree char *line = wp_client_read_line (listener);

      g_assert_nonnull (line);
      n_events += g_str_has_prefix (line, "data: ");
    }
}

static void
test_nginx (void)
{
  g_autoptr (WpHarness) one = wp_harness_start ("-d", "delay:0", NULL),
                        two = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr (GString) text = read_example ("nginx");
  g_autoptr (WpNginx) nginx = NULL;

  put (text, "192.0.2.1:8080", wp_harness_port (one), NULL);
  put (text, "192.0.2.2:8080", wp_harness_port (two), NULL);
  put (text, "127.0.0.1:9090", wp_harness_admin_port (two), NULL);
  nginx = wp_nginx_new_as (one, text->str);
  ask (wp_nginx_port (nginx), 100, NULL);
  wp_harness_await_stat (one, "ledger.received", 50);
  wp_harness_await_stat (two, "ledger.received", 50);
  wp_harness_await_stat (one, "connections", 1); /* which is kept */
  wp_harness_await_stat (two, "connections", 1);
  check_page (wp_nginx_port (nginx));
  wp_harness_stop (one);
  ask (wp_nginx_port (nginx), 100, NULL);
  wp_harness_await_stat (two, "ledger.received", 150);
}

static guint
probe_port (const WpHarness *server)
{
  g_autofree char *log = wp_harness_log (server);
  const char *said = strstr (log, ", probe on http://127.0.0.1:");
  guint port;

  g_assert_true (said && sscanf (said, ", probe on http://127.0.0.1:%u/", &port) == 1);
  return port;
}

/* One of them drains, and takes its time: no request is lost, and those that come go to the other. */
static void
test_haproxy (void)
{
  g_autoptr (WpHarness) one
      = wp_harness_start ("--probe=127.0.0.1:0", "-d", "delay:request", "--drain-timeout=1h", NULL);
  g_autoptr (WpHarness) two = wp_harness_start ("--probe=127.0.0.1:0", "-d", "delay:request", NULL);
  g_autofree char *first = g_strdup_printf (" port %u", probe_port (one)),
                  *second = g_strdup_printf (" port %u", probe_port (two));
  g_autoptr (WpClient) direct = wp_client_new (wp_harness_port (one));
  g_autoptr (GString) text = read_example ("HAProxy");
  g_autoptr (WpHaproxy) haproxy = NULL;
  double before;

  put (text, "192.0.2.1:8080", wp_harness_port (one), first);
  put (text, "192.0.2.2:8080", wp_harness_port (two), second);
  haproxy = wp_haproxy_new_as (one, text->str);
  ask (wp_haproxy_port (haproxy), 100, "X-WP-Service: 0\r\n");
  g_assert_cmpfloat (wp_harness_stat (one, "ledger.received") + wp_harness_stat (two, "ledger.received"), ==,
                     100);
  g_assert_cmpfloat (wp_harness_stat (one, "ledger.received"), >, 0);
  g_assert_cmpfloat (wp_harness_stat (one, "connections"), <=, 2);
  wp_client_get (direct, "/", "X-WP-Service: 3600\r\n");
  g_assert_cmpuint (wp_client_read_status (direct), ==, 200);
  before = wp_harness_stat (two, "ledger.received");
  wp_harness_signal (one, SIGTERM);
  g_assert_true (wp_client_read_end (direct)); /* by then it drains */
  for (guint i = 0; i < 10; i++)
    ask (wp_haproxy_port (haproxy), 20, "X-WP-Service: 0\r\n");
  wp_harness_await_stat (two, "ledger.received", before + 200);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/proxy/nginx", test_nginx);
  g_test_add_func ("/proxy/haproxy", test_haproxy);

  return g_test_run ();
}
