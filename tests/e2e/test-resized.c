/* Sizes that change while the server runs: by PUT and by SIGHUP; what waits gets what is free, and what is
 * refused changes nothing. */
#include "tests/e2e/wp-harness.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOKEN  "adm1n-token"
#define LONG   "X-WP-Service: 600\r\n"
#define BEARER "Authorization: Bearer " TOKEN "\r\n"

static void
write_file (const WpHarness *server, const char *name, const char *text)
{
  g_autofree char *path = wp_harness_path (server, name);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
}

/* @last: another option; NULL: none */
static WpHarness *
start (const char *mode, const char *queue, const char *workers, const char *last)
{
  WpHarness *server = wp_harness_new ();

  write_file (server, "admin-tokens", TOKEN "\n");
  wp_harness_start_again (server, "-m", mode, "-q", queue, "-w", workers, "-d", "delay:request",
                          "--drain-timeout=0", "--admin-token-file=admin-tokens", last, NULL);
  return server;
}

/* Ends a server that has jobs of ten minutes. */
static void
stop (WpHarness *server)
{
  wp_harness_signal (server, SIGTERM);
  wp_harness_wait (server);
}

static guint
ask (WpHarness *server, const char *method, const char *path, const char *headers, const char *body,
     char **answer)
{
  g_autoptr (WpClient) client = wp_client_new (wp_harness_admin_port (server));
  g_autofree char *head
      = g_strdup_printf ("%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n%s\r\n%s", method, path,
                         strlen (body), headers, body);
  g_autoptr (WpHttpResponse) response = NULL;

  wp_client_send (client, head);
  response = wp_client_read (client);
  g_assert_nonnull (response);
  g_assert_null (strstr (response->head, " Unknown\r\n")); /* each status has its phrase */
  if (answer)
    *answer = g_strdup (response->body);
  return response->status;
}

static void
check (WpHarness *server, const char *method, const char *path, const char *body, guint status,
       const char *expected)
{
  g_autofree char *answer = NULL;

  g_assert_cmpuint (ask (server, method, path, BEARER, body, &answer), ==, status);
  g_assert_cmpstr (answer, ==, expected);
}

static WpClient *
post (WpHarness *server)
{
  WpClient *client = wp_client_new (wp_harness_port (server));

  wp_client_post (client, "/", LONG, "x", 1);
  return client;
}

/* A parked request is answered once a larger queue or another worker has a place for it. */
static void
test_grow (void)
{
  g_autoptr (WpHarness) server = start ("WorkerPool", "0", "1", NULL);
  g_autoptr (WpClient) first = post (server), second = NULL, third = NULL;

  g_assert_cmpuint (wp_client_read_status (first), ==, 200);
  second = post (server);
  wp_harness_await_stat (server, "ledger.parked", 1);
  third = post (server);
  wp_harness_await_stat (server, "ledger.parked", 2);
  check (server, "PUT", "/workers", " 2\n", 200, "2\n");
  g_assert_cmpuint (wp_client_read_status (second), ==, 200);
  wp_harness_await_stat (server, "ledger.in_service", 2);
  check (server, "PUT", "/queue", "1", 200, "1\n");
  g_assert_cmpuint (wp_client_read_status (third), ==, 200);
  wp_harness_await_stat (server, "ledger.queued", 1);
  wp_harness_await_stat (server, "queue", 1);
  wp_harness_await_stat (server, "resizes", 2);
  check (server, "PUT", "/queue", "1", 200, "1\n"); /* the same */
  wp_harness_await_stat (server, "resizes", 2);
  check (server, "PUT", "/workers", "1", 200, "1\n"); /* two are in service, and stay */
  wp_harness_await_stat (server, "ledger.in_service", 2);
  wp_harness_await_stat (server, "ledger.balances", 1);
  wp_harness_await_log (server, "PUT /workers: workers from 1 to 2\n");
  wp_harness_await_log (server, "PUT /queue: queue from 0 to 1\n");
  stop (server);
}

/* A queue that stays full is one line, and that it has room again is another. */
static void
test_full_lines (void)
{
  g_autoptr (WpHarness) server = start ("WorkerPool", "0", "1", NULL);
  g_autoptr (WpClient) first = post (server), parked = NULL;
  g_autofree char *log = NULL;
  g_auto (GStrv) parts = NULL;

  g_assert_cmpuint (wp_client_read_status (first), ==, 200);
  parked = post (server);
  wp_harness_await_log (server, "queue full since ");
  check (server, "PUT", "/queue", "5", 200, "5\n");
  wp_harness_await_log (server, ": 1 blocked, 1 at most at once, none refused\n");
  log = wp_harness_log (server);
  parts = g_strsplit (log, "queue full since ", -1);
  g_assert_cmpuint (g_strv_length (parts), ==, 2);
  g_assert_nonnull (strstr (parts[1], "room again after "));
  stop (server);
}

/* The policy is for requests to come: a parked one stays. */
static void
test_policy (void)
{
  g_autoptr (WpHarness) server = start ("BufferedChannel", "0", "1", NULL);
  g_autoptr (WpClient) first = post (server), parked = NULL, rejected = NULL, late = NULL;

  g_assert_cmpuint (wp_client_read_status (first), ==, 200);
  parked = post (server);
  wp_harness_await_stat (server, "ledger.parked", 1);
  check (server, "PUT", "/policy", "when-full=reject", 200, "when-full=reject block-timeout=none\n");
  rejected = post (server);
  g_assert_cmpuint (wp_client_read_status (rejected), ==, 503);
  check (server, "PUT", "/policy", "block-timeout=1ms", 200, "when-full=block block-timeout=0.001s\n");
  late = post (server);
  g_assert_cmpuint (wp_client_read_status (late), ==, 503);
  g_assert_true (wp_client_is_silent (parked));
  wp_harness_await_stat (server, "ledger.parked", 1);
  wp_harness_await_stat (server, "ledger.timed_out", 1);
  check (server, "GET", "/policy", "", 200, "when-full=block block-timeout=0.001s\n");
  check (server, "GET", "/queue", "", 200, "0\n");
  stop (server);
}

static const struct {
  const char *method, *path, *headers, *body;
  guint status;
  const char *answer; /* its beginning */
} bad[] = {
  { "PUT", "/workers", "", "4", 401, "A valid bearer token of --admin-token-file is required.\n" },
  { "PUT", "/queue", "Authorization: Bearer wrong\r\n", "4", 401, "A valid bearer token" },
  { "PUT", "/workers", BEARER, "", 400, "workers: \"\" is not a number" },
  { "PUT", "/workers", BEARER, "0", 400, "workers: \"0\" is not a number from 1 to 4294967294\n" },
  { "PUT", "/workers", BEARER, "4294967295", 400, "workers: \"4294967295\" is not a number" },
  { "PUT", "/workers", BEARER, "-1", 400, "workers: \"-1\" is not a number" },
  { "PUT", "/workers", BEARER, "4 5", 400, "workers: \"4 5\" is not a number" },
  { "PUT", "/queue", BEARER, "4\n\x01\xff", 400, "queue: " },
  { "PUT", "/policy", BEARER, "", 400, "policy: \"\" is not a policy" },
  { "PUT", "/policy", BEARER, "reject", 400, "policy: \"reject\" is not a setting, as in when-full=block\n" },
  { "PUT", "/policy", BEARER, "workers=7", 400, "policy: \"workers\" is not a setting" },
  { "PUT", "/policy", BEARER, "when-full=reject when-full=block", 400,
    "policy: \"when-full\" is given twice\n" },
  { "PUT", "/policy", BEARER, "when-full=maybe", 400, "policy: when-full: \"maybe\" is not" },
  { "PUT", "/policy", BEARER, "when-full=reject block-timeout=5s", 400, "policy: --when-full=reject and" },
};

/* Each is refused with one line, counted, and changes nothing. */
static void
test_refused (void)
{
  g_autoptr (WpHarness) server = start ("WorkerPool", "3", "2", NULL);
  g_autofree char *digits = g_strnfill (5000, '1'), *log = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *answer = NULL;
      guint status = ask (server, bad[i].method, bad[i].path, bad[i].headers, bad[i].body, &answer);

      if (status != bad[i].status || !g_str_has_prefix (answer, bad[i].answer))
        g_error ("%u %s to %s of %s", status, answer, bad[i].path, bad[i].body);
      g_assert_true (strchr (answer, '\n') == answer + strlen (answer) - 1);
      g_assert_true (g_utf8_validate (answer, -1, NULL));
      wp_harness_await_stat (server, "resizes_refused", i + 1);
    }
  check (server, "PUT", "/queue", digits, 400, "queue: the value is too long\n");
  check (server, "POST", "/queue", "4", 405, "This listener supports only GET, HEAD and PUT here.\n");
  check (server, "PUT", "/stats.json", "4", 405, "This listener supports only GET and HEAD.\n");
  check (server, "GET", "/workers", "", 200, "2\n");
  check (server, "GET", "/queue", "", 200, "3\n");
  g_assert_cmpint (wp_harness_stat (server, "resizes"), ==, 0);
  log = wp_harness_log (server);
  g_assert_null (strstr (log, "PUT"));
  g_assert_null (strstr (log, TOKEN));
  wp_harness_stop (server);
}

/* The rest of such a body would otherwise be ignored. */
static void
test_zero_byte (void)
{
  static const char request[]
      = "PUT /workers HTTP/1.1\r\nHost: localhost\r\n" BEARER "Content-Length: 3\r\n\r\n4\0x";
  g_autoptr (WpHarness) server = start ("WorkerPool", "3", "2", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_admin_port (server));
  g_autoptr (WpHttpResponse) response = NULL;

  g_assert_true (wp_client_send_bytes (client, request, sizeof request - 1));
  response = wp_client_read (client);
  g_assert_nonnull (response);
  g_assert_cmpuint (response->status, ==, 400);
  g_assert_cmpstr (response->body, ==, "workers: the value has a byte of zero\n");
  check (server, "GET", "/workers", "", 200, "2\n");
  wp_harness_await_stat (server, "resizes_refused", 1);
  wp_harness_stop (server);
}

static void
check_conflicts (const char *mode, const char *option, const char *path, const char *answer)
{
  g_autoptr (WpHarness) server = start (mode, "3", "2", option);

  check (server, "PUT", path, "5", 409, answer);
  check (server, "GET", path, "", 409, answer);
  wp_harness_await_stat (server, "resizes_refused", 1);
  wp_harness_stop (server);
}

static void
test_not_in_this_mode (void)
{
  check_conflicts ("Default", NULL, "/queue", "Default mode has no queue that could be full.\n");
  check_conflicts ("Default", NULL, "/workers", "Default mode has no number of workers to change.\n");
  check_conflicts ("BufferedChannel", NULL, "/workers",
                   "BufferedChannel mode has no number of workers to change.\n");
  check_conflicts ("WorkerPool", "--dispatcher=spawning", "/queue",
                   "The queue of the spawning dispatcher has no limit.\n");
}

/* Without the option nobody may change sizes; and not with a token for requests. */
static void
test_no_admin_tokens (void)
{
  g_autoptr (WpHarness) server = wp_harness_new ();
  g_autofree char *answer = NULL, *log = NULL;

  write_file (server, "tokens", TOKEN "\n");
  wp_harness_start_again (server, "-m", "WorkerPool", "-d", "delay:0", "--token-file=tokens", NULL);
  g_assert_cmpuint (ask (server, "PUT", "/workers", BEARER, "4", &answer), ==, 403);
  g_assert_cmpstr (answer, ==, "Sizes cannot be changed here: the server has no --admin-token-file.\n");
  wp_harness_await_stat (server, "resizes_refused", 1);
  wp_harness_stop (server);
  g_assert_false (wp_harness_try (server, NULL, "-d", "delay:0", "--token-file=tokens",
                                  "--admin-token-file=./tokens", NULL));
  g_assert_cmpint (wp_harness_wait (server), ==, 2);
  log = wp_harness_log (server);
  g_assert_nonnull (strstr (log, "--admin-token-file is the file of --token-file: its clients could change"));
}

static void
reload (WpHarness *server, const char *config, const char *logged)
{
  write_file (server, "wp.conf", config);
  wp_harness_signal (server, SIGHUP);
  wp_harness_await_log (server, logged);
}

/* A changed file changes the sizes that it changes, under the command line; a logrotate's SIGHUP none. */
static void
test_reloaded (void)
{
  g_autoptr (WpHarness) server = wp_harness_new ();
  g_autofree char *log = NULL;

  write_file (server, "admin-tokens", TOKEN "\n");
  write_file (server, "wp.conf", "mode = WorkerPool\nqueue = 3\nworkers = 2\n");
  wp_harness_start_again (server, "-d", "delay:0", "--config=wp.conf", "-q", "9",
                          "--admin-token-file=admin-tokens", NULL);
  check (server, "PUT", "/workers", "5", 200, "5\n");
  reload (server, "mode = WorkerPool\nqueue = 4\nworkers = 2\nadmin-host = a\nmax-body = 5k\n",
          "wp.conf: max-body needs a restart\n");
  wp_harness_await_log (server, "the admin tokens were reloaded\n");
  check (server, "GET", "/workers", "", 200, "5\n");
  check (server, "GET", "/queue", "", 200, "9\n");
  reload (server, "mode = WorkerPool\nworkers = 3\nwhen-full = reject\n",
          "SIGHUP: workers from 5 to 3, when-full from block to reject\n");
  reload (server, "mode = WorkerPool\nworkers = 0\n",
          "the configuration was not reloaded: wp.conf:2: workers: \"0\" is not a number");
  check (server, "GET", "/workers", "", 200, "3\n");
  check (server, "GET", "/policy", "", 200, "when-full=reject block-timeout=none\n");
  wp_harness_await_stat (server, "resizes", 2);
  wp_harness_await_stat (server, "resizes_refused", 1);
  log = wp_harness_log (server);
  g_assert_nonnull (strstr (log, "wp.conf: admin-host needs a restart\n"));
  g_assert_null (strstr (log, "queue needs"));
  wp_harness_stop (server);
}

static void
make_fifo (const char *path)
{
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
}

static void
make_folder (const char *path)
{
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
}

static void
make_endless (const char *path)
{
  g_assert_cmpint (symlink ("/dev/zero", path), ==, 0);
}

static void
make_large (const char *path)
{
  g_autofree char *value = g_strnfill (10 << 20, '7');

  g_assert_true (g_file_set_contents (path, value, -1, NULL));
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
}

static void
make_long_line (const char *path)
{
  g_autofree char *value = g_strnfill (1 << 19, '7'), *text = g_strconcat ("\nworkers = ", value, "\n", NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
}

/* Each is one line, and the server goes on with what it had. */
static void
test_reloaded_from_odd_files (void)
{
  static const struct {
    void (*make) (const char *path);
    const char *config, *tokens;
  } files[] = {
    { make_fifo, "wp.conf: not a regular file", "admin-tokens: not a regular file" },
    { make_folder, "wp.conf: not a regular file", "admin-tokens: not a regular file" },
    { make_endless, "wp.conf: not a regular file", "admin-tokens: not a regular file" },
    { make_large, "wp.conf: larger than 1 MiB", "admin-tokens: larger than 1 MiB" },
    { make_long_line, "wp.conf:2: the line has more than 4096 bytes", "admin-tokens:2: not a bearer token" },
  };
  g_autoptr (WpHarness) server = wp_harness_new ();
  g_autofree char *config = wp_harness_path (server, "wp.conf"),
                  *tokens = wp_harness_path (server, "admin-tokens");

  write_file (server, "admin-tokens", TOKEN "\n");
  write_file (server, "wp.conf", "mode = WorkerPool\nworkers = 2\n");
  wp_harness_start_again (server, "-d", "delay:0", "--config=wp.conf", "--admin-token-file=admin-tokens",
                          NULL);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *not_config
          = g_strconcat ("the configuration was not reloaded: ", files[i].config, NULL),
          *not_tokens = g_strconcat ("the admin tokens were not reloaded: ", files[i].tokens, NULL);

      g_assert_cmpint (g_remove (config), ==, 0);
      g_assert_cmpint (g_remove (tokens), ==, 0);
      files[i].make (config);
      files[i].make (tokens);
      wp_harness_signal (server, SIGHUP);
      wp_harness_await_stat (server, "resizes_refused", i + 1);
      wp_harness_await_log (server, not_config);
      wp_harness_await_log (server, not_tokens);
      check (server, "PUT", "/workers", i % 2 == 0 ? "3" : "2", 200, i % 2 == 0 ? "3\n" : "2\n");
    }
  wp_harness_stop (server);
}

/* Four requests of 20 ms. */
static void
post_four (WpHarness *server, WpClient **clients)
{
  for (guint i = 0; i < 4; i++)
    {
      clients[i] = wp_client_new (wp_harness_port (server));
      wp_client_post (clients[i], "/", "X-WP-Service: 0.02\r\n", "x", 1);
    }
}

static void
read_four (WpClient **clients)
{
  for (guint i = 0; i < 4; i++)
    {
      g_assert_cmpuint (wp_client_read_status (clients[i]), ==, 200);
      wp_client_free (clients[i]);
    }
}

/* The model follows the changes that the record has, so it equals the record. */
static void
test_record (void)
{
  g_autoptr (WpHarness) server = start ("WorkerPool", "0", "1", "--record=record.csv");
  g_autofree char *record = wp_harness_path (server, "record.csv"),
                  *sim = g_build_filename (g_getenv ("WP_BUILD_ROOT"), "sim", "wp-sim", NULL);
  const char *argv[] = { sim, "--against", record, record, NULL };
  static const char *const sizes[][2]
      = { { "/queue", "3" }, { "/workers", "3" }, { "/queue", "0" }, { "/workers", "1" } };
  g_autofree char *output = NULL;
  int status;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      WpClient *clients[4];
      g_autofree char *now = g_strconcat (sizes[i][1], "\n", NULL);

      post_four (server, clients);
      check (server, "PUT", sizes[i][0], sizes[i][1], 200, now);
      read_four (clients);
    }
  wp_harness_await_stat (server, "ledger.in_service", 0);
  wp_harness_stop (server);
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, 0, NULL, NULL, &output, NULL, &status, NULL));
  g_assert_true (g_spawn_check_wait_status (status, NULL));
  g_assert_nonnull (strstr (output, "change as in the record (4 times)"));
  g_assert_nonnull (strstr (output, "model check: equals the record, given its arrivals and services"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/resized/grow", test_grow);
  g_test_add_func ("/resized/full-lines", test_full_lines);
  g_test_add_func ("/resized/policy", test_policy);
  g_test_add_func ("/resized/refused", test_refused);
  g_test_add_func ("/resized/zero-byte", test_zero_byte);
  g_test_add_func ("/resized/not-in-this-mode", test_not_in_this_mode);
  g_test_add_func ("/resized/no-admin-tokens", test_no_admin_tokens);
  g_test_add_func ("/resized/reloaded", test_reloaded);
  g_test_add_func ("/resized/reloaded-from-odd-files", test_reloaded_from_odd_files);
  g_test_add_func ("/resized/record", test_record);

  return g_test_run ();
}
