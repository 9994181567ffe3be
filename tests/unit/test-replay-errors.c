/* wp-replay on bad input: one line, exit status 2, nothing sent, nothing left behind. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/http-server.h"
#include "tests/unit/replay-run.h"

/* A port that is taken but on which nobody listens. */
static void
test_connection_refused (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t len = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_autofree char *url = NULL, *expected = NULL, *record = NULL;
  g_autoptr (ReplayRun) run = NULL;

  g_assert_no_errno (bind (fd, (struct sockaddr *) &address, sizeof address));
  g_assert_no_errno (getsockname (fd, (struct sockaddr *) &address, &len));
  url = g_strdup_printf ("http://127.0.0.1:%u/", ntohs (address.sin_port));
  expected = g_strdup_printf (
      "wp-replay: cannot connect to 127.0.0.1:%u: Connection refused; is wp-server running?\n",
      ntohs (address.sin_port));
  run = replay_run_start ("arrival\n0\n", url, "-o", "out.csv", "--wait=0", NULL);

  g_assert_cmpint (replay_run_wait (run), ==, 2);
  g_assert_cmpstr (replay_run_err (run), ==, expected);
  record = replay_run_read (run, "out.csv");
  g_assert_null (record);
  close (fd);
}

static void
test_bad_input_is_one_line (void)
{
  static const struct {
    const char *trace, *url, *option, *complaint;
  } cases[] = {
    { "arrival\n0\n", "127.0.0.1:80", NULL, "\"127.0.0.1:80\" is not a URL such as http://127.0.0.1:8080/" },
    { "arrival\n0\n", "ftp://127.0.0.1/", NULL, "\"ftp://127.0.0.1/\" is not a URL" },
    { "arrival\n0\n", "http://127.0.0.1:99999/", NULL, "is not a URL" },
    { "arrival\nabc\n", "http://127.0.0.1:1/", NULL,
      "trace.csv:2: column \"arrival\": \"abc\" is not a time" },
    { "id,arrival\na,0\n\"b\nc\",1\n", "http://127.0.0.1:1/", NULL,
      "trace.csv: row 2 by arrival: id \"b\\nc\" can't stand in a header" },
    { "id,arrival\n\"a \",0\n", "http://127.0.0.1:1/", NULL, "can't stand in a header" },
    { "arrival,bytes\n0,99999999999\n", "http://127.0.0.1:1/", NULL,
      "row 1: a body of 99999999999 bytes is over 1 GiB" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--connections=0",
      "--connections: \"0\" is not a number from 1" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--connections=4000000000",
      "--connections: 4000000000 is over " },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--patience=abc", "--patience: \"abc\" is not a time" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--timeout=0", "--timeout: \"0\" is not a time above 0" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--scale=0", "--scale: " },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--limit=-1", "--limit: " },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--format=xml", "--format: \"xml\" is not text, json or jsonl" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--method=CONNECT",
      "--method: \"CONNECT\" is not GET, HEAD, POST" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--header=x",
      "--header: \"x\" is not a header such as \"Name: value\"" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--header=A B: x", "\"A B: x\" is not a header" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--header=A: x\ry", "is not a header" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--header=content-length: 1",
      "--header: Content-Length is a header that wp-replay writes itself" },
    { "arrival,path\n0,/\n1,in\n", "http://127.0.0.1:1/", NULL,
      "trace.csv:3: column \"path\": \"in\" is not a request target such as /in/put?a=1" },
    { "arrival,path\n0,/a b\n", "http://127.0.0.1:1/", NULL, "trace.csv:2: column \"path\": \"/a b\"" },
    { "arrival,path\n0,/a#b\n", "http://127.0.0.1:1/", NULL, "is not a request target" },
    { "arrival,method\n0,G T\n", "http://127.0.0.1:1/", NULL, "\"G T\" is not a method such as GET" },
    { "arrival,method\n0,CONNECT\n", "http://127.0.0.1:1/", NULL, "\"CONNECT\" is not a method" },
    { "arrival,method,path\n0,GET,/\n1,POST,/\n2,POST,/\n3,DELETE,/\n", "http://127.0.0.1:1/", NULL,
      "trace.csv: its requests are 2 POST, 1 DELETE, 1 GET, and only GET,HEAD are sent unless you type "
      "--allow-methods=GET,HEAD,POST,DELETE\n" },
    { "arrival,method\n0,GET\n1,POST\n", "http://127.0.0.1:1/", "--allow-methods=POST",
      "1 GET, 1 POST, and only POST are sent unless you type --allow-methods=POST,GET\n" },
    { "arrival,path,bytes\n0,/,5\n", "http://127.0.0.1:1/", NULL, "its requests are 1 POST" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--allow-methods=GET POST",
      "--allow-methods: \"GET POST\" is not a list of methods" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--allow-methods=CONNECT", "CONNECT is never sent" },
    { "h - - [29/Nov/2026:10:00:00 +0000] \"\\x16\\x03\" 400 0\n", "http://127.0.0.1:1/", NULL,
      "trace.csv:1: column \"request\": \"\\\\x16\\\\x03\" is not a request such as GET / HTTP/1.1" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--expect=2xx", "--expect: \"2xx\" is not a list of statuses" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--body=no/such", "no/such" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--token-file=no/such", "no/such: No such file or directory" },
    { "arrival\n0\n", "https://127.0.0.1:1/", "--cacert=no/such", "--cacert: no/such: " },
    { "arrival\n0\n", "https://127.0.0.1:1/", "--cacert=trace.csv",
      "--cacert: trace.csv: not a file of certificates in PEM" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--rate=5", "--rate needs --duration, or --limit" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--duration=5s",
      "--duration is of traffic that is drawn: give --rate, --ramp, --arrivals or --clients, too" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--clients=5", "--clients needs --duration, or --limit" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--think=5ms", "--think needs --clients" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--threads=0", "--threads: \"0\" is not a number from 1" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--ramp=1:2", "--ramp needs --duration" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--arrivals=constant", "--arrivals needs --rate" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--arrivals=poisson:rate=5,n=5",
      "only a URL can be given where the traffic is drawn: what is \"trace.csv\"?" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--rate=0", "--rate: " },
    { "arrival\n0\n", "http://u:secret@127.0.0.1:1 /", NULL, "\"http://u@127.0.0.1:1 /\" is not a URL" },
    { "arrival\n0\n", "http://[::1/", NULL, "is not a URL" },
    { "arrival\n0\n", "http:///x", NULL, "is not a URL" },
    { "arrival\n0\n", "http://127.0.0.1:0/", NULL, "is not a URL" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--input=xml",
      "--input: \"xml\" is not a kind of input: auto, csv, clf, jsonl or w3c" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--input=clf",
      "trace.csv:1: \"arrival\" is no line of an access log: expected HOST IDENT USER" },
    { "{\"arrival\":x}\n", "http://127.0.0.1:1/", "--input=jsonl",
      "trace.csv:1: at byte 12: expected a value, found \"x}\"" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "--patiense=1", "--patience" },
    { "arrival\n0\n", "http://127.0.0.1:1/", "third", "\"third\" is not a URL" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (ReplayRun) run = replay_run_start (cases[i].trace, cases[i].url, cases[i].option, NULL);

      g_assert_cmpint (replay_run_wait (run), ==, 2);
      g_assert_cmpstr (replay_run_out (run), ==, "");
      if (!strstr (replay_run_err (run), cases[i].complaint))
        g_error ("expected \"%s\", got \"%s\"", cases[i].complaint, replay_run_err (run));
      g_assert_true (strchr (replay_run_err (run), '\n')
                     == replay_run_err (run) + strlen (replay_run_err (run)) - 1);
    }
}

static void
test_bad_traffic (void)
{
  static const char *const cases[][3] = {
    { "--ramp=5", "--duration=1s", "--ramp: two rates are needed, R1:R2, such as 5:50" },
    { "--clients=1", "--scale=2", "--scale does not go with --clients: give more clients" },
    { "--clients=1", "--think=batch:1ms:1us", "batch: is for the database of wp-sim" },
    { "--rate=5", "--service=batch:1ms:1us", "batch: is for the database of wp-sim" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (ReplayRun) run
          = replay_run_start_by ("shift; exec \"$0\" \"$@\"", "", "http://127.0.0.1:1/", cases[i][0],
                                 cases[i][1], "--limit=1", "--wait=0", NULL);

      g_assert_cmpint (replay_run_wait (run), ==, 2);
      if (!strstr (replay_run_err (run), cases[i][2]))
        g_error ("expected \"%s\", got \"%s\"", cases[i][2], replay_run_err (run));
    }
}

static void
test_record_that_can_not_be_written (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run
      = replay_run_start ("arrival\n0\n", http_server_url (server), "-o", "no/such/out.csv", NULL);
  g_autoptr (ReplayRun) folder = replay_run_start ("arrival\n0\n", http_server_url (server), "-o", ".", NULL);

  g_assert_cmpint (replay_run_wait (run), ==, 2);
  g_assert_cmpstr (replay_run_err (run), ==,
                   "wp-replay: no/such/out.csv: cannot write: No such file or directory\n");
  g_assert_cmpint (replay_run_wait (folder), ==, 2);
  g_assert_cmpstr (replay_run_err (folder), ==, "wp-replay: .: cannot write: Is a directory\n");
  g_assert_cmpuint (http_server_n_requests (server), ==, 0);
}

/* Before the clock starts, and without a job: one HEAD. */
static void
test_refused_at_probe (void)
{
  static const struct {
    const char *head_response, *complaint;
  } cases[] = {
    { "HTTP/1.1 401 Unauthorized\r\nContent-Length: 9\r\n\r\n",
      ": the server refuses the client (status 401): give --token-file, --header or a user in the URL\n" },
    { "HTTP/1.1 403 Forbidden\r\n\r\n", ": the server refuses the client (status 403)" },
    { "HTTP/2 200\r\n\r\n", ": the server speaks HTTP/2 only\n" },
    { "220 smtp.example.org ESMTP\r\n", ": the response is not HTTP/1.1\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (HttpServer) server = http_server_new_odd (HTTP_SERVER_RESPOND, "", cases[i].head_response);
      g_autoptr (ReplayRun) run
          = replay_run_start ("arrival\n0\n", http_server_url (server), "-o", "out.csv", NULL);
      g_autofree char *record = NULL;

      g_assert_cmpint (replay_run_wait (run), ==, 2);
      g_assert_nonnull (strstr (replay_run_err (run), cases[i].complaint));
      g_assert_cmpuint (http_server_n_requests (server), ==, 0);
      record = replay_run_read (run, "out.csv");
      g_assert_null (record);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/replay-errors/connection-refused", test_connection_refused);
  g_test_add_func ("/replay-errors/bad-input-is-one-line", test_bad_input_is_one_line);
  g_test_add_func ("/replay-errors/bad-traffic", test_bad_traffic);
  g_test_add_func ("/replay-errors/record-that-can-not-be-written", test_record_that_can_not_be_written);
  g_test_add_func ("/replay-errors/refused-at-probe", test_refused_at_probe);
  return g_test_run ();
}
