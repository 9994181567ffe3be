/* test-servers.c - three servers behind nginx with least_conn, or HAProxy with leastconn: wp-replay sends a
 * trace through it, and wp-sim predicts all servers together from the trace alone, within 10 %. Each server
 * must be within section 7 of the specification on the arrivals of its own record. A disagreeing run is
 * repeated up to twice; a failure prints the report of each run. */
#include <string.h>

#include "tests/agreement/wp-cell-result.h"
#include "tests/agreement/wp-program.h"
#include "tests/e2e/wp-haproxy.h"
#include "tests/e2e/wp-harness.h"
#include "tests/e2e/wp-nginx.h"

#define TRIES            3
#define N_SERVERS        3
#define WITHIN           0.1  /* all servers together: metrics and depth curve */
#define WITHIN_EACH      0.02 /* each server by itself */
#define BLOCKED_AT_LEAST 300

static GString *tries; /* what each said */

static WpNginx *
start_nginx (WpHarness *const *servers)
{
  g_autoptr (GString) http = g_string_new ("upstream wp { zone wp 64k; least_conn; keepalive 64;\n");

  for (guint i = 0; i < N_SERVERS; i++)
    g_string_append_printf (http, "server 127.0.0.1:%u max_fails=0;\n", wp_harness_port (servers[i]));
  g_string_append (http, "}\n"
                         "server { listen 80; location / {\n"
                         "  proxy_pass http://wp; proxy_http_version 1.1; proxy_set_header Connection \"\";\n"
                         "  proxy_read_timeout 5m;\n"
                         "} }\n");

  return wp_nginx_new_as (servers[0], http->str);
}

static WpHaproxy *
start_haproxy (WpHarness *const *servers)
{
  g_autoptr (GString) conf = g_string_new ("global\n  maxconn 2000\n  nbthread 1\ndefaults\n  mode http\n"
                                           "  timeout connect 1m\n  timeout client 5m\n  timeout server 5m\n"
                                           "frontend all\n  bind :80\n  default_backend wp\n"
                                           "backend wp\n  balance leastconn\n  http-reuse always\n");

  for (guint i = 0; i < N_SERVERS; i++)
    g_string_append_printf (conf, "  server wp%u 127.0.0.1:%u\n", i, wp_harness_port (servers[i]));

  return wp_haproxy_new_as (servers[0], conf->str);
}

/* A little more than the servers can do: requests are parked in each, and wait. Every third service is long:
 * in turn, one server would get them all. Returns: its path. */
static char *
make_trace (const WpHarness *server, guint seed)
{
  g_autofree char *seed_word = g_strdup_printf ("--seed=%u", seed), *text = NULL;
  const char *words[] = { "--generate=poisson:rate=230,n=1500", "--service=50ms", "--ids", seed_word, NULL };
  char *path = wp_harness_path (server, "trace.csv");
  g_autoptr (GString) trace = NULL;

  g_assert_cmpint (wp_program_run ("sim/wp-sim", words, &text, NULL), ==, 0);
  trace = g_string_new (text);
  for (guint i = 0; g_string_replace (trace, ",0.050000000,", i % 3 ? ",0.040," : ",0.070,", 1) > 0;)
    i++;
  g_assert_true (g_file_set_contents (path, trace->str, -1, NULL));

  return path;
}

static void
replay (const char *trace, guint16 port)
{
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/", port), *output = NULL;
  const char *words[] = { trace, url, NULL };
  int status = wp_program_run ("runtime/wp-replay", words, &output, NULL);

  g_test_message ("%s", output);
  g_string_append (tries, output);
  g_assert_cmpint (status, >=, 0);
  g_assert_cmpint (status, <=, 1);
  g_assert_nonnull (strstr (output, "failed        0\n"));
}

/* Sends the trace to the servers. */
typedef void (*Balancer) (const char *trace, WpHarness *const *servers);

static void
replay_by_nginx (const char *trace, WpHarness *const *servers)
{
  g_autoptr (WpNginx) nginx = start_nginx (servers);

  replay (trace, wp_nginx_port (nginx));
}

static void
replay_by_haproxy (const char *trace, WpHarness *const *servers)
{
  g_autoptr (WpHaproxy) haproxy = start_haproxy (servers);

  replay (trace, wp_haproxy_port (haproxy));
}

static JsonObject *
predict (JsonParser *parser, WpHarness *const *servers, const char *trace, int *status)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *output = NULL, *warnings = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < N_SERVERS; i++)
    {
      g_autofree char *record = wp_harness_path (servers[i], "measured.csv");

      g_ptr_array_add (words, g_strconcat ("--against=", record, NULL));
    }
  g_ptr_array_add (words, g_strdup ("--instances=3"));
  g_ptr_array_add (words, g_strdup ("--balance=least"));
  g_ptr_array_add (words, g_strdup ("--format=json"));
  g_ptr_array_add (words, g_strdup (trace));
  g_ptr_array_add (words, NULL);
  *status = wp_program_run ("sim/wp-sim", (const char *const *) words->pdata, &output, &warnings);
  g_string_append_printf (tries, "%s%s", warnings, output);
  json_parser_load_from_data (parser, output, -1, &error);
  g_assert_no_error (error);

  return json_object_get_object_member (json_node_get_object (json_parser_get_root (parser)), "against");
}

static double
curve_error (JsonObject *object)
{
  return json_object_get_null_member (object, "depth_curve_error")
             ? 0
             : json_object_get_double_member (object, "depth_curve_error");
}

static gboolean
check_instance (JsonObject *instance)
{
  JsonObject *replayed = json_object_get_object_member (instance, "replayed");
  gboolean agreed
      = wp_cell_result_check_metrics (json_object_get_array_member (instance, "metrics"), WITHIN_EACH)
        && curve_error (replayed) <= 0.03;

  g_assert_true (json_object_get_null_member (replayed, "not_modelled"));
  g_assert_cmpint (json_object_get_boolean_member (instance, "within"), ==, agreed);
  g_test_message ("%" G_GINT64_FORMAT " requests, depth curve %.2f %%: %s",
                  json_object_get_int_member (instance, "requests"), 100 * curve_error (replayed),
                  agreed ? "agreed" : "not agreed");

  return agreed;
}

static gboolean
check (JsonObject *against, int status)
{
  JsonArray *instances = json_object_get_array_member (against, "instances");
  JsonArray *metrics = json_object_get_array_member (against, "metrics");
  JsonObject *blocked = json_array_get_object_element (metrics, 4);
  gboolean agreed = wp_cell_result_check_metrics (metrics, WITHIN) && curve_error (against) <= WITHIN;

  g_test_message ("together, depth curve %.2f %%: %s", 100 * curve_error (against),
                  agreed ? "agreed" : "not agreed");
  g_assert_cmpstr (json_object_get_string_member (blocked, "name"), ==, "blocked");
  g_assert_cmpint (json_object_get_int_member (blocked, "measured"), >=, BLOCKED_AT_LEAST);
  g_assert_cmpuint (json_array_get_length (instances), ==, N_SERVERS);
  for (guint i = 0; i < N_SERVERS; i++)
    agreed &= check_instance (json_array_get_object_element (instances, i));
  g_assert_cmpint (status, ==, agreed ? 0 : 1);

  return agreed;
}

static gboolean
run (guint seed, Balancer balancer)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  WpHarness *servers[N_SERVERS];
  g_autofree char *trace = NULL;
  JsonObject *against;
  gboolean agreed;
  int status;

  for (guint i = 0; i < N_SERVERS; i++)
    servers[i] = wp_harness_start ("--mode=WorkerPool", "--queue=10", "--workers=3", "--ack=stored",
                                   "--database=delay:request", "--record=measured.csv", NULL);
  trace = make_trace (servers[0], seed);
  balancer (trace, servers);
  for (guint i = 0; i < N_SERVERS; i++)
    wp_harness_stop (servers[i]);
  against = predict (parser, servers, trace, &status);
  agreed = check (against, status);
  for (guint i = 0; i < N_SERVERS; i++)
    wp_harness_free (servers[i]);

  return agreed;
}

static void
test_balancer (gconstpointer data)
{
  guint seed = (guint) g_test_rand_int_range (1, G_MAXINT32);
  gboolean agreed = FALSE;

  g_string_truncate (tries, 0);
  for (guint i = 0; i < TRIES && !agreed; i++)
    agreed = run (seed, *(const Balancer *) data);
  if (!agreed)
    g_printerr ("%s", tries->str);
  g_assert_true (agreed);
}

int
main (int argc, char **argv)
{
  static const Balancer nginx = replay_by_nginx, haproxy = replay_by_haproxy;
  int status;

  g_test_init (&argc, &argv, NULL);
  if (!wp_nginx_is_there () || !wp_haproxy_is_there ())
    {
      g_print ("1..0 # SKIP nginx or haproxy is not installed\n");
      return 0;
    }
  tries = g_string_new (NULL);
  g_test_add_data_func ("/agreement/three-servers-behind-nginx", &nginx, test_balancer);
  g_test_add_data_func ("/agreement/three-servers-behind-haproxy", &haproxy, test_balancer);
  status = g_test_run ();
  g_string_free (tries, TRUE);

  return status;
}
