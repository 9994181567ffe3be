/* A client leaves while its request is parked: the request is dropped at once, its job never runs, and later
 * requests move up. With --ack=stored a queued job is dropped too. */
#include "tests/e2e/wp-crowd.h"
#include "tests/e2e/wp-hold.h"

#include <string.h>

/* Two places (one in service, one queued) are taken while the database is held; "c", "d" and "e" are parked,
 * in this order. */
typedef struct {
  WpHarness *server;
  WpHold *hold;
  WpClient *clients[5];
} Line;

static void
send_job (WpHarness *server, WpClient *client, const char *id)
{
  g_autofree char *header = g_strdup_printf ("X-Request-Id: %s\r\n", id);
  double received = wp_harness_stat (server, "ledger.received");

  wp_client_post (client, "/", header, id, strlen (id));
  wp_harness_await_stat (server, "ledger.received", received + 1);
}

static void
line_init (Line *self, gconstpointer data)
{
  static const char *const ids[] = { "a", "b", "c", "d", "e" };

  self->server
      = wp_harness_start ("--threads=2", "-m", "BufferedChannel", "-q", "1", "--record=record.csv", NULL);
  self->hold = wp_hold_new (self->server, "wp.db");
  for (guint i = 0; i < 5; i++)
    {
      self->clients[i] = wp_client_new (wp_harness_port (self->server));
      send_job (self->server, self->clients[i], ids[i]);
    }
  g_assert_cmpuint (wp_client_read_status (self->clients[0]), ==, 200);
  g_assert_cmpuint (wp_client_read_status (self->clients[1]), ==, 200);
  wp_harness_await_stat (self->server, "ledger.parked", 3);
}

static void
line_clear (Line *self, gconstpointer data)
{
  for (guint i = 0; i < 5; i++)
    g_clear_pointer (&self->clients[i], wp_client_free);
  wp_hold_free (self->hold);
  wp_harness_free (self->server);
}

/* Those of @ids ("ace") are stored and recorded so, the others of "abcde" were abandoned. */
static void
check_end (Line *self, const char *ids)
{
  const WpRow *rows;
  gsize n_rows;

  for (guint i = 0; i < 5; i++)
    g_clear_pointer (&self->clients[i], wp_client_free);
  wp_harness_stop (self->server);
  g_assert_cmpuint (wp_harness_ledger (self->server, "stored"), ==, strlen (ids));
  g_assert_cmpuint (wp_harness_ledger (self->server, "abandoned"), ==, 5 - strlen (ids));
  g_assert_cmpint (wp_harness_count_rows (self->server, "wp.db", "1"), ==, strlen (ids));
  rows = wp_harness_record (self->server, "record.csv", &n_rows);
  g_assert_cmpuint (n_rows, ==, 5);
  for (guint i = 0; i < 5; i++)
    {
      g_autofree char *where = g_strdup_printf ("id = '%s'", rows[i].id);
      gboolean stays = strstr (ids, rows[i].id) != NULL;

      g_assert_cmpint (rows[i].id[0], ==, "abcde"[i]);
      g_assert_cmpint (rows[i].outcome, ==, stays ? WP_OUTCOME_STORED : WP_OUTCOME_ABANDONED);
      g_assert_cmpint (rows[i].blocked, ==, i >= 2);
      g_assert_cmpint (rows[i].accepted_ns != WP_TIME_NONE, ==, stays);
      g_assert_cmpint (rows[i].started_ns != WP_TIME_NONE, ==, stays);
      g_assert_cmpint (wp_harness_count_rows (self->server, "wp.db", where), ==, stays);
    }
}

static void
await_left (Line *self, guint n)
{
  wp_harness_await_stat (self->server, "ledger.abandoned", n);
  wp_harness_await_stat (self->server, "ledger.parked", 3 - n);
  wp_harness_await_stat (self->server, "blocked", 3);
}

/* While the database is still held. */
static void
test_closes (Line *self, gconstpointer data)
{
  g_clear_pointer (&self->clients[3], wp_client_free);
  await_left (self, 1);
  wp_hold_release (self->hold);
  g_assert_cmpuint (wp_client_read_status (self->clients[2]), ==, 200);
  g_assert_cmpuint (wp_client_read_status (self->clients[4]), ==, 200);
  check_end (self, "abce");
}

static void
test_resets (Line *self, gconstpointer data)
{
  wp_client_reset (self->clients[2]);
  await_left (self, 1);
  wp_hold_release (self->hold);
  g_assert_cmpuint (wp_client_read_status (self->clients[3]), ==, 200);
  g_assert_cmpuint (wp_client_read_status (self->clients[4]), ==, 200);
  check_end (self, "abde");
}

/* A client that has ended its sending side alone can read that its job will not run. */
static void
check_told (WpClient *client)
{
  g_autoptr (WpHttpResponse) response = wp_client_read (client);
  g_autofree char *connection = NULL;

  g_assert_nonnull (response);
  g_assert_cmpuint (response->status, ==, 503);
  connection = wp_http_response_header (response, "Connection");
  g_assert_cmpstr (connection, ==, "close");
  g_assert_true (wp_client_read_end (client));
}

/* End of file from the client is leaving. */
static void
test_half_closes (Line *self, gconstpointer data)
{
  wp_client_half_close (self->clients[4]);
  await_left (self, 1);
  check_told (self->clients[4]);
  wp_hold_release (self->hold);
  g_assert_cmpuint (wp_client_read_status (self->clients[2]), ==, 200);
  g_assert_cmpuint (wp_client_read_status (self->clients[3]), ==, 200);
  check_end (self, "abcd");
}

static void
test_all_leave (Line *self, gconstpointer data)
{
  wp_client_reset (self->clients[3]);
  wp_client_half_close (self->clients[2]);
  g_clear_pointer (&self->clients[4], wp_client_free);
  await_left (self, 3);
  wp_hold_release (self->hold);
  check_end (self, "ab");
}

/* Accepted jobs run even if their clients have left. */
static void
test_leaves_after_its_acceptance (Line *self, gconstpointer data)
{
  wp_client_reset (self->clients[0]);
  g_clear_pointer (&self->clients[1], wp_client_free);
  g_assert_true (wp_client_is_silent (self->clients[2]));
  wp_hold_release (self->hold);
  for (guint i = 2; i < 5; i++)
    g_assert_cmpuint (wp_client_read_status (self->clients[i]), ==, 200);
  check_end (self, "abcde");
}

/* Its next request was sent already, and goes with it. */
static void
test_leaves_with_a_request_in_the_pipe (Line *self, gconstpointer data)
{
  wp_client_get (self->clients[3], "/next", "X-Request-Id: next\r\n");
  wp_client_half_close (self->clients[3]);
  await_left (self, 1);
  check_told (self->clients[3]);
  wp_hold_release (self->hold);
  g_assert_cmpuint (wp_client_read_status (self->clients[4]), ==, 200);
  wp_harness_await_stat (self->server, "ledger.received", 5);
  check_end (self, "abce");
}

/* The place that a leaver would have had is its follower's, and a newcomer stands at the end. */
static void
test_those_behind_move_up (Line *self, gconstpointer data)
{
  g_autoptr (WpClient) last = wp_client_new (wp_harness_port (self->server));
  const WpRow *rows;
  gsize n_rows;

  g_clear_pointer (&self->clients[2], wp_client_free);
  await_left (self, 1);
  send_job (self->server, last, "f");
  wp_hold_release (self->hold);
  g_assert_cmpuint (wp_client_read_status (last), ==, 200);
  wp_harness_stop (self->server);
  rows = wp_harness_record (self->server, "record.csv", &n_rows);
  g_assert_cmpuint (n_rows, ==, 6);
  g_assert_cmpint (rows[3].accepted_ns, ==, rows[1].started_ns); /* "d" has the place that "b" left */
  g_assert_cmpint (rows[4].accepted_ns, ==, rows[3].started_ns);
  g_assert_cmpint (rows[5].accepted_ns, ==, rows[4].started_ns);
  g_assert_cmpint (rows[2].ended_ns, <, rows[1].started_ns);
}

/* With --ack=stored: "a" is in service, "b" and "c" are queued, "d" and "e" parked, and nobody is answered
 * yet. */
static void
stored_line_init (Line *self, gconstpointer option)
{
  static const char *const ids[] = { "a", "b", "c", "d", "e" };

  self->server = wp_harness_start ("--threads=2", "-m", "BufferedChannel", "-q", "2", "--ack=stored",
                                   "--record=record.csv", option, NULL);
  self->hold = wp_hold_new (self->server, "wp.db");
  for (guint i = 0; i < 5; i++)
    {
      self->clients[i] = wp_client_new (wp_harness_port (self->server));
      send_job (self->server, self->clients[i], ids[i]);
    }
  wp_harness_await_stat (self->server, "ledger.queued", 2);
  wp_harness_await_stat (self->server, "ledger.parked", 2);
}

static const WpRow *
stop_and_read (Line *self)
{
  const WpRow *rows;
  gsize n_rows;

  wp_harness_stop (self->server);
  rows = wp_harness_record (self->server, "record.csv", &n_rows);
  g_assert_cmpuint (n_rows, ==, 5);

  return rows;
}

/* Nothing was acknowledged: the place of a client that left goes at once to a parked request. */
static void
test_queued_and_not_stored (Line *self, gconstpointer data)
{
  const WpRow *rows;

  g_clear_pointer (&self->clients[1], wp_client_free);
  wp_harness_await_stat (self->server, "ledger.abandoned", 1);
  wp_harness_await_stat (self->server, "ledger.queued", 2);
  wp_harness_await_stat (self->server, "ledger.parked", 1);
  wp_client_half_close (self->clients[3]);
  check_told (self->clients[3]);
  wp_harness_await_stat (self->server, "ledger.abandoned", 2);
  wp_harness_await_stat (self->server, "ledger.parked", 0);
  wp_hold_release (self->hold);
  g_assert_cmpuint (wp_client_read_status (self->clients[0]), ==, 200);
  g_assert_cmpuint (wp_client_read_status (self->clients[2]), ==, 200);
  g_assert_cmpuint (wp_client_read_status (self->clients[4]), ==, 200);
  rows = stop_and_read (self);
  g_assert_cmpint (wp_harness_count_rows (self->server, "wp.db", "id IN ('a', 'c', 'e')"), ==, 3);
  g_assert_cmpint (wp_harness_count_rows (self->server, "wp.db", "1"), ==, 3);
  g_assert_cmpint (rows[1].outcome, ==, WP_OUTCOME_ABANDONED);
  g_assert_cmpint (rows[1].accepted_ns, ==, rows[1].arrival_ns);
  g_assert_cmpint (rows[1].started_ns, ==, WP_TIME_NONE);
  g_assert_cmpint (rows[3].outcome, ==, WP_OUTCOME_ABANDONED);
  g_assert_cmpint (rows[3].accepted_ns, ==, rows[1].ended_ns);
  g_assert_cmpint (rows[4].accepted_ns, ==, rows[3].ended_ns);
}

/* A job in service continues and is stored, in the record too. */
static void
test_in_service_and_not_stored (Line *self, gconstpointer data)
{
  g_clear_pointer (&self->clients[0], wp_client_free);
  wp_client_half_close (self->clients[2]);
  check_told (self->clients[2]);
  wp_hold_release (self->hold);
  g_assert_cmpuint (wp_client_read_status (self->clients[1]), ==, 200);
  g_assert_cmpuint (wp_client_read_status (self->clients[3]), ==, 200);
  g_assert_cmpuint (wp_client_read_status (self->clients[4]), ==, 200);
  g_assert_cmpint (stop_and_read (self)[0].outcome, ==, WP_OUTCOME_STORED);
  g_assert_cmpint (wp_harness_count_rows (self->server, "wp.db", "id IN ('a', 'b', 'd', 'e')"), ==, 4);
}

/* --keep-abandoned: queued jobs run, and a half-closed connection gets its response; a parked request is
 * still dropped. */
static void
test_keep_abandoned (Line *self, gconstpointer data)
{
  g_autofree char *record = NULL;
  const WpRow *rows;

  wp_client_half_close (self->clients[1]);
  wp_client_reset (self->clients[2]);
  wp_client_half_close (self->clients[3]);
  check_told (self->clients[3]);
  wp_harness_await_stat (self->server, "ledger.queued", 2);
  wp_hold_release (self->hold);
  g_assert_cmpuint (wp_client_read_status (self->clients[1]), ==, 200);
  g_assert_cmpuint (wp_client_read_status (self->clients[4]), ==, 200);
  rows = stop_and_read (self);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpint (rows[i].outcome, ==, i == 3 ? WP_OUTCOME_ABANDONED : WP_OUTCOME_STORED);
  record = wp_harness_read_file (self->server, "record.csv");
  g_assert_nonnull (strstr (record, "# ack: stored\n"));
  g_assert_nonnull (strstr (record, "# keep-abandoned: true\n"));
  g_assert_null (strstr (record, "\n-")); /* times count from the first arrival, whenever that ends */
}

/* Nothing was acknowledged, so the journal drops the job too: after a crash only the jobs of clients that
 * stayed run. */
static void
test_left_before_a_crash (Line *self, gconstpointer data)
{
  g_clear_pointer (&self->clients[1], wp_client_free);
  wp_harness_await_stat (self->server, "ledger.abandoned", 1);
  while (wp_harness_count_rows (self->server, "jobs.journal", "id = 'b' OR id NOT IN ('a', 'c', 'd')") > 0
         || wp_harness_count_rows (self->server, "jobs.journal", "1") < 3)
    ;
  wp_harness_signal (self->server, SIGKILL);
  wp_harness_wait (self->server);
  wp_hold_release (self->hold);
  wp_harness_start_again (self->server, "-m", "BufferedChannel", "--journal=jobs.journal", NULL);
  wp_harness_await_log (self->server, "recovered 3 jobs");
  wp_harness_stop (self->server);
  g_assert_cmpint (wp_harness_count_rows (self->server, "wp.db", "id IN ('a', 'c', 'd')"), ==, 3);
  g_assert_cmpint (wp_harness_count_rows (self->server, "wp.db", "1"), ==, 3);
}

/* A connection that was used before is watched no less. */
static void
test_keep_alive_connection (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "BufferedChannel", "-q", "0", NULL);
  g_autoptr (WpClient) first = wp_client_new (wp_harness_port (server)),
                       stays = wp_client_new (wp_harness_port (server));
  WpClient *leaver = wp_client_new (wp_harness_port (server));
  g_autoptr (WpHold) hold = NULL;

  for (guint i = 0; i < 3; i++)
    {
      send_job (server, leaver, "before");
      g_assert_cmpuint (wp_client_read_status (leaver), ==, 200);
    }
  wp_harness_await_stat (server, "ledger.stored", 3);
  hold = wp_hold_new (server, "wp.db");
  send_job (server, first, "first");
  send_job (server, leaver, "leaver");
  send_job (server, stays, "stays");
  wp_client_free (leaver);
  wp_harness_await_stat (server, "ledger.abandoned", 1);
  wp_hold_release (hold);
  g_assert_cmpuint (wp_client_read_status (stays), ==, 200);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "stored"), ==, 5);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "id = 'leaver'"), ==, 0);
}

/* Every other one of a thousand goes. */
static void
test_many_leave (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("--threads=2", "-m", "WorkerPool", "-q", "10", "-w", "10", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  guint left = 0;

  wp_crowd_send (crowd, 1020, NULL);
  wp_crowd_await (crowd, 20);
  wp_harness_await_stat (server, "ledger.parked", 1000);
  wp_crowd_look (crowd);
  for (guint i = 0; i < 1020 && left < 500; i++)
    if (wp_crowd_status (crowd, i) == 0 && i % 2)
      {
        wp_crowd_leave (crowd, i);
        left++;
      }
  wp_harness_await_stat (server, "ledger.abandoned", left);
  wp_hold_release (hold);
  wp_crowd_await (crowd, 1020 - left);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "stored"), ==, 1020 - left);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 1020 - left);
  for (guint i = 0; i < 1020; i++)
    if (wp_crowd_status (crowd, i) == 0)
      {
        g_autofree char *where = g_strdup_printf ("id = '%u'", i);

        g_assert_cmpint (wp_harness_count_rows (server, "wp.db", where), ==, 0);
      }
}

/* Whenever they go, before their place is free, at that moment or after: each job ends once, as abandoned or
 * stored. */
static void
test_leave_at_any_moment (gconstpointer option)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=2", "-m", "WorkerPool", "-q", "2", "-w", "2",
                                                   "-d", "delay:500us", "--record=record.csv", option, NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  guint seed = g_test_rand_int (), n = 3000;
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  const WpRow *rows;
  guint64 n_stored;
  gsize n_rows;

  g_test_message ("seed %u", seed);
  for (guint i = 0; i < n; i++)
    {
      wp_crowd_send (crowd, 1, i % 3 ? NULL : "X-WP-Service: 1\r\nX-WP-Service: 2\r\n");
      wp_crowd_leave (crowd, (guint) g_rand_int_range (random, (gint) (i > 60 ? i - 60 : 0), (gint) i + 1));
    }
  g_clear_pointer (&crowd, wp_crowd_free);
  wp_harness_await_stat (server, "connections", 0);
  wp_harness_stop (server);
  n_stored = wp_harness_ledger (server, "stored");
  g_test_message ("%" G_GUINT64_FORMAT " stored, %" G_GUINT64_FORMAT " abandoned", n_stored,
                  wp_harness_ledger (server, "abandoned"));
  g_assert_cmpuint (n_stored + wp_harness_ledger (server, "abandoned"), ==,
                    wp_harness_ledger (server, "received"));
  rows = wp_harness_record (server, "record.csv", &n_rows);
  g_assert_cmpuint (n_rows, ==, wp_harness_ledger (server, "received"));
  for (guint i = 0; i < n_rows; i++)
    n_stored -= rows[i].outcome == WP_OUTCOME_STORED;
  g_assert_cmpuint (n_stored, ==, 0);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*func) (Line *line, gconstpointer data);
    const char *option; /* of a line whose jobs are answered when they are stored */
  } tests[] = {
    { "/client-left/closes", test_closes },
    { "/client-left/resets", test_resets },
    { "/client-left/half-closes", test_half_closes },
    { "/client-left/all-leave", test_all_leave },
    { "/client-left/after-its-acceptance", test_leaves_after_its_acceptance },
    { "/client-left/with-a-request-in-the-pipe", test_leaves_with_a_request_in_the_pipe },
    { "/client-left/those-behind-move-up", test_those_behind_move_up },
    { "/client-left/queued-and-not-stored", test_queued_and_not_stored, "--ack=stored" },
    { "/client-left/in-service-and-not-stored", test_in_service_and_not_stored, "--ack=stored" },
    { "/client-left/keep-abandoned", test_keep_abandoned, "--keep-abandoned" },
    { "/client-left/before-a-crash", test_left_before_a_crash, "--journal=jobs.journal" },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Line, tests[i].option, tests[i].option ? stored_line_init : line_init,
                tests[i].func, line_clear);
  g_test_add_func ("/client-left/keep-alive-connection", test_keep_alive_connection);
  g_test_add_func ("/client-left/many", test_many_leave);
  g_test_add_data_func ("/client-left/at-any-moment", "--ack=accepted", test_leave_at_any_moment);
  g_test_add_data_func ("/client-left/at-any-moment-without-storing", "--ack=stored",
                        test_leave_at_any_moment);

  return g_test_run ();
}
