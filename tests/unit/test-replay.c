/* wp-replay as a process, with a small HTTP server. */
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/trace/wp-trace.h"
#include "tests/unit/http-server.h"
#include "tests/unit/open-data.h"
#include "tests/unit/replay-run.h"

#define ANY_LAG "--max-lag=1h" /* a busy machine is no failure of these tests */

static gint64
count_of (ReplayRun *run, const char *member)
{
  return json_object_get_int_member (replay_run_json (run), member);
}

static gint64
count_in (ReplayRun *run, const char *object, const char *member)
{
  JsonObject *counts = json_object_get_object_member (replay_run_json (run), object);

  g_assert_true (json_object_has_member (counts, member));
  return json_object_get_int_member (counts, member);
}

static const WpRow *
load_record (const ReplayRun *run, const char *name, WpTrace **trace, gsize *n_rows)
{
  g_autofree char *path = replay_run_path (run, name);
  g_autoptr (GError) error = NULL;
  const WpRow *rows;

  *trace = wp_trace_open (path, NULL, &error);
  g_assert_no_error (error);
  rows = wp_trace_load (*trace, n_rows, &error);
  g_assert_no_error (error);
  return rows;
}

static void
assert_header (const HttpServerRequest *request, const char *name, const char *value)
{
  g_autofree char *found = http_server_header (request, name);

  g_assert_cmpstr (found, ==, value);
}

static void
assert_begins (const HttpServerRequest *request, const char *line)
{
  if (!g_str_has_prefix (request->head, line))
    g_error ("expected %s, got %s", line, request->head);
}

/* One connection, so that the server reads them in the order in which they were sent. */
static void
test_sends_the_trace (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 9);
  g_autofree char *url = g_strconcat (http_server_url (server), "in/put?a=1", NULL);
  g_autoptr (ReplayRun) run = replay_run_start ("id,arrival,service,bytes\n"
                                                "third,0.020,1.5,70000\n"
                                                "first,0.000,0.000000001,\n"
                                                ",0.010,,66\n"
                                                "\"a,b \"\"c\",0.030,12,0\n",
                                                url, "--connections=1", ANY_LAG, NULL);

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  g_assert_nonnull (strstr (replay_run_out (run), "requests      4 (2 were out of order: sorted)\n"));
  g_assert_cmpuint (http_server_n_requests (server), ==, 4);
  g_assert_cmpuint (http_server_n_connections (server), ==, 3); /* a look, a HEAD, and one that is kept */

  for (guint i = 0; i < 4; i++)
    {
      const HttpServerRequest *request = http_server_request (server, i);
      static const char *const ids[] = { "first", NULL, "third", "a,b \"c" };
      static const char *const services[] = { "0.000000001", NULL, "1.500000000", "12.000000000" };
      static const gsize sizes[] = { 0, 66, 70000, 0 };

      assert_begins (request, sizes[i] ? "POST /in/put?a=1 HTTP/1.1\r\n" : "GET /in/put?a=1 HTTP/1.1\r\n");
      assert_header (request, "X-Request-Id", ids[i]);
      assert_header (request, "X-WP-Service", services[i]);
      assert_header (request, "Expect", NULL);
      assert_header (request, "Accept-Encoding", NULL);
      g_assert_cmpuint (strlen (request->body), ==, sizes[i]);
      g_assert_cmpint (strncmp (request->body, "0123456789abcdef", MIN (sizes[i], 16)), ==, 0);
    }
  g_assert_cmpmem (http_server_request (server, 1)->body, 66, http_server_request (server, 2)->body, 66);
}

static void
test_method (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run = replay_run_start ("arrival,bytes\n0,\n0.01,5\n", http_server_url (server),
                                                "--method=PUT", "--connections=1", ANY_LAG, NULL);

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  assert_begins (http_server_request (server, 0), "PUT / HTTP/1.1\r\n");
  assert_header (http_server_request (server, 0), "Content-Length", "0");
  assert_begins (http_server_request (server, 1), "PUT / HTTP/1.1\r\n");
  g_assert_cmpstr (http_server_request (server, 1)->body, ==, "01234");
}

static void
test_methods_and_paths (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autofree char *url = g_strconcat (http_server_url (server), "base?x", NULL);
  g_autoptr (ReplayRun) run
      = replay_run_start ("path,method,arrival,bytes\n\"/last,\"\"1\",PATCH,0.04,\n/first?a=1,GET,0,\n"
                          "http://other.example/third,DELETE,0.02,\n,POST,0.03,3\n/second,,0.01,4\n",
                          url, "--allow-methods=GET,POST,DELETE,PATCH", "--connections=1", "-o", "out.csv",
                          ANY_LAG, NULL);
  g_autofree char *record = NULL;

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  g_assert_cmpuint (http_server_n_requests (server), ==, 5);
  assert_begins (http_server_request (server, 0), "GET /first?a=1 HTTP/1.1\r\n");
  assert_begins (http_server_request (server, 1), "POST /second HTTP/1.1\r\n");
  assert_begins (http_server_request (server, 2), "DELETE /third HTTP/1.1\r\n");
  assert_header (http_server_request (server, 2), "Content-Length", "0");
  assert_begins (http_server_request (server, 3), "POST /base?x HTTP/1.1\r\n");
  assert_begins (http_server_request (server, 4), "PATCH /last,\"1 HTTP/1.1\r\n");

  record = replay_run_read (run, "out.csv");
  g_assert_nonnull (strstr (record, ",status,outcome,error,method,path\n"));
  g_assert_nonnull (strstr (record, ",200,stored,,GET,/first?a=1\n"));
  g_assert_nonnull (strstr (record, ",200,stored,,POST,\n"));
  g_assert_nonnull (strstr (record, ",200,stored,,PATCH,\"/last,\"\"1\"\n"));
}

/* In the order of arrival, which is not the log's; a line without a request is one to the URL. */
static void
test_access_log (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run = replay_run_start (
      "h - - [29/Nov/2026:10:00:01 +0000] \"GET /b?c=d HTTP/1.1\" 200 5 \"-\" \"x\" 0.010\n"
      "h - - [29/Nov/2026:10:00:01 +0000] \"HEAD /a HTTP/1.1\" 200 5 \"-\" \"x\" 0.990\n"
      "h - - [29/Nov/2026:10:00:01 +0000] \"-\" 408 0 \"-\" \"-\" 0.000\n",
      http_server_url (server), "--connections=1", "--stamps=as-is", "--scale=10", "-o", "out.csv", ANY_LAG,
      NULL);
  g_autofree char *record = NULL;

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  g_assert_nonnull (strstr (replay_run_err (run), "methods and paths are those of column \"request\"\n"));
  g_assert_cmpuint (http_server_n_requests (server), ==, 2); /* and a HEAD, which it does not note */
  assert_begins (http_server_request (server, 0), "GET /b?c=d HTTP/1.1\r\n");
  assert_begins (http_server_request (server, 1), "GET / HTTP/1.1\r\n");
  record = replay_run_read (run, "out.csv");
  g_assert_nonnull (strstr (record, ",200,stored,,HEAD,/a\n"));
  g_assert_true (strstr (record, ",HEAD,/a\n") < strstr (record, ",GET,/b?c=d\n"));
}

/* All that the trace says of methods is overruled, and so it is not asked about. */
static void
test_method_of_all (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run = replay_run_start ("arrival,method,path\n0,DELETE,/x\n",
                                                http_server_url (server), "--method=GET", ANY_LAG, NULL);

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  assert_begins (http_server_request (server, 0), "GET /x HTTP/1.1\r\n");
}

/* All are sent though none is answered; the response to the first comes after the last was due, and counts
 * from its own time. */
static void
test_open_loop_counts_from_planned (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_HOLD, 9);
  g_autoptr (ReplayRun) run = replay_run_start ("id,arrival\na,0\nb,0.1\nc,0.3\n", http_server_url (server),
                                                "-o", "out.csv", "--format=json", ANY_LAG, NULL);
  g_autoptr (WpTrace) trace = NULL;
  const WpRow *rows;
  gsize n_rows;

  g_assert_true (http_server_wait_requests (server, 3));
  http_server_release (server);
  g_assert_cmpint (replay_run_wait (run), ==, 0);

  rows = load_record (run, "out.csv", &trace, &n_rows);
  g_assert_cmpuint (n_rows, ==, 3);
  g_assert_cmpint (rows[1].arrival_ns, ==, 100 * WP_NS_PER_MS);
  g_assert_cmpint (rows[0].ended_ns, >, 300 * WP_NS_PER_MS);
  g_assert_cmpfloat (
      json_object_get_double_member (json_object_get_object_member (replay_run_json (run), "latency"), "max"),
      >=, 0.3);
}

/* One connection, and the first response is held: requests that wait for it are sent late, and their latency
 * counts from their planned times. */
static void
test_held_response (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_HOLD, 0);
  g_autoptr (ReplayRun) run
      = replay_run_start ("id,arrival\na,0\nb,0.001\nc,0.002\nd,0.003\n", http_server_url (server),
                          "--connections=1", "--max-lag=100ms", "-o", "out.csv", "--format=json", NULL);
  g_autoptr (WpTrace) trace = NULL;
  const WpRow *rows;
  gsize n_rows;

  g_assert_true (http_server_wait_requests (server, 1));
  g_usleep (300000); /* the stall, not a wait for anything */
  http_server_release (server);
  g_assert_cmpint (replay_run_wait (run), ==, 1); /* the schedule was not kept, and it is said */
  g_assert_false (json_object_get_boolean_member (replay_run_json (run), "valid"));
  g_assert_cmpfloat (
      json_object_get_double_member (json_object_get_object_member (replay_run_json (run), "latency"), "p50"),
      >=, 0.29);
  g_assert_cmpfloat (
      json_object_get_double_member (json_object_get_object_member (replay_run_json (run), "lag"), "p50"), >=,
      0.29);
  rows = load_record (run, "out.csv", &trace, &n_rows);
  g_assert_cmpuint (n_rows, ==, 4);
  for (gsize i = 0; i < n_rows; i++)
    g_assert_cmpint (rows[i].ended_ns - rows[i].arrival_ns, >=, 290 * WP_NS_PER_MS);
}

/* A response is a response, but no job was stored, and the run is not what it should be. */
static void
test_server_fails (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_FAIL, 5);
  g_autoptr (ReplayRun) run = replay_run_start ("arrival\n0\n0.001\n0.002\n", http_server_url (server), "-o",
                                                "out.csv", "--format=json", ANY_LAG, NULL);
  g_autoptr (WpTrace) trace = NULL;
  g_autofree char *text = NULL;
  const WpRow *rows;
  gsize n_rows;

  g_assert_cmpint (replay_run_wait (run), ==, 1);
  g_assert_cmpint (count_of (run, "answered"), ==, 3);
  g_assert_cmpint (count_of (run, "failed"), ==, 0);
  g_assert_cmpint (count_in (run, "statuses", "500"), ==, 3);
  rows = load_record (run, "out.csv", &trace, &n_rows);
  g_assert_cmpuint (n_rows, ==, 3);
  for (gsize i = 0; i < n_rows; i++)
    g_assert_cmpint (rows[i].outcome, ==, WP_OUTCOME_FAILED);
  text = replay_run_read (run, "out.csv");
  g_assert_nonnull (strstr (text, ",500,failed,\n"));
}

static void
test_rejected (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_REJECT, 0);
  g_autoptr (ReplayRun) run = replay_run_start ("arrival\n0\n0.001\n0.002\n", http_server_url (server), "-o",
                                                "out.csv", "--format=json", ANY_LAG, NULL);
  g_autoptr (WpTrace) trace = NULL;
  const WpRow *rows;
  gsize n_rows;

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  g_assert_cmpint (count_of (run, "answered"), ==, 3);
  g_assert_cmpint (count_in (run, "statuses", "503"), ==, 3);
  rows = load_record (run, "out.csv", &trace, &n_rows);
  for (gsize i = 0; i < n_rows; i++)
    g_assert_cmpint (rows[i].outcome, ==, WP_OUTCOME_REJECTED);
}

static void
test_patience (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_HOLD, 0);
  g_autoptr (ReplayRun) run
      = replay_run_start ("id,arrival\na,0\nb,0.001\nc,0.002\n", http_server_url (server), "--patience=200ms",
                          "-o", "out.csv", "--format=json", ANY_LAG, NULL);
  g_autoptr (WpTrace) trace = NULL;
  const WpRow *rows;
  gsize n_rows;

  g_assert_true (http_server_wait_left (server, 3));
  g_assert_cmpint (replay_run_wait (run), ==, 0);
  g_assert_cmpint (count_of (run, "left"), ==, 3);
  g_assert_cmpint (count_of (run, "failed"), ==, 0);
  g_assert_true (
      json_object_get_null_member (json_object_get_object_member (replay_run_json (run), "latency"), "p50"));
  rows = load_record (run, "out.csv", &trace, &n_rows);
  g_assert_cmpuint (n_rows, ==, 3);
  for (gsize i = 0; i < n_rows; i++)
    {
      g_assert_cmpint (rows[i].outcome, ==, WP_OUTCOME_ABANDONED);
      g_assert_cmpint (rows[i].ended_ns - rows[i].arrival_ns, >=, 200 * WP_NS_PER_MS);
    }
}

static void
test_timeout_fails (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_HOLD, 0);
  g_autoptr (ReplayRun) run
      = replay_run_start ("arrival\n0\n0.001\n", http_server_url (server), "--timeout=200ms", "--patience=1h",
                          "-o", "out.csv", "--format=json", ANY_LAG, NULL);
  g_autofree char *text = NULL;

  g_assert_cmpint (replay_run_wait (run), ==, 1);
  g_assert_cmpint (count_of (run, "left"), ==, 0);
  g_assert_cmpint (count_in (run, "failures", "no response in time"), ==, 2);
  text = replay_run_read (run, "out.csv");
  g_assert_nonnull (text);
  g_assert_nonnull (strstr (text, ",0,failed,no response in time\n"));
}

/* A request that waits for a connection is given up in time too, and never sent. */
static void
test_connection_limit (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_HOLD, 0);
  g_autoptr (ReplayRun) run
      = replay_run_start ("arrival\n0\n0.001\n0.002\n", http_server_url (server), "--connections=2",
                          "--patience=300ms", "--format=json", ANY_LAG, NULL);

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  g_assert_cmpint (count_of (run, "requests"), ==, 3);
  g_assert_cmpint (count_of (run, "left"), ==, 3);
  g_assert_cmpuint (http_server_n_requests (server), <=, 3);
  g_assert_cmpint (count_of (run, "connections"), <=, 3);
}

static void
test_server_closes (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_CLOSE, 0);
  g_autoptr (ReplayRun) run
      = replay_run_start ("arrival\n0\n0.001\n", http_server_url (server), "--format=json", ANY_LAG, NULL);

  g_assert_cmpint (replay_run_wait (run), ==, 1);
  g_assert_cmpint (count_of (run, "failed"), ==, 2);
  g_assert_cmpint (count_of (run, "answered"), ==, 0);
}

static void
test_server_dies (void)
{
  HttpServer *server = http_server_new (HTTP_SERVER_HOLD, 0);
  g_autoptr (ReplayRun) run = replay_run_start ("arrival\n0\n0.001\n0.5\n", http_server_url (server), "-o",
                                                "out.csv", "--format=json", ANY_LAG, NULL);
  g_autofree char *text = NULL;

  g_assert_true (http_server_wait_requests (server, 2));
  http_server_free (server);
  g_assert_cmpint (replay_run_wait (run), ==, 1);
  g_assert_cmpint (count_of (run, "failed"), ==, 3);
  text = replay_run_read (run, "out.csv");
  g_assert_nonnull (text);
  g_assert_nonnull (strstr (text, "\n,0.500000000,,,"));
}

static void
test_server_closes_each_connection (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_LAST, 9);
  g_autoptr (ReplayRun) run = replay_run_start ("arrival\n0\n0.01\n0.02\n0.03\n", http_server_url (server),
                                                "--connections=1", "--format=json", ANY_LAG, NULL);

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  g_assert_cmpint (count_in (run, "statuses", "200"), ==, 4);
  g_assert_cmpint (count_of (run, "connections"), ==, 4);
}

static void
test_large_responses_are_drained (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 3000000);
  g_autoptr (ReplayRun) run = replay_run_start ("arrival\n0\n0.01\n0.02\n", http_server_url (server),
                                                "--connections=1", "--format=json", ANY_LAG, NULL);

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  g_assert_cmpint (count_in (run, "statuses", "200"), ==, 3);
  g_assert_cmpint (count_of (run, "connections"), ==, 1);
}

static void
test_holds_2000 (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_HOLD, 9);
  g_autoptr (GString) csv = g_string_new ("id,arrival\n");
  g_autoptr (ReplayRun) run = NULL;

  for (guint i = 0; i < 2000; i++)
    g_string_append_printf (csv, "r%u,%u.%03u\n", i, i / 4000, i / 4 % 1000);
  run = replay_run_start (csv->str, http_server_url (server), "--format=json", ANY_LAG, NULL);
  g_assert_true (http_server_wait_requests (server, 2000));
  http_server_release (server);
  g_assert_cmpint (replay_run_wait (run), ==, 0);
  g_assert_cmpint (count_in (run, "statuses", "200"), ==, 2000);
  g_assert_cmpint (count_of (run, "connections"), ==, 2000);
}

/* Valid and malformed responses. */
static void
test_odd_responses (void)
{
  static const struct {
    HttpServerKind kind;
    const char *response, *failure; /* NULL: none */
    gint64 n_connections;
  } cases[] = {
    { HTTP_SERVER_RESPOND, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", NULL,
      1 },
    { HTTP_SERVER_RESPOND, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
      NULL, 1 },
    { HTTP_SERVER_LAST, "HTTP/1.1 200 OK\r\n\r\nto the end", NULL, 2 },
    { HTTP_SERVER_LAST, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", NULL, 2 },
    { HTTP_SERVER_RESPOND, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more", NULL, 2 },
    { HTTP_SERVER_LAST, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "the response was cut short",
      2 },
    { HTTP_SERVER_LAST, "SSH-2.0-OpenSSH_9.2\r\n", "the response is not HTTP/1.1", 2 },
    { HTTP_SERVER_RESPOND, "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "a bad Content-Length", 2 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (HttpServer) server = http_server_new_odd (cases[i].kind, cases[i].response, NULL);
      g_autoptr (ReplayRun) run = replay_run_start ("arrival\n0\n0.05\n", http_server_url (server),
                                                    "--connections=1", "--format=json", ANY_LAG, NULL);

      g_assert_cmpint (replay_run_wait (run), ==, cases[i].failure ? 1 : 0);
      if (cases[i].failure)
        g_assert_cmpint (count_in (run, "failures", cases[i].failure), ==, 2);
      else
        g_assert_cmpint (count_in (run, "statuses", "200"), ==, 2);
      g_assert_cmpint (count_of (run, "connections"), ==, cases[i].n_connections);
    }
}

/* Options that apply to all requests. */
static void
test_request_template (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autofree char *url
      = g_strconcat ("http://me:secret@", http_server_url (server) + strlen ("http://"), "x?y", NULL);
  g_autofree char *record = NULL;
  g_autoptr (ReplayRun) run
      = replay_run_start ("arrival,bytes\n0,5\n", url, "--body=trace.csv", "--header=A: b",
                          "--header=Content-Type: text/csv", "--header=Host: other", "-o", "out.csv",
                          "--format=json", ANY_LAG, NULL);
  const HttpServerRequest *request;

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  request = http_server_request (server, 0);
  assert_begins (request, "POST /x?y HTTP/1.1\r\n");
  assert_header (request, "A", "b");
  assert_header (request, "Host", "other");
  assert_header (request, "Content-Type", "text/csv");
  assert_header (request, "Authorization", "Basic bWU6c2VjcmV0");
  g_assert_cmpstr (request->body, ==, "arrival,bytes\n0,5\n");
  record = replay_run_read (run, "out.csv");
  g_assert_nonnull (strstr (record, "# url: http://me@127.0.0.1:"));
  g_assert_null (strstr (record, "secret"));
  g_assert_null (strstr (replay_run_out (run), "secret"));
}

static void
test_token (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run = replay_run_start_by (
      "umask 077; printf '# mine\\n\\nabc=\\ndef\\n' >token; exec \"$0\" \"$@\" --token-file=token",
      "arrival\n0\n", http_server_url (server), ANY_LAG, NULL);

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  assert_header (http_server_request (server, 0), "Authorization", "Bearer abc=");
}

/* A server that is not there yet is waited for. */
static void
test_waits_for_server (void)
{
  g_autoptr (HttpServer) server = http_server_new_closed (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run
      = replay_run_start ("arrival\n0\n", http_server_url (server), "--wait=30s", ANY_LAG, NULL);

  g_usleep (300000); /* its absence, not a wait for anything */
  http_server_open (server);
  g_assert_cmpint (replay_run_wait (run), ==, 0);
  g_assert_cmpuint (http_server_n_requests (server), ==, 1);
}

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define LITTLE_MEMORY "" /* its own is more than that */
#else
#define LITTLE_MEMORY "ulimit -d 20000; "
#endif

/* A body is never held: 64 MB of them at once are sent from 64 kB. */
static void
test_bodies_are_not_buffered (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run
      = replay_run_start_by (LITTLE_MEMORY "exec \"$0\" \"$@\"",
                             "arrival,bytes\n0,16000000\n0,16000000\n0,16000000\n0,16000000\n",
                             http_server_url (server), ANY_LAG, "--format=json", NULL);

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  g_assert_cmpint (count_in (run, "statuses", "200"), ==, 4);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpuint (strlen (http_server_request (server, i)->body), ==, 16000000);
}

/* Of each row of a record: id, arrival, service and bytes. */
static char *
planned_of (const ReplayRun *run, const char *name)
{
  g_autofree char *text = replay_run_read (run, name);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  GString *planned = g_string_new (NULL);

  for (guint i = 0; lines[i]; i++)
    if (lines[i][0] != '#')
      {
        g_auto (GStrv) cells = g_strsplit (lines[i], ",", 5);

        for (guint k = 0; cells[k] && k < 4; k++)
          g_string_append_printf (planned, "%s,", cells[k]);
      }
  return g_string_free (planned, FALSE);
}

/* Byte for byte what is sent of the trace that wp-sim writes with the same seed; two words of TRACE and URL
 * are one then. */
static void
test_drawn_as_by_wp_sim (void)
{
  static const struct {
    const char *spec, *options;
  } cases[] = { { "poisson:rate=400,duration=1s", "--rate=400 --duration=1s" },
                { "poisson:rate=100:700,duration=1s", "--ramp=100:700 --duration=1s" },
                { "mmpp:rates=100:900,sojourns=100ms:50ms,n=300",
                  "--arrivals=mmpp:rates=100:900,sojourns=100ms:50ms,n=300" } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
      g_autofree char *script = g_strdup_printf (
          "\"${0%%runtime/wp-replay}sim/wp-sim\" --generate=%s --service=exp:20ms --seed=7 >trace.csv && "
          "\"$0\" \"$@\" -o read.csv && shift && exec \"$0\" \"$@\" -o drawn.csv %s --service=exp:20ms --seed=7",
          cases[i].spec, cases[i].options);
      g_autoptr (ReplayRun) run
          = replay_run_start_by (script, "", http_server_url (server), "--connections=1", ANY_LAG, NULL);
      g_autofree char *read = NULL, *drawn = NULL;
      guint n;

      g_assert_cmpint (replay_run_wait (run), ==, 0);
      read = planned_of (run, "read.csv");
      drawn = planned_of (run, "drawn.csv");
      g_assert_cmpstr (read, ==, drawn);
      n = http_server_n_requests (server) / 2;
      g_assert_cmpuint (n, >, 250);
      for (guint k = 0; k < n; k++)
        g_assert_cmpstr (http_server_request (server, k)->head, ==,
                         http_server_request (server, n + k)->head);
    }
}

/* From 50/s to 450/s in 2 s: 500 requests, 150 of them in the first second. */
static void
test_ramp (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run
      = replay_run_start_by ("shift && exec \"$0\" \"$@\" --ramp=50:450 --duration=2s --arrivals=constant",
                             "", http_server_url (server), "-o", "out.csv", ANY_LAG, NULL);
  g_autoptr (WpTrace) trace = NULL;
  const WpRow *rows;
  gsize n_rows, n_early = 0;

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  rows = load_record (run, "out.csv", &trace, &n_rows);
  for (gsize i = 0; i < n_rows; i++)
    n_early += rows[i].arrival_ns < WP_NS_PER_S;
  g_assert_cmpuint (n_rows, ==, 500);
  g_assert_cmpuint (n_early, >=, 149);
  g_assert_cmpuint (n_early, <=, 151);
  g_assert_cmpint (rows[n_rows - 1].arrival_ns, <, 2 * WP_NS_PER_S);
}

/* The smallest number in a column of those of a record. */
static double
least_of (const WpRow *rows, gsize n, gint64 (*field) (const WpRow *row))
{
  gint64 least = G_MAXINT64;

  for (gsize i = 0; i < n; i++)
    least = MIN (least, field (&rows[i]));
  return (double) least / WP_NS_PER_S;
}

static gint64
ended (const WpRow *row)
{
  return row->ended_ns;
}

static gint64
arrival (const WpRow *row)
{
  return row->arrival_ns;
}

/* None of three clients sends again before it is answered; the limit is of all requests. */
static void
check_clients (const char *threads)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_HOLD, 0);
  g_autoptr (ReplayRun) run
      = replay_run_start_by ("shift && exec \"$0\" \"$@\" --clients=3 --limit=10 --service=exp:5ms", "",
                             http_server_url (server), threads, "-o", "out.csv", "--format=json", ANY_LAG,
                             NULL);
  g_autoptr (WpTrace) trace = NULL;
  const WpRow *rows;
  gsize n_rows;

  g_assert_true (http_server_wait_requests (server, 3));
  http_server_release (server);
  g_assert_cmpint (replay_run_wait (run), ==, 0);
  g_assert_cmpint (count_of (run, "requests"), ==, 10);
  g_assert_cmpint (count_of (run, "clients"), ==, 3);
  g_assert_cmpint (count_in (run, "statuses", "200"), ==, 10);
  g_assert_cmpint (count_of (run, "connections"), ==, 3);
  g_assert_cmpuint (http_server_n_requests (server), ==, 10);

  rows = load_record (run, "out.csv", &trace, &n_rows);
  g_assert_cmpuint (n_rows, ==, 10);
  for (gsize i = 0; i < n_rows; i++)
    g_assert_cmpint (rows[i].service_ns, >, 0);
  g_assert_cmpint (rows[2].arrival_ns, ==, 0);
  g_assert_cmpfloat (least_of (rows + 3, 7, arrival), >=, least_of (rows, 3, ended));
}

static void
test_clients (void)
{
  check_clients ("--threads=1");
  check_clients ("--threads=2");
}

static void
test_think_time (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run
      = replay_run_start_by ("shift && exec \"$0\" \"$@\" --clients=1 --think=20ms --duration=1h --limit=3",
                             "", http_server_url (server), "-o", "out.csv", ANY_LAG, NULL);
  g_autoptr (WpTrace) trace = NULL;
  const WpRow *rows;
  gsize n_rows;

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  g_assert_nonnull (strstr (replay_run_out (run), "closed loop   1 client, think time 20ms: "));
  g_assert_nonnull (strstr (replay_run_out (run), "(coordinated"));
  g_assert_nonnull (strstr (replay_run_out (run), "\nthroughput    "));
  rows = load_record (run, "out.csv", &trace, &n_rows);
  g_assert_cmpuint (n_rows, ==, 3);
  for (gsize i = 1; i < n_rows; i++)
    g_assert_cmpint (rows[i].arrival_ns, ==, rows[i - 1].ended_ns + 20 * WP_NS_PER_MS);
}

/* A client whose connection breaks goes on; the run ends with its duration. */
static void
test_clients_that_fail (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_CLOSE, 0);
  g_autoptr (ReplayRun) run
      = replay_run_start_by ("shift && exec \"$0\" \"$@\" --clients=2 --duration=250ms", "",
                             http_server_url (server), "--format=json", ANY_LAG, NULL);

  g_assert_cmpint (replay_run_wait (run), ==, 1);
  g_assert_cmpint (count_of (run, "failed"), ==, count_of (run, "requests"));
  g_assert_cmpint (count_of (run, "failed"), >=, 2);
  g_assert_cmpint (count_of (run, "failed"), <=, 6); /* with a rest after each */
}

/* Each thread sends its share; the record is one, in order. */
static void
test_threads (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (GString) csv = g_string_new ("id,arrival\n");
  g_autoptr (GHashTable) ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (ReplayRun) run = NULL;
  g_autoptr (WpTrace) trace = NULL;
  const WpRow *rows;
  gsize n_rows;

  for (guint i = 0; i < 100; i++)
    g_string_append_printf (csv, "r%u,0.%03u\n", i, i);
  run = replay_run_start (csv->str, http_server_url (server), "--threads=3", "--connections=7", "-o",
                          "out.csv", "--format=json", ANY_LAG, NULL);
  g_assert_cmpint (replay_run_wait (run), ==, 0);
  g_assert_cmpint (count_of (run, "requests"), ==, 100);
  g_assert_cmpint (count_of (run, "answered"), ==, 100);
  g_assert_cmpint (count_in (run, "statuses", "200"), ==, 100);
  g_assert_cmpint (count_of (run, "connections"), <=, 7);
  for (guint i = 0; i < 100; i++)
    g_hash_table_add (ids, http_server_header (http_server_request (server, i), "X-Request-Id"));
  g_assert_cmpuint (g_hash_table_size (ids), ==, 100);
  rows = load_record (run, "out.csv", &trace, &n_rows);
  g_assert_cmpuint (n_rows, ==, 100);
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *id = g_strdup_printf ("r%u", i);

      g_assert_cmpstr (rows[i].id, ==, id);
      g_assert_cmpint (rows[i].outcome, ==, WP_OUTCOME_STORED);
    }
}

/* Of all threads, each of which has some under way. */
static void
test_threads_interrupted (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_HOLD, 0);
  g_autoptr (ReplayRun) run
      = replay_run_start ("arrival\n0\n0\n0\n0\n10000\n10000\n", http_server_url (server), "--threads=2",
                          "-o", "out.csv", "--format=json", ANY_LAG, NULL);
  g_autoptr (WpTrace) trace = NULL;
  gsize n_rows;

  g_assert_true (http_server_wait_requests (server, 4));
  replay_run_signal (run, SIGINT);
  g_assert_cmpint (replay_run_wait (run), ==, -SIGINT);
  g_assert_cmpint (count_of (run, "sent"), ==, 4);
  load_record (run, "out.csv", &trace, &n_rows);
  g_assert_cmpuint (n_rows, ==, 4);
}

static void
test_limit_and_scales (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run
      = replay_run_start ("t,n\n1,1\n1.2,2\n1.4,3\n1000,4\n", http_server_url (server), "--limit=3",
                          "--scale=2", "--service-scale=3", "--columns=arrival=t,service=n*0.5",
                          "--connections=1", "-o", "out.csv", ANY_LAG, NULL);
  g_autoptr (WpTrace) trace = NULL;
  const WpRow *rows;
  gsize n_rows;

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  rows = load_record (run, "out.csv", &trace, &n_rows);
  g_assert_cmpuint (n_rows, ==, 3);
  g_assert_cmpint (rows[1].arrival_ns, ==, 100 * WP_NS_PER_MS);
  g_assert_cmpint (rows[2].arrival_ns, ==, 200 * WP_NS_PER_MS);
  g_assert_cmpint (rows[2].service_ns, ==, 4500 * WP_NS_PER_MS);
  g_assert_cmpstr (wp_trace_note (trace, "scale"), ==, "2");
  g_assert_cmpstr (wp_trace_note (trace, "url"), ==, http_server_url (server));
  assert_header (http_server_request (server, 0), "X-WP-Service", "1.500000000");
}

static void
test_record_has_each_request (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 9);
  g_autoptr (ReplayRun) run = replay_run_start ("id,arrival,service,bytes\nb,0.02,0.5,10\n\"a,\"\"x\",0,,\n",
                                                http_server_url (server), "-o", "out.csv", ANY_LAG, NULL);
  g_autofree char *text = NULL;
  const char *header;
  g_auto (GStrv) lines = NULL;
  g_autoptr (WpTrace) trace = NULL;
  const WpRow *rows;
  gsize n_rows;

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  rows = load_record (run, "out.csv", &trace, &n_rows);
  g_assert_cmpuint (n_rows, ==, 2);
  g_assert_cmpstr (rows[0].id, ==, "a,\"x");
  g_assert_cmpint (rows[0].service_ns, ==, WP_TIME_NONE);
  g_assert_cmpint (rows[0].bytes, ==, -1);
  g_assert_cmpstr (rows[1].id, ==, "b");
  g_assert_cmpint (rows[1].service_ns, ==, 500 * WP_NS_PER_MS);
  g_assert_cmpint (rows[1].bytes, ==, 10);
  for (gsize i = 0; i < n_rows; i++)
    {
      g_assert_cmpint (rows[i].outcome, ==, WP_OUTCOME_STORED);
      g_assert_cmpint (rows[i].ended_ns, >, rows[i].arrival_ns);
    }

  text = replay_run_read (run, "out.csv");
  g_assert_nonnull (text);
  header = strstr (text, "\nid,");
  g_assert_nonnull (header);
  lines = g_strsplit (header + 1, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), >=, 3);
  g_assert_cmpstr (lines[0], ==, "id,arrival,service,bytes,sent,answered,ended,status,outcome,error");
  for (guint i = 1; i <= 2; i++) /* b,0.020000000,0.500000000,10,SENT,ANSWERED,ENDED,200,stored, */
    {
      const char *arrival = strstr (lines[i], ",0.0");
      g_auto (GStrv) cells = arrival ? g_strsplit (arrival + 1, ",", -1) : NULL;

      g_assert_nonnull (cells);
      g_assert_cmpuint (g_strv_length (cells), ==, 9);
      g_assert_cmpfloat (g_ascii_strtod (cells[3], NULL), >=, g_ascii_strtod (cells[0], NULL));
      g_assert_cmpfloat (g_ascii_strtod (cells[4], NULL), >=, g_ascii_strtod (cells[3], NULL));
      g_assert_cmpstr (cells[4], ==, cells[5]);
      g_assert_cmpstr (cells[6], ==, "200");
      g_assert_cmpstr (cells[8], ==, "");
    }
}

static void
test_record_to_standard_output (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run
      = replay_run_start ("arrival\n0\n", http_server_url (server), "-o", "-", ANY_LAG, NULL);
  g_autoptr (WpTrace) trace = NULL;
  g_autoptr (GError) error = NULL;
  gsize n_rows;

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  trace = open_data ("out", replay_run_out (run), strlen (replay_run_out (run)), NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (wp_trace_load (trace, &n_rows, &error));
  g_assert_cmpuint (n_rows, ==, 1);
  g_assert_nonnull (strstr (replay_run_err (run), "schedule lag"));
}

/* A device, a pipe or a link's target is written to, not replaced. */
static void
test_record_to_a_device (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run
      = replay_run_start ("arrival\n0\n", http_server_url (server), "-o", "/dev/null", ANY_LAG, NULL);
  struct stat there;

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  g_assert_no_errno (stat ("/dev/null", &there));
  g_assert_true (S_ISCHR (there.st_mode));
}

static void
test_late_run_is_not_valid (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run
      = replay_run_start ("arrival\n0\n0.01\n", http_server_url (server), "--max-lag=1ns", NULL);

  g_assert_cmpint (replay_run_wait (run), ==, 1);
  g_assert_nonnull (strstr (replay_run_out (run), "not valid: the schedule lag's p99, "));
}

static void
test_interrupted (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_HOLD, 0);
  g_autoptr (ReplayRun) run = replay_run_start ("id,arrival\na,0\nb,10000\n", http_server_url (server), "-o",
                                                "out.csv", ANY_LAG, NULL);
  g_autoptr (WpTrace) trace = NULL;
  const WpRow *rows;
  gsize n_rows;

  g_assert_true (http_server_wait_requests (server, 1));
  replay_run_signal (run, SIGINT);
  g_assert_cmpint (replay_run_wait (run), ==, -SIGINT);
  g_assert_nonnull (strstr (replay_run_out (run), "interrupted\n"));
  rows = load_record (run, "out.csv", &trace, &n_rows);
  g_assert_cmpuint (n_rows, ==, 1);
  g_assert_cmpstr (rows[0].id, ==, "a");
  g_assert_cmpint (rows[0].outcome, ==, WP_OUTCOME_NONE);
  g_assert_cmpint (rows[0].ended_ns, ==, WP_TIME_NONE);
  g_assert_cmpstr (wp_trace_note (trace, "interrupted"), ==, "yes");
}

/* The options of a trace are wp-sim's; "$0" is the program, then come trace.csv and what follows it. */
static void
test_reads_logs (void)
{
  static const char log[] = "1.500 0.250 GET a\n1.250 0.500 PUT b\n1.125 0.125 GET c\n";
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run = replay_run_start (log, http_server_url (server), "--where=request_method==GET",
                                                "--log-format=$msec $request_time $request_method $id",
                                                "--columns=id=id,service=request_time", ANY_LAG,
                                                "--connections=1", "-o", "out.csv", NULL);
  g_autoptr (WpTrace) trace = NULL;
  const WpRow *rows;
  gsize n_rows;

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  rows = load_record (run, "out.csv", &trace, &n_rows);
  g_assert_cmpuint (n_rows, ==, 2);
  g_assert_cmpstr (rows[0].id, ==, "c");
  g_assert_cmpint (rows[0].arrival_ns, ==, 0);
  g_assert_cmpint (rows[0].service_ns, ==, 125 * WP_NS_PER_MS);
  g_assert_cmpstr (rows[1].id, ==, "a");
  g_assert_cmpint (rows[1].arrival_ns, ==, 250 * WP_NS_PER_MS);
  g_assert_nonnull (strstr (replay_run_err (run), "note: --where left out 1 of 3 rows\n"));
}

static void
test_several_traces (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run = replay_run_start_by ("printf 'id,arrival\\nc,0.02\\n' >b; exec \"$0\" b \"$@\"",
                                                   "id,arrival\na,0\nd,0.03\n", http_server_url (server),
                                                   ANY_LAG, "-o", "out.csv", NULL);
  g_autoptr (ReplayRun) twice = replay_run_start_by ("exec \"$0\" trace.csv \"$@\"", "id,arrival\na,0\n",
                                                     http_server_url (server), ANY_LAG, NULL);
  g_autoptr (WpTrace) trace = NULL;
  const WpRow *rows;
  gsize n_rows;

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  rows = load_record (run, "out.csv", &trace, &n_rows);
  g_assert_cmpuint (n_rows, ==, 3);
  g_assert_cmpstr (rows[1].id, ==, "c");
  g_assert_cmpint (rows[2].arrival_ns, ==, 30 * WP_NS_PER_MS);
  g_assert_cmpint (replay_run_wait (twice), ==, 0);
  g_assert_nonnull (
      strstr (replay_run_err (twice), "warning: trace.csv is given twice: its requests are sent twice\n"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/replay/sends-the-trace", test_sends_the_trace);
  g_test_add_func ("/replay/method", test_method);
  g_test_add_func ("/replay/methods-and-paths", test_methods_and_paths);
  g_test_add_func ("/replay/access-log", test_access_log);
  g_test_add_func ("/replay/method-of-all", test_method_of_all);
  g_test_add_func ("/replay/reads-logs", test_reads_logs);
  g_test_add_func ("/replay/several-traces", test_several_traces);
  g_test_add_func ("/replay/open-loop-counts-from-planned", test_open_loop_counts_from_planned);
  g_test_add_func ("/replay/held-response", test_held_response);
  g_test_add_func ("/replay/server-fails", test_server_fails);
  g_test_add_func ("/replay/rejected", test_rejected);
  g_test_add_func ("/replay/patience", test_patience);
  g_test_add_func ("/replay/timeout-fails", test_timeout_fails);
  g_test_add_func ("/replay/connection-limit", test_connection_limit);
  g_test_add_func ("/replay/server-closes", test_server_closes);
  g_test_add_func ("/replay/server-dies", test_server_dies);
  g_test_add_func ("/replay/server-closes-each-connection", test_server_closes_each_connection);
  g_test_add_func ("/replay/large-responses-are-drained", test_large_responses_are_drained);
  g_test_add_func ("/replay/holds-2000", test_holds_2000);
  g_test_add_func ("/replay/odd-responses", test_odd_responses);
  g_test_add_func ("/replay/request-template", test_request_template);
  g_test_add_func ("/replay/token", test_token);
  g_test_add_func ("/replay/waits-for-server", test_waits_for_server);
  g_test_add_func ("/replay/bodies-are-not-buffered", test_bodies_are_not_buffered);
  g_test_add_func ("/replay/drawn-as-by-wp-sim", test_drawn_as_by_wp_sim);
  g_test_add_func ("/replay/ramp", test_ramp);
  g_test_add_func ("/replay/clients", test_clients);
  g_test_add_func ("/replay/think-time", test_think_time);
  g_test_add_func ("/replay/clients-that-fail", test_clients_that_fail);
  g_test_add_func ("/replay/threads", test_threads);
  g_test_add_func ("/replay/threads-interrupted", test_threads_interrupted);
  g_test_add_func ("/replay/limit-and-scales", test_limit_and_scales);
  g_test_add_func ("/replay/record-has-each-request", test_record_has_each_request);
  g_test_add_func ("/replay/record-to-standard-output", test_record_to_standard_output);
  g_test_add_func ("/replay/record-to-a-device", test_record_to_a_device);
  g_test_add_func ("/replay/late-run-is-not-valid", test_late_run_is_not_valid);
  g_test_add_func ("/replay/interrupted", test_interrupted);
  return g_test_run ();
}
