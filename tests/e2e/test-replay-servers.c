/* wp-replay before real servers: wp-server with a certificate and a token, nginx, HAProxy, Python's
 * http.server. */
#include <json-glib/json-glib.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/wp-certificate.h"
#include "tests/e2e/wp-haproxy.h"
#include "tests/e2e/wp-nginx.h"

#define N_REQUESTS 200

typedef struct {
  int status; /* of its exit */
  char *out, *err;
} Run;

static void
run_clear (Run *self)
{
  g_free (self->out);
  g_free (self->err);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

/* 1 s of 200 requests, each third with a body of 100 kB. @option: NULL-terminated. */
static Run
replay (const char *url, const char *option, ...)
{
  const char *build = g_getenv ("WP_BUILD_ROOT");
  g_autofree char *program = g_build_filename (build, "runtime", "wp-replay", NULL);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GString) csv = g_string_new ("id,arrival,bytes\n");
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = NULL;
  Run run = { 0 };
  va_list more;

  for (guint i = 0; i < N_REQUESTS; i++)
    g_string_append_printf (csv, "%u,0.%03u,%u\n", i, i * 5, i % 3 == 2 ? 100000 : 0);
  g_ptr_array_add (argv, program);
  va_start (more, option);
  for (const char *word = option; word; word = va_arg (more, const char *))
    g_ptr_array_add (argv, (char *) word);
  va_end (more);
  g_ptr_array_add (argv, (char *) "--max-lag=1h");
  g_ptr_array_add (argv, (char *) "--format=json");
  g_ptr_array_add (argv, (char *) "-");
  g_ptr_array_add (argv, (char *) url);
  g_ptr_array_add (argv, NULL);
  process = g_subprocess_newv ((const char *const *) argv->pdata,
                               G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE
                                   | G_SUBPROCESS_FLAGS_STDERR_PIPE,
                               &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, csv->str, NULL, &run.out, &run.err, &error);
  g_assert_no_error (error);
  run.status = g_subprocess_get_if_exited (process) ? g_subprocess_get_exit_status (process) : -1;

  return run;
}

static gint64
count (const Run *run, const char *object, const char *member)
{
  g_autoptr (JsonNode) root = json_from_string (run->out, NULL);
  JsonObject *json;

  g_assert_nonnull (root);
  json = json_node_get_object (root);
  if (object)
    json = json_object_get_object_member (json, object);
  return json_object_get_int_member_with_default (json, member, 0);
}

static void
assert_all (const Run *run, const char *status)
{
  if (run->status != 0 || count (run, "statuses", status) != N_REQUESTS)
    g_error ("exit status %d, %s%s", run->status, run->out, run->err);
}

static void
remove_folder (const char *path)
{
  static const char *const names[]
      = { "localhost.pem", "localhost.key", "tokens", WP_CHILD_OUTPUT, WP_CHILD_LOG };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *file = g_build_filename (path, names[i], NULL);

      unlink (file);
    }
  g_assert_no_errno (rmdir (path));
}

static WpHarness *
start_secure (const char *dir)
{
  g_autofree char *certificate = g_strdup_printf ("--tls-certificate=%s/localhost.pem", dir);
  g_autofree char *key = g_strdup_printf ("--tls-key=%s/localhost.key", dir);

  wp_certificate_write (dir, "localhost");
  return wp_harness_start ("-d", "delay:0", certificate, key, NULL);
}

/* Another name, or an authority that is not ours, is refused before a request is sent. */
static void
test_certificate (void)
{
  g_autofree char *dir = g_dir_make_tmp ("wp-replay-XXXXXX", NULL);
  g_autoptr (WpHarness) server = start_secure (dir);
  g_autofree char *url = g_strdup_printf ("https://localhost:%u/", wp_harness_port (server));
  g_autofree char *by_address = g_strdup_printf ("https://127.0.0.1:%u/", wp_harness_port (server));
  g_autofree char *trust = g_strdup_printf ("--cacert=%s/localhost.pem", dir);
  g_auto (Run) unknown = replay (url, NULL), other = replay (by_address, trust, NULL);
  g_auto (Run) good = { 0 }, any = { 0 };

  g_assert_cmpint (unknown.status, ==, 2);
  g_assert_nonnull (strstr (unknown.err, "TLS: self-signed certificate\n"));
  g_assert_cmpint (other.status, ==, 2);
  g_assert_nonnull (strstr (other.err, "TLS: IP address mismatch\n"));
  g_assert_cmpfloat (wp_harness_stat (server, "ledger.received"), ==, 0);
  good = replay (url, trust, NULL);
  assert_all (&good, "200");
  any = replay (by_address, "--insecure", NULL);
  assert_all (&any, "200");
  wp_harness_await_stat (server, "ledger.received", 2 * N_REQUESTS);
  wp_harness_stop (server);
  remove_folder (dir);
}

/* HTTPS to a server without TLS is one line too. */
static void
test_not_tls (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autofree char *url = g_strdup_printf ("https://localhost:%u/", wp_harness_port (server));
  g_auto (Run) run = replay (url, "--insecure", NULL);

  g_assert_cmpint (run.status, ==, 2);
  g_assert_nonnull (strstr (run.err, "/: TLS: wrong version number\n"));
  wp_harness_stop (server);
}

static void
test_token (void)
{
  g_autofree char *dir = g_dir_make_tmp ("wp-replay-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "tokens", NULL);
  g_autofree char *option = g_strconcat ("--token-file=", path, NULL), *url = NULL;
  g_autoptr (WpHarness) server = NULL;
  g_auto (Run) without = { 0 }, with = { 0 };

  g_assert_true (g_file_set_contents_full (path, "s3cr3t\n", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  server = wp_harness_start ("-d", "delay:0", option, NULL);
  url = g_strdup_printf ("http://127.0.0.1:%u/", wp_harness_port (server));
  without = replay (url, NULL);
  g_assert_cmpint (without.status, ==, 2);
  g_assert_nonnull (strstr (without.err, "the server refuses the client (status 401): give --token-file"));
  with = replay (url, option, NULL);
  assert_all (&with, "200");
  wp_harness_await_stat (server, "ledger.received", N_REQUESTS);
  wp_harness_stop (server);
  remove_folder (dir);
}

/* nginx closes each connection after a few requests, and each of its responses is chunked (an unknown
 * length).
 */
static void
test_nginx (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autofree char *http
      = g_strdup_printf ("  keepalive_requests 3;\n"
                         "  server { listen 80; location / { proxy_pass http://127.0.0.1:%u; }\n"
                         "    location = /x { return 302 http://127.0.0.1/; } }\n",
                         wp_harness_port (server));
  g_autoptr (WpNginx) nginx = NULL;
  g_autofree char *url = NULL, *redirect = NULL;
  g_auto (Run) run = { 0 }, redirected = { 0 };

  if (!wp_nginx_is_there ())
    {
      g_test_skip ("there is no nginx");
      return;
    }
  nginx = wp_nginx_new_as (server, http);
  url = g_strdup_printf ("http://127.0.0.1:%u/", wp_nginx_port (nginx));
  run = replay (url, "--connections=20", NULL);
  assert_all (&run, "200");
  g_assert_cmpint (count (&run, NULL, "connections"), >=, N_REQUESTS / 3);
  redirect = g_strconcat (url, "x", NULL);
  redirected = replay (redirect, "--connections=20", NULL);
  assert_all (&redirected, "302"); /* not followed */
}

static void
test_haproxy (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr (WpHaproxy) haproxy = NULL;
  g_autofree char *url = NULL;
  g_auto (Run) run = { 0 };

  if (!wp_haproxy_is_there ())
    {
      g_test_skip ("there is no HAProxy");
      return;
    }
  haproxy = wp_haproxy_new (server, WP_HAPROXY_PASSES);
  url = g_strdup_printf ("http://127.0.0.1:%u/", wp_haproxy_port (haproxy));
  run = replay (url, NULL);
  assert_all (&run, "200");
}

/* One connection at a time, HTTP/1.0, and no length of some responses. More connections than its backlog of 5
 * has room for are reset now and then. */
static void
test_python (void)
{
  g_autofree char *dir = g_dir_make_tmp ("wp-replay-XXXXXX", NULL), *url = NULL;
  g_autofree char *port_text = NULL;
  guint16 port;
  int fd = wp_child_bind_port (&port);
  WpChild *child;
  g_auto (Run) run = { 0 };

  port_text = g_strdup_printf ("%u", port);
  child = wp_child_new (dir,
                        (char *[]){ (char *) "python3", (char *) "-m", (char *) "http.server",
                                    (char *) "--bind", (char *) "127.0.0.1", port_text, NULL },
                        NULL);
  url = g_strdup_printf ("http://127.0.0.1:%u/", port);
  run = replay (url, "--wait=30s", "--method=GET", "--expect=200", "--connections=4", NULL);
  assert_all (&run, "200");
  wp_child_free (child);
  close (fd);
  remove_folder (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/replay-servers/certificate", test_certificate);
  g_test_add_func ("/replay-servers/not-tls", test_not_tls);
  g_test_add_func ("/replay-servers/token", test_token);
  g_test_add_func ("/replay-servers/nginx", test_nginx);
  g_test_add_func ("/replay-servers/haproxy", test_haproxy);
  g_test_add_func ("/replay-servers/python", test_python);
  return g_test_run ();
}
