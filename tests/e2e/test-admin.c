/* The admin listener: its statistics, its probes, its headers and its limits. */
#include "tests/e2e/wp-crowd.h"
#include "tests/e2e/wp-hold.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static WpHttpResponse *
ask (WpClient *admin, const char *method, const char *path)
{
  g_autofree char *text = g_strdup_printf ("%s %s HTTP/1.1\r\nHost: localhost\r\n\r\n", method, path);
  WpHttpResponse *response;

  g_assert_true (wp_client_send (admin, text));
  response = wp_client_read (admin);
  g_assert_nonnull (response);

  return response;
}

static void
check (const WpHarness *server, const char *method, const char *path, guint status)
{
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (server));
  g_autoptr (WpHttpResponse) response = ask (admin, method, path);

  g_assert_cmpuint (response->status, ==, status);
}

static void
test_paths (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);

  check (server, "GET", "/healthz", 200);
  check (server, "GET", "/readyz", 200);
  check (server, "GET", "/stats.json", 200);
  check (server, "GET", "/stats.json?x=1", 200);
  check (server, "GET", "http://localhost/stats.json", 200);
  check (server, "GET", "http://localhost?x=1", 200);
  check (server, "GET", "/nothing", 404);
  check (server, "GET", "/stats.json/more", 404);
  check (server, "GET", "/%2e%2e/etc/passwd", 404);
  check (server, "GET", "/", 200);
  check (server, "GET", "/metrics", 200);
  check (server, "GET", "/history.json", 200);
  check (server, "POST", "/stats.json", 405);
  check (server, "POST", "/events", 405);
  check (server, "DELETE", "/", 405);
  g_assert_cmpfloat (wp_harness_stat (server, "ledger.received"), ==, 0);
}

static void
test_not_allowed_names_methods (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (server));
  g_autoptr (WpHttpResponse) response = ask (admin, "PUT", "/stats.json");
  g_autofree char *allow = wp_http_response_header (response, "Allow");

  g_assert_cmpuint (response->status, ==, 405);
  g_assert_cmpstr (allow, ==, "GET, HEAD");
}

static void
test_cache_and_head (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (server));

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (WpHttpResponse) response = ask (admin, "GET", "/stats.json");
      g_autofree char *type = wp_http_response_header (response, "Content-Type"),
                      *cache = wp_http_response_header (response, "Cache-Control");

      g_assert_cmpstr (type, ==, "application/json");
      g_assert_cmpstr (cache, ==, "no-store");
    }
  g_assert_true (wp_client_send (
      admin,
      "HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  {
    g_autoptr (WpHttpResponse) head = wp_client_read_head (admin), next = wp_client_read (admin);

    g_assert_nonnull (head);
    g_assert_nonnull (next);
    g_assert_cmpuint (head->status, ==, 200);
    g_assert_cmpuint (next->status, ==, 200);
    g_assert_cmpstr (next->body, ==, "ready\n");
  }
}

/* Asks for /stats.json on a new connection of @fd, or of the admin's where that is -1. @host: lines, each
 * with its end. */
static WpHttpResponse *
ask_by (const WpHarness *server, int fd, const char *version, const char *host)
{
  g_autoptr (WpClient) admin
      = fd >= 0 ? wp_client_new_on (fd) : wp_client_new (wp_harness_admin_port (server));
  g_autofree char *text = g_strdup_printf ("GET /stats.json HTTP/%s\r\n%s\r\n", version, host);
  WpHttpResponse *response;

  g_assert_true (wp_client_send (admin, text));
  response = wp_client_read (admin);
  g_assert_nonnull (response);

  return response;
}

/* A page whose name was made to stand for our address asks by that name. */
static void
test_hosts (void)
{
  static const struct {
    const char *version, *host;
    guint status;
  } rows[] = {
    { "1.1", "Host: localhost\r\n", 200 },
    { "1.1", "Host: LocalHost.:9090\r\n", 200 },
    { "1.1", "Host: 127.0.0.1:1\r\n", 200 },
    { "1.1", "Host: 192.0.2.77\r\n", 200 },
    { "1.1", "Host: [::1]\r\n", 200 },
    { "1.1", "Host: [2001:db8::1]:80\r\n", 200 },
    { "1.1", "Host: wp.example.org\r\n", 200 },
    { "1.1", "Host: WP.example.org.:80\r\n", 200 },
    { "1.1", "Host: ingest-1\r\n", 200 },
    { "1.0", "", 200 },
    { "1.0", "Host: localhost\r\n", 200 },
    { "1.0", "Host: evil.example\r\n", 421 },
    { "1.1", "Host: evil.example\r\n", 421 },
    { "1.1", "Host: example.org\r\n", 421 },
    { "1.1", "Host: x.wp.example.org\r\n", 421 },
    { "1.1", "Host: localhost.evil.example\r\n", 421 },
    { "1.1", "Host: 127.0.0.1.evil.example\r\n", 421 },
    { "1.1", "Host: 127.1\r\n", 421 },
    { "1.1", "Host: localhost%00\r\n", 421 },
    { "1.1", "", 400 },
    { "1.1", "Host: a\r\nHost: localhost\r\n", 400 },
  };
  g_autoptr (WpHarness) server
      = wp_harness_start ("--admin-host=wp.example.org", "--admin-host=Ingest-1.", "-d", "delay:0", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (WpHttpResponse) response = ask_by (server, -1, rows[i].version, rows[i].host);

      g_test_message ("%s", rows[i].host);
      g_assert_cmpuint (response->status, ==, rows[i].status);
      if (rows[i].status == 421)
        g_assert_cmpstr (
            response->body, ==,
            "The admin listener does not serve the name in Host; --admin-host=NAME adds a name.\n");
    }
}

/* No browser gets there. */
static void
test_hosts_of_a_unix_socket (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--admin=unix:admin.sock", "-d", "delay:0", NULL);
  g_autofree char *path = wp_harness_path (server, "admin.sock");
  g_autoptr (WpHttpResponse) response = NULL;
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  response = ask_by (server, fd, "1.1", "Host: whatever\r\n");
  g_assert_cmpuint (response->status, ==, 200);
}

/* No response is taken for something else than it says that it is. */
static void
test_content_type_options (void)
{
  static const char *const paths[]
      = { "/", "/stats.json", "/metrics", "/healthz", "/readyz", "/failed.json", "/nothing" };
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);

  for (guint i = 0; i < 2 * G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (server));
      g_autoptr (WpHttpResponse) response = ask (admin, i % 2 ? "POST" : "GET", paths[i / 2]);
      g_autofree char *options = wp_http_response_header (response, "X-Content-Type-Options");

      g_assert_cmpstr (options, ==, "nosniff");
    }
}

/* Every line of the format is a comment, or a name with its labels and one number. */
static void
test_metrics (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "workerpool", "-q", "3", "-w", "2", "-d", "delay:0", NULL);
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (server)),
                       client = wp_client_new (wp_harness_port (server));
  g_autoptr (WpHttpResponse) response = NULL;
  g_auto (GStrv) lines = NULL;

  wp_client_get (client, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_client_get (client, "/%zz", NULL);
  g_assert_cmpuint (wp_client_read_status (client), ==, 400);
  wp_harness_await_stat (server, "ledger.stored", 1);
  response = ask (admin, "GET", "/metrics");
  g_assert_nonnull (strstr (response->body, "\nwp_refusals_total{reason=\"malformed\"} 1\n"));
  g_assert_nonnull (strstr (response->body, "\nwp_refusals_total{reason=\"method\"} 0\n"));
  g_assert_nonnull (strstr (response->body, "\nwp_requests_received_total 1\n"));
  g_assert_nonnull (strstr (response->body, "\nwp_requests_ended_total{outcome=\"stored\"} 1\n"));
  g_assert_nonnull (strstr (response->body, "\nwp_requests_inside{place=\"parked\"} 0\n"));
  g_assert_nonnull (strstr (response->body, "\nwp_queue_capacity 3\n"));
  lines = g_strsplit (response->body, "\n", -1);
  for (char **line = lines; *line && **line; line++)
    g_assert_true (
        g_regex_match_simple ("^(# (HELP|TYPE) (wp|process)_[a-z_]+ .+|"
                              "(wp|process)_[a-z_]+({[a-z]+=\"[A-Za-z_0-9.+]+\"})? ([0-9.e+-]+|[+]Inf))$",
                              *line, 0, 0));
}

/* The next event, parsed; skips all before it. */
static JsonObject *
next_event (WpClient *listener, JsonParser *parser)
{
  g_autofree char *json = NULL;

  do
    {
      g_free (json);
      json = wp_client_read_line (listener);
      g_assert_nonnull (json);
    }
  while (!g_str_has_prefix (json, "data: "));
  g_assert_true (json_parser_load_from_data (parser, json + strlen ("data: "), -1, NULL));
  return json_node_get_object (json_parser_get_root (parser));
}

static void
test_events (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr (WpClient) listener = wp_client_new (wp_harness_admin_port (server)),
                       client = wp_client_new (wp_harness_port (server));
  g_autoptr (JsonParser) parser = json_parser_new ();

  wp_client_get (listener, "/events", NULL);
  next_event (listener, parser);
  wp_client_get (client, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  for (guint i = 0;
       json_object_get_int_member (json_object_get_object_member (next_event (listener, parser), "ledger"),
                                   "received")
       < 1;
       i++)
    g_assert_cmpuint (i, <, 3);
  wp_harness_stop (server); /* though somebody listens */
}

/* As soon as there is a place. */
static WpClient *
listen_patiently (const WpHarness *server)
{
  for (gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;;)
    {
      WpClient *listener = wp_client_new (wp_harness_admin_port (server));
      g_autofree char *line = NULL;

      wp_client_get (listener, "/events", NULL);
      line = wp_client_read_line (listener);
      if (g_strcmp0 (line, "HTTP/1.1 200 OK") == 0)
        return listener;
      g_assert_cmpstr (line, ==, "HTTP/1.1 503 Service Unavailable");
      wp_client_free (listener);
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
    }
}

/* Event clients that leave, beyond the limits of such clients and of connections, leave nothing behind. */
static void
test_event_clients_leave (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr (JsonParser) parser = json_parser_new ();

  for (guint round = 0; round < 5; round++)
    {
      g_autoptr (GPtrArray) listeners = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);

      for (guint i = 0; i < 30; i++)
        g_ptr_array_add (listeners, listen_patiently (server));
      for (guint i = 0; i < 30; i++)
        next_event (listeners->pdata[i], parser);
    }
  check (server, "GET", "/healthz", 200);
}

static void
check_probes (const WpHarness *server)
{
  check (server, "GET", "/healthz", 200);
  check (server, "GET", "/readyz", 200);
  check (server, "GET", "/metrics", 200);
}

static void
add_listener (const WpHarness *server, GPtrArray *clients)
{
  g_ptr_array_add (clients, wp_client_new (wp_harness_admin_port (server)));
  wp_client_get (clients->pdata[clients->len - 1], "/events", NULL);
}

/* Half of the places are for other clients, and the place of a client that leaves is free again. */
static void
test_too_many_event_clients (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr (GPtrArray) served = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);
  g_autoptr (GPtrArray) refused = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);
  g_autoptr (JsonParser) parser = json_parser_new ();

  for (guint i = 0; i < 32; i++)
    {
      add_listener (server, served);
      next_event (served->pdata[i], parser);
    }
  for (guint i = 0; i < 32; i++)
    {
      g_autoptr (WpHttpResponse) response = NULL;

      add_listener (server, refused);
      response = wp_client_read (refused->pdata[i]);
      g_assert_nonnull (response);
      g_assert_cmpuint (response->status, ==, 503);
      g_assert_cmpstr (response->body, ==,
                       "The maximum number of clients read /events; /stats.json has the same figures.\n");
    }
  wp_harness_await_log (server,
                        "32 clients read /events of the admin listener, the maximum: others get 503\n");
  check_probes (server);
  next_event (served->pdata[31], parser);
  g_ptr_array_set_size (served, 16);
  g_ptr_array_add (served, listen_patiently (server));
}

/* Clients that send nothing, or half a request, on all connections of the listener. */
static void
test_too_many_idle (void)
{
  static const struct {
    guint n;
    const char *sent;
    guint status;
  } crowds[] = { { 64, "", 0 }, { 150, "", 0 }, { 150, "GET /stats", 408 } };

  for (guint i = 0; i < G_N_ELEMENTS (crowds); i++)
    {
      g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
      g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);

      for (guint j = 0; j < crowds[i].n; j++)
        {
          g_ptr_array_add (clients, wp_client_new (wp_harness_admin_port (server)));
          wp_client_send (clients->pdata[j], crowds[i].sent);
        }
      check_probes (server);
      wp_harness_await_log (
          server,
          "more than 48 connections to the admin listener: those that have been idle for 1 s are closed\n");
      /* As many as there are too many, at least, and the oldest: on a slow machine the others come too late
       * for that. */
      for (guint j = 0; j < MIN (32, crowds[i].n - 48); j++)
        g_assert_cmpuint (wp_client_read_status (clients->pdata[j]), ==, crowds[i].status);
    }
}

static guint16
probe_port (const WpHarness *server)
{
  g_autofree char *log = wp_harness_log (server);
  const char *said = strstr (log, ", probe on http://127.0.0.1:");
  guint port = 0;

  g_assert_true (said && sscanf (said, ", probe on http://127.0.0.1:%u/", &port) == 1);
  return (guint16) port;
}

/* @request: whole. Returns: its body. */
static char *
ask_probe (guint16 port, const char *request, guint status)
{
  g_autoptr (WpClient) client = wp_client_new (port);
  g_autoptr (WpHttpResponse) response = NULL;

  g_assert_true (wp_client_send (client, request));
  response = wp_client_read (client);
  g_assert_nonnull (response);
  g_assert_cmpuint (response->status, ==, status);

  return g_steal_pointer (&response->body);
}

static void
check_probe (guint16 port, const char *request, guint status, const char *body)
{
  g_autofree char *got = ask_probe (port, request, status);

  g_assert_cmpstr (got, ==, body);
}

/* For balancers, by whatever name and in whatever HTTP they ask: two responses, and no figures. */
static void
test_probe_listener (void)
{
  static const char *const others[]
      = { "/", "/metrics", "/stats.json", "/events", "/failed.json", "/healthz/", "/x" };
  g_autoptr (WpHarness) server = wp_harness_start ("--probe=127.0.0.1:0", "-d", "delay:1h", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  guint16 port = probe_port (server);

  check_probe (port, "GET /healthz HTTP/1.1\r\nHost: wp.example.org\r\n\r\n", 200, "ok\n");
  check_probe (port, "GET /readyz HTTP/1.0\r\n\r\n", 200, "ready\n");
  check_probe (port, "OPTIONS / HTTP/1.0\r\n\r\n", 405, "This listener supports only GET and HEAD.\n");
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *request = g_strdup_printf ("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", others[i]);

      check_probe (port, request, 404, "This listener serves /healthz and /readyz.\n");
    }
  wp_client_get (client, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_harness_signal (server, SIGTERM);
  g_assert_true (wp_client_read_end (client)); /* by then it drains */
  check_probe (port, "GET /readyz HTTP/1.0\r\n\r\n", 503, "draining\n");
  check_probe (port, "GET /healthz HTTP/1.0\r\n\r\n", 200, "ok\n");
}

static void
test_probe_listener_is_crowded (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--probe=127.0.0.1:0", "-d", "delay:0", NULL);
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);

  for (guint i = 0; i < 64; i++)
    g_ptr_array_add (clients, wp_client_new (probe_port (server)));
  check_probe (probe_port (server), "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 200, "ok\n");
  wp_harness_await_log (server, "more than 16 connections to the probe listener: ");
}

/* Nothing from elsewhere: the page works where there is no way out, and no script but its own files runs. */
static void
test_dashboard (void)
{
  static const struct {
    const char *path, *type, *cache;
  } files[] = {
    { "/", "text/html; charset=utf-8", "no-cache" },
    { "/page.css", "text/css; charset=utf-8", "no-cache" },
    { "/page.js", "text/javascript; charset=utf-8", "no-cache" },
    { "/charts.js", "text/javascript; charset=utf-8", "no-cache" },
    { "/icon.svg", "image/svg+xml", "no-cache" },
    { "/uplot-1.6.32/uPlot.esm.js", "text/javascript; charset=utf-8", "max-age=31536000, immutable" },
  };
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (server));

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autoptr (WpHttpResponse) response = ask (admin, "GET", files[i].path);
      g_autofree char *type = wp_http_response_header (response, "Content-Type"),
                      *policy = wp_http_response_header (response, "Content-Security-Policy"),
                      *cache = wp_http_response_header (response, "Cache-Control");

      g_assert_cmpuint (response->status, ==, 200);
      g_assert_cmpstr (type, ==, files[i].type);
      g_assert_cmpstr (cache, ==, files[i].cache);
      g_assert_nonnull (policy);
      g_assert_true (g_str_has_prefix (policy, "default-src 'none'; script-src 'self'; style-src 'self'; "));
      g_assert_null (strstr (policy, "unsafe"));
      g_assert_null (strstr (response->body, "href=\"/")); /* it may be behind a path of a proxy's */
      g_assert_null (strstr (response->body, "src=\"/"));
    }
  check (server, "GET", "/page.html", 404);
  check (server, "GET", "/uplot", 404);
  check (server, "GET", "/uplot/", 404);
}

/* The chart library is as its makers released it. */
static void
test_dashboard_library (void)
{
  g_autofree char *folder
      = g_build_filename (g_getenv ("WP_SOURCE_ROOT"), "runtime/http/dashboard/uplot", NULL),
      *sums = g_build_filename (folder, "SHA256SUMS", NULL), *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint n = 0;

  g_assert_true (g_file_get_contents (sums, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line; line++)
    if (**line && **line != '#')
      {
        g_auto (GStrv) words = g_strsplit (*line, "  ", 2);
        g_autofree char *path = g_build_filename (folder, words[1], NULL), *bytes = NULL, *sum = NULL;
        gsize size;

        g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
        sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, bytes, (gssize) size);
        g_assert_cmpstr (sum, ==, words[0]);
        n++;
      }
  g_assert_cmpuint (n, ==, 2);
}

typedef struct {
  guint16 port;
  gint stop; /* atomic */
} Load;

static gpointer
load (gpointer data)
{
  Load *self = data;
  g_autoptr (WpClient) client = wp_client_new (self->port);

  while (!g_atomic_int_get (&self->stop))
    {
      for (guint i = 0; i < 50; i++)
        wp_client_get (client, "/", "X-WP-Service: 0\r\n");
      for (guint i = 0; i < 50; i++)
        g_assert_cmpuint (wp_client_read_status (client), ==, 200);
    }
  return NULL;
}

/* Ten thousand connections wait (a thousand with --http=soup, which looks at each of them at every turn) and
 * three clients ask as fast as they can: the admin listener has a thread of its own. */
static void
test_alive_under_overload (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("--threads=1", "-m", "Default", "-d", "delay:request", "--ack=stored", NULL);
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (server));
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  Load loads[3];
  GThread *threads[3];
  gint64 worst_us = 0;
  guint n_asked = 0, many = g_getenv ("WP_HTTP_SERVER") ? 1000 : 10000;

  if (!wp_crowd_has_room (many))
    {
      g_test_skip ("the limit of descriptors is below 10,000");
      return;
    }
  wp_crowd_send_in_parts (crowd, server, many, "X-WP-Service: 3600\r\n");
  while (wp_harness_stat (server, "ledger.in_service") < many)
    wp_crowd_look (crowd);
  for (guint i = 0; i < 3; i++)
    {
      loads[i] = (Load){ wp_harness_port (server), FALSE };
      threads[i] = g_thread_new ("load", load, &loads[i]);
    }
  while (n_asked < 100 || wp_harness_stat (server, "ledger.received") < many + 1000)
    {
      static const char *const paths[] = { "/stats.json", "/metrics", "/healthz", "/" };
      gint64 since_us = g_get_monotonic_time ();
      g_autoptr (WpHttpResponse) response = ask (admin, "GET", paths[n_asked++ % 4]);

      g_assert_cmpuint (response->status, ==, 200);
      worst_us = MAX (worst_us, g_get_monotonic_time () - since_us);
    }
  g_test_message ("the slowest of %u responses took %.1f ms", n_asked, (double) worst_us / 1000);
  for (guint i = 0; i < 3; i++)
    {
      g_atomic_int_set (&loads[i].stop, TRUE);
      g_thread_join (threads[i]);
    }
}

static JsonObject *
get_stats (const WpHarness *server, JsonParser *parser)
{
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (server));
  g_autoptr (WpHttpResponse) response = ask (admin, "GET", "/stats.json");

  g_assert_true (json_parser_load_from_data (parser, response->body, (gssize) response->size, NULL));
  return json_node_get_object (json_parser_get_root (parser));
}

static void
test_statistics (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "workerpool", "-q", "3", "-w", "2",
                                                   "--block-timeout=1h", "--ack=stored", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *stats, *ledger;

  wp_crowd_send (crowd, 9, NULL);
  wp_harness_await_stat (server, "ledger.parked", 4);
  stats = get_stats (server, parser);
  ledger = json_object_get_object_member (stats, "ledger");
  g_assert_cmpstr (json_object_get_string_member (stats, "version"), ==, WP_VERSION);
  g_assert_cmpstr (json_object_get_string_member (stats, "mode"), ==, "WorkerPool");
  g_assert_cmpstr (json_object_get_string_member (stats, "dispatcher"), ==, "bounded");
  g_assert_cmpstr (json_object_get_string_member (stats, "when_full"), ==, "block");
  g_assert_cmpstr (json_object_get_string_member (stats, "ack"), ==, "stored");
  g_assert_cmpstr (json_object_get_string_member (stats, "database"), ==, "sqlite:wp.db");
  g_assert_cmpfloat (json_object_get_double_member (stats, "block_timeout"), ==, 3600);
  g_assert_cmpfloat (json_object_get_double_member (stats, "uptime"), >, 0);
  g_assert_cmpfloat (json_object_get_double_member (stats, "oldest_age"), >, 0);
  g_assert_true (json_object_get_boolean_member (stats, "ready"));
  g_assert_true (json_object_get_boolean_member (ledger, "balances"));
  g_assert_cmpint (json_object_get_int_member (stats, "queue"), ==, 3);
  g_assert_cmpint (json_object_get_int_member (stats, "workers"), ==, 2);
  g_assert_cmpint (json_object_get_int_member (stats, "connections"), ==, 9);
  g_assert_cmpint (json_object_get_int_member (stats, "blocked"), ==, 4);
  g_assert_cmpint (json_object_get_int_member (stats, "parked_peak"), ==, 4);
  g_assert_cmpint (json_object_get_int_member (stats, "queued_peak"), ==, 3);
  g_assert_cmpint (json_object_get_int_member (stats, "in_service_peak"), ==, 2);
  g_assert_cmpint (json_object_get_int_member (ledger, "received"), ==, 9);
  g_assert_cmpint (json_object_get_int_member (ledger, "parked"), ==, 4);
  g_assert_cmpint (json_object_get_int_member (ledger, "queued"), ==, 3);
  g_assert_cmpint (json_object_get_int_member (ledger, "in_service"), ==, 2);
  wp_hold_release (hold);
  wp_crowd_await (crowd, 9);
  wp_harness_await_stat (server, "ledger.stored", 9);
  wp_harness_await_stat (server, "oldest_age", -1);
  wp_harness_await_stat (server, "ledger.balances", 1);
}

static void
test_unused_fields_are_null (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-q", "3", "-w", "2", NULL);

  g_assert_cmpfloat (wp_harness_stat (server, "queue"), ==, -1);
  g_assert_cmpfloat (wp_harness_stat (server, "workers"), ==, -1);
  g_assert_cmpfloat (wp_harness_stat (server, "dispatcher"), ==, -1);
  g_assert_cmpfloat (wp_harness_stat (server, "block_timeout"), ==, -1);
}

/* Statistics are consistent under load: in every snapshot the ledger balances and the sizes hold. */
static void
test_statistics_balance (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("--threads=2", "-m", "WorkerPool", "-q", "5", "-w", "3", "-d", "delay:1ms", NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  g_autoptr (JsonParser) parser = json_parser_new ();
  guint n = 0;

  wp_crowd_send (crowd, 1500, NULL);
  while (wp_crowd_look (crowd) < 1500)
    {
      JsonObject *ledger = json_object_get_object_member (get_stats (server, parser), "ledger");

      g_assert_true (json_object_get_boolean_member (ledger, "balances"));
      g_assert_cmpint (json_object_get_int_member (ledger, "queued"), <=, 5);
      g_assert_cmpint (json_object_get_int_member (ledger, "in_service"), <=, 3);
      n++;
    }
  g_test_message ("%u snapshots", n);
}

/* Idle clients that hold all connections of the admin listener are disconnected after a while. */
static void
test_silent_probes (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr (GPtrArray) probes = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);

  for (guint i = 0; i < 50; i++)
    {
      g_ptr_array_add (probes, wp_client_new (wp_harness_admin_port (server)));
      wp_client_send (probes->pdata[i], "GET /stats");
    }
  check (server, "GET", "/healthz", 200);
}

static void
test_warns_of_a_wildcard_address (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--admin=0.0.0.0:0", "-d", "delay:0", NULL);

  wp_harness_await_log (server, "is not on loopback: any client that reaches it can read all figures\n");
  wp_harness_stop (server);
}

static void
test_no_admin_listener (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--admin=none", "-d", "delay:0", NULL);
  g_autofree char *log = wp_harness_log (server);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  g_assert_null (strstr (log, "admin on"));
  wp_client_get (client, "/stats.json", NULL);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "stored"), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/admin/paths", test_paths);
  g_test_add_func ("/admin/not-allowed-names-methods", test_not_allowed_names_methods);
  g_test_add_func ("/admin/cache-and-head", test_cache_and_head);
  g_test_add_func ("/admin/hosts", test_hosts);
  g_test_add_func ("/admin/hosts-of-a-unix-socket", test_hosts_of_a_unix_socket);
  g_test_add_func ("/admin/content-type-options", test_content_type_options);
  g_test_add_func ("/admin/metrics", test_metrics);
  g_test_add_func ("/admin/events", test_events);
  g_test_add_func ("/admin/event-clients-leave", test_event_clients_leave);
  g_test_add_func ("/admin/too-many-event-clients", test_too_many_event_clients);
  g_test_add_func ("/admin/too-many-idle", test_too_many_idle);
  g_test_add_func ("/admin/probe-listener", test_probe_listener);
  g_test_add_func ("/admin/probe-listener-is-crowded", test_probe_listener_is_crowded);
  g_test_add_func ("/admin/dashboard", test_dashboard);
  g_test_add_func ("/admin/dashboard-library", test_dashboard_library);
  g_test_add_func ("/admin/alive-under-overload", test_alive_under_overload);
  g_test_add_func ("/admin/statistics", test_statistics);
  g_test_add_func ("/admin/unused-fields-are-null", test_unused_fields_are_null);
  g_test_add_func ("/admin/statistics-balance", test_statistics_balance);
  g_test_add_func ("/admin/silent-probes", test_silent_probes);
  g_test_add_func ("/admin/warns-of-a-wildcard-address", test_warns_of_a_wildcard_address);
  g_test_add_func ("/admin/no-admin-listener", test_no_admin_listener);

  return g_test_run ();
}
