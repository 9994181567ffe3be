/* SIGTERM under load: accepted jobs finish, waiting requests get a response, new clients are refused, and the
 * ledger balances. */
#include "tests/e2e/wp-crowd.h"
#include "tests/e2e/wp-hold.h"
#include "tests/e2e/wp-watch.h"

#include <string.h>

static WpClient *
post (WpHarness *server, const char *id)
{
  WpClient *client = wp_client_new (wp_harness_port (server));
  g_autofree char *header = g_strdup_printf ("X-Request-Id: %s\r\n", id);
  double received = wp_harness_stat (server, "ledger.received");

  wp_client_post (client, "/", header, "x", 1);
  wp_harness_await_stat (server, "ledger.received", received + 1);

  return client;
}

static guint
ask_admin (const WpHarness *server, const char *path)
{
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (server));

  wp_client_get (admin, path, NULL);
  return wp_client_read_status (admin);
}

static void
await_refusal (const WpHarness *server)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;

  for (;;)
    {
      g_autoptr (WpClient) client = wp_client_try (wp_harness_port (server));

      if (!client)
        return;
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
    }
}

static void
test_parked_and_queued_are_done (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "WorkerPool", "-q", "5", "-w", "3", "--record=record.csv", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  const WpRow *rows;
  gsize n_rows;
  WpWatch *watch = wp_watch_new (wp_harness_admin_port (server));

  wp_crowd_send (crowd, 400, NULL);
  wp_harness_await_stat (server, "ledger.parked", 392);
  wp_harness_signal (server, SIGTERM);
  wp_harness_await_log (server, "draining");
  await_refusal (server);
  wp_hold_release (hold);
  wp_crowd_await (crowd, 400);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 400);
  g_assert_cmpint (wp_harness_wait (server), ==, 0);
  g_assert_cmpuint (wp_watch_free (watch), >, 0);
  g_assert_cmpuint (wp_harness_ledger (server, "stored"), ==, 400);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 400);
  rows = wp_harness_record (server, "record.csv", &n_rows);
  g_assert_cmpuint (n_rows, ==, 400);
  for (guint i = 0; i < n_rows; i++)
    g_assert_cmpint (rows[i].outcome, ==, WP_OUTCOME_STORED);
}

static void
test_not_ready_first (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "BufferedChannel", "-q", "0", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpClient) first = post (server, "1"), parked = post (server, "2");
  g_autoptr (WpHttpResponse) response = NULL;
  g_autofree char *connection = NULL;

  g_assert_cmpuint (wp_client_read_status (first), ==, 200);
  g_assert_cmpuint (ask_admin (server, "/readyz"), ==, 200);
  wp_harness_signal (server, SIGTERM);
  wp_harness_await_log (server,
                        "draining for at most 30.0 s; another signal after 0.5 s stops the server at once\n");
  g_assert_cmpuint (ask_admin (server, "/readyz"), ==, 503);
  g_assert_cmpuint (ask_admin (server, "/healthz"), ==, 200);
  wp_harness_await_stat (server, "ready", 0);
  await_refusal (server);
  g_assert_true (wp_client_is_silent (parked));
  wp_hold_release (hold);
  response = wp_client_read (parked);
  g_assert_nonnull (response);
  g_assert_cmpuint (response->status, ==, 200);
  connection = wp_http_response_header (response, "Connection");
  g_assert_cmpstr (connection, ==, "close");
  g_assert_true (wp_client_read_end (parked));
  g_assert_cmpint (wp_harness_wait (server), ==, 0);
}

/* A request whose end was still on its way when the drain began. */
static void
test_half_a_request (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=2", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (WpHttpResponse) response = NULL;
  g_autofree char *connection = NULL;

  wp_client_send (client, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n01234");
  wp_harness_await_stat (server, "connections", 1);
  wp_harness_signal (server, SIGTERM);
  wp_harness_await_log (server, "draining");
  await_refusal (server);
  for (const char *byte = "56789"; *byte; byte++)
    {
      g_usleep (100000); /* the pace of the body: no end without it */
      wp_client_send_bytes (client, byte, 1);
    }
  response = wp_client_read (client);
  g_assert_nonnull (response);
  g_assert_cmpuint (response->status, ==, 200);
  connection = wp_http_response_header (response, "Connection");
  g_assert_cmpstr (connection, ==, "close");
  g_assert_true (wp_client_read_end (client));
  g_assert_cmpint (wp_harness_wait (server), ==, 0);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "body = CAST('0123456789' AS BLOB)"), ==, 1);
}

typedef struct {
  const WpHarness *server;
  guint number;
  GPtrArray *answered; /* (element-type utf8): ids with a 200 */
} Hammer;

/* One request after another on a kept connection, and a new connection where that ends, until there is none.
 */
static gpointer
hammer (gpointer data)
{
  Hammer *self = data;
  WpClient *client = NULL;

  for (guint i = 0;; i++)
    {
      g_autofree char *id = g_strdup_printf ("%u-%u", self->number, i);
      g_autofree char *text = g_strdup_printf (
          "POST / HTTP/1.1\r\nHost: test\r\nX-Request-Id: %s\r\nContent-Length: 1\r\n\r\nx", id);
      guint status;

      if (!client && !(client = wp_client_try (wp_harness_port (self->server))))
        return NULL;
      status = wp_client_send (client, text) ? wp_client_read_status (client) : 0;
      if (status == 200)
        g_ptr_array_add (self->answered, g_steal_pointer (&id));
      else
        g_clear_pointer (&client, wp_client_free);
    }
}

/* Every 200 that a client saw is a row, and every row is in the books. */
static void
check_hammered (WpHarness *server, Hammer *hammers, guint n)
{
  guint answered = 0;
  const WpRow *rows;
  g_autoptr (GHashTable) stored = g_hash_table_new (g_str_hash, g_str_equal);
  gsize n_rows;

  rows = wp_harness_record (server, "record.csv", &n_rows);
  for (gsize i = 0; i < n_rows; i++)
    {
      g_assert_cmpint (rows[i].outcome, ==, WP_OUTCOME_STORED);
      g_hash_table_add (stored, (gpointer) rows[i].id);
    }
  for (guint i = 0; i < n; i++)
    {
      for (guint j = 0; j < hammers[i].answered->len; j++)
        g_assert_true (g_hash_table_contains (stored, hammers[i].answered->pdata[j]));
      answered += hammers[i].answered->len;
      g_ptr_array_unref (hammers[i].answered);
    }
  g_test_message ("%u answered, %" G_GSIZE_FORMAT " stored", answered, n_rows);
  g_assert_cmpuint (answered, >, 0);
  g_assert_cmpuint (wp_harness_ledger (server, "stored"), ==, n_rows);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, n_rows);
  g_assert_cmpuint (wp_harness_ledger (server, "received"), ==, n_rows);
}

static void
test_under_load (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=2", "-m", "WorkerPool", "-q", "2", "-w", "2",
                                                   "--drain-timeout=90s", "--record=record.csv", NULL);
  Hammer hammers[8];
  GThread *threads[8];
  WpWatch *watch = wp_watch_new (wp_harness_admin_port (server));

  for (guint i = 0; i < 8; i++)
    {
      hammers[i] = (Hammer){ server, i, g_ptr_array_new_with_free_func (g_free) };
      threads[i] = g_thread_new ("hammer", hammer, &hammers[i]);
    }
  while (wp_harness_stat (server, "ledger.stored") < 1000)
    ;
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (server), ==, 0);
  g_assert_cmpuint (wp_watch_free (watch), >, 0);
  for (guint i = 0; i < 8; i++)
    g_thread_join (threads[i]);
  check_hammered (server, hammers, 8);
}

/* Thousands of clients that had connected but were not accepted yet are served too. */
static void
test_backlog_is_served (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("--threads=2", "-d", "delay:0", "--drain-timeout=90s", NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  if (!wp_crowd_has_room (2100))
    {
      g_test_skip ("the limit of descriptors is too low");
      return;
    }
  wp_harness_signal (server, SIGSTOP);
  wp_crowd_send (crowd, 2000, NULL);
  g_assert_cmpuint (wp_crowd_look (crowd), ==, 0);
  wp_harness_signal (server, SIGTERM);
  wp_harness_signal (server, SIGCONT);
  wp_crowd_await (crowd, 2000);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 2000);
  g_assert_cmpint (wp_harness_wait (server), ==, 0);
  g_assert_cmpuint (wp_harness_ledger (server, "stored"), ==, 2000);
}

/* Connections that are kept alive, and then not used, hold nothing up: those idle before, and those just
 * being answered. The server stands still while the last requests are sent: they are there, however slow the
 * machine, when it looks for them for the last time. */
static void
test_kept_connections_end (void)
{
  for (guint round = 0; round < 2; round++)
    {
      g_autoptr (WpHarness) server
          = wp_harness_start ("--threads=2", "-d", "delay:0", "--drain-timeout=90s", NULL);
      g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);

      for (guint i = 0; i < 100; i++)
        g_ptr_array_add (clients, wp_client_new (wp_harness_port (server)));
      for (guint i = 0; i < 100; i += 2)
        wp_client_get (clients->pdata[i], "/", NULL);
      for (guint i = 0; i < 100; i += 2)
        g_assert_cmpuint (wp_client_read_status (clients->pdata[i]), ==, 200);
      for (guint i = 0; i < 100; i++)
        {
          if (i == 50)
            {
              wp_harness_signal (server, SIGSTOP);
              wp_harness_signal (server, SIGTERM);
            }
          wp_client_get (clients->pdata[i], "/", NULL);
        }
      wp_harness_signal (server, SIGCONT);
      g_assert_cmpint (wp_harness_wait (server), ==, 0);
      g_assert_cmpuint (wp_harness_ledger (server, "received"), ==, 150);
      for (guint i = 0; i < 100; i++)
        g_assert_cmpuint (wp_client_read_status (clients->pdata[i]), ==, 200);
    }
}

/* Nor do idle connections, used before or never, whatever --idle-timeout is. */
static void
test_idle_connections_end (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("--threads=2", "-d", "delay:0", "--idle-timeout=1h", "--drain-timeout=1h", NULL);
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);

  for (guint i = 0; i < 60; i++)
    {
      g_ptr_array_add (clients, wp_client_new (wp_harness_port (server)));
      if (i % 2 == 0)
        wp_client_get (clients->pdata[i], "/", NULL);
    }
  for (guint i = 0; i < 60; i += 2)
    g_assert_cmpuint (wp_client_read_status (clients->pdata[i]), ==, 200);
  wp_harness_await_stat (server, "connections", 60);
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (server), ==, 0);
  for (guint i = 0; i < 60; i++)
    g_assert_true (wp_client_read_end (clients->pdata[i]));
  g_assert_cmpuint (wp_harness_ledger (server, "received"), ==, 30);
}

/* Nothing to do: it ends, and at once. */
static void
test_idle (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--drain-timeout=90s", NULL);

  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "received"), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/drain/parked-and-queued-are-done", test_parked_and_queued_are_done);
  g_test_add_func ("/drain/not-ready-first", test_not_ready_first);
  g_test_add_func ("/drain/half-a-request", test_half_a_request);
  g_test_add_func ("/drain/under-load", test_under_load);
  g_test_add_func ("/drain/backlog-is-served", test_backlog_is_served);
  g_test_add_func ("/drain/kept-connections-end", test_kept_connections_end);
  g_test_add_func ("/drain/idle-connections-end", test_idle_connections_end);
  g_test_add_func ("/drain/idle", test_idle);

  return g_test_run ();
}
