/* Descriptors run out: accepted clients are served, others wait for their turn, and no descriptor is lost for
 * good. */
#include "tests/e2e/wp-crowd.h"
#include "tests/e2e/wp-hold.h"
#include "tests/e2e/wp-watch.h"

#define FEW    200
#define SERVED 20

static const WpChildTerms few = { .files = FEW };

/* Once every thread has begun, nobody is connected but the admin's client. */
static guint
count_at_rest (WpHarness *server)
{
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);

  for (guint i = 0; i < 20; i++)
    {
      g_ptr_array_add (clients, wp_client_new (wp_harness_port (server)));
      wp_client_send (clients->pdata[i], "DELETE / HTTP/1.1\r\nHost: test\r\n\r\n");
      g_assert_cmpuint (wp_client_read_status (clients->pdata[i]), ==, 405);
    }
  g_ptr_array_set_size (clients, 0);
  wp_harness_await_stat (server, "connections", 0);

  return wp_child_count_files (wp_harness_child (server));
}

static void
settle (WpHarness *server, guint files)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;

  while (wp_child_count_files (wp_harness_child (server)) > files)
    if (g_get_monotonic_time () > until_us)
      g_error ("%u descriptors stay open, where %u were", wp_child_count_files (wp_harness_child (server)),
               files);
    else
      wp_harness_stat (server, "uptime"); /* takes its time */
}

static void
add_clients (WpHarness *server, GPtrArray *clients, guint n)
{
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (clients, wp_client_new (wp_harness_port (server)));
}

static void
serve_first (GPtrArray *clients)
{
  for (guint i = 0; i < SERVED; i++)
    {
      wp_client_get (clients->pdata[i], "/", NULL);
      g_assert_cmpuint (wp_client_read_status (clients->pdata[i]), ==, 200);
    }
}

static void
await_files (WpHarness *server, guint files)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;

  while (wp_child_count_files (wp_harness_child (server)) < files)
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
}

/* More connections than there is room for; the default of --max-connections leaves a reserve. @exhausts: the
 * descriptors are what ends. */
static void
check_crowded (WpHarness *server, guint n, gboolean exhausts)
{
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);
  g_autoptr (WpClient) late = NULL, onlooker = NULL;
  guint files = count_at_rest (server), open; /* before anybody watches: a watch is a connection, too */
  WpWatch *watch = wp_watch_new (wp_harness_admin_port (server));
  gint64 cpu_us, since_us;

  /* First a few: a client in the backlog of one thread, when the other thread has taken all descriptors,
   * waits as long as any. */
  add_clients (server, clients, SERVED);
  serve_first (clients);
  add_clients (server, clients, n - SERVED);
  serve_first (clients);
  if (exhausts)
    wp_harness_await_log (server, "cannot accept connections for now: Too many open files");
  open = wp_child_count_files (wp_harness_child (server));
  g_assert_cmpuint (open, <=, FEW);
  g_assert_cmpuint (open, >, files + SERVED);

  /* One that can't be accepted yet: its connection stands in the backlog. Somebody else has the descriptor of
   * the watch by then, or it gets that, where its thread has nobody else in the backlog. */
  g_assert_cmpuint (wp_watch_free (watch), >, 0); /* its questions take CPU time, too */
  if (exhausts)
    await_files (server, open);
  late = wp_client_new (wp_harness_port (server));
  wp_client_get (late, "/", NULL);
  onlooker = wp_client_new (wp_harness_admin_port (server));
  wp_client_get (onlooker, "/healthz", NULL);
  cpu_us = wp_child_cpu_us (wp_harness_child (server));
  since_us = g_get_monotonic_time ();
  while (g_get_monotonic_time () - since_us < G_USEC_PER_SEC)
    {
      wp_client_get (clients->pdata[0], "/", NULL);
      g_assert_cmpuint (wp_client_read_status (clients->pdata[0]), ==, 200);
      g_usleep (50000); /* a second is watched, not awaited */
    }
  g_assert_true (wp_client_is_silent (late));
  g_assert_cmpint (wp_child_cpu_us (wp_harness_child (server)) - cpu_us, <, 300000);

  watch = wp_watch_new (wp_harness_admin_port (server));
  g_ptr_array_set_size (clients, 0);
  g_assert_cmpuint (wp_client_read_status (late), ==, 200);
  g_clear_pointer (&late, wp_client_free);
  g_assert_cmpuint (wp_client_read_status (onlooker), ==, 200);
  g_clear_pointer (&onlooker, wp_client_free);
  wp_harness_await_stat (server, "connections", 0);
  g_assert_cmpuint (wp_watch_free (watch), >, 0);
  settle (server, files);
}

static void
test_limit_of_connections (void)
{
  g_autoptr (WpHarness) server = wp_harness_start_limited (&few, "--threads=1", "-d", "delay:0", NULL);

  check_crowded (server, 300, FALSE);
  wp_harness_stop (server);
}

/* The system gives connections to threads unevenly; the limit is one for all of them, and exact. */
static void
test_limit_is_of_all_threads (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("--threads=4", "--max-connections=40", "-d", "delay:0", NULL);
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);

  for (guint i = 0; i < 50; i++)
    {
      add_clients (server, clients, 1);
      wp_client_get (clients->pdata[i], "/", NULL);
      if (i < 40)
        g_assert_cmpuint (wp_client_read_status (clients->pdata[i]), ==, 200);
    }
  wp_harness_await_stat (server, "connections", 40);
  for (guint i = 40; i < 50; i++)
    g_assert_true (wp_client_is_silent (clients->pdata[i]));
  g_ptr_array_remove_range (clients, 0, 10);
  for (guint i = 30; i < 40; i++)
    g_assert_cmpuint (wp_client_read_status (clients->pdata[i]), ==, 200);
  wp_harness_await_stat (server, "connections", 40);
  g_ptr_array_set_size (clients, 0);
  wp_harness_await_stat (server, "connections", 0);
  wp_harness_stop (server);
}

/* Fewer connections than threads: while one is there, no other thread lets anybody in, and then each thread's
 * clients have their turn. */
static void
test_limit_below_threads (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("--threads=4", "--max-connections=1", "-d", "delay:0", NULL);
  g_autoptr (WpClient) first = wp_client_new (wp_harness_port (server));
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);

  wp_client_get (first, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (first), ==, 200);
  add_clients (server, clients, 32);
  for (guint i = 0; i < clients->len; i++)
    wp_client_get (clients->pdata[i], "/", "Connection: close\r\n");
  wp_client_get (first, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (first), ==, 200);
  wp_harness_await_stat (server, "ledger.received", 2);
  wp_harness_await_stat (server, "connections", 1);
  g_clear_pointer (&first, wp_client_free);
  for (guint i = 0; i < clients->len; i++)
    g_assert_cmpuint (wp_client_read_status (clients->pdata[i]), ==, 200);
  wp_harness_stop (server);
}

/* Told that it may have more connections than it has descriptors for. */
static void
test_limit_of_files (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start_limited (&few, "--threads=2", "-d", "delay:0", "--max-connections=1000", NULL);

  check_crowded (server, 300, TRUE);
  wp_harness_stop (server);
}

static void
test_limit_asked_for (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("--threads=1", "-d", "delay:0", "--max-connections=30", NULL);

  check_crowded (server, 60, FALSE);
  wp_harness_stop (server);
}

/* libsoup 3.2.3 loses a descriptor with each connection that is kept alive and then left. */
static void
test_kept_connections (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=2", "-d", "delay:0", NULL);
  guint files;

  files = count_at_rest (server);
  for (guint i = 0; i < 2000; i++)
    {
      g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

      wp_client_post (client, "/", NULL, "x", 1);
      g_assert_cmpuint (wp_client_read_status (client), ==, 200);
      if (i % 5 == 0)
        wp_client_reset (client);
    }
  wp_harness_await_stat (server, "connections", 0);
  settle (server, files);
  wp_harness_stop (server);
}

/* Every way in which a connection can end before its request has. */
static void
test_cut_connections (void)
{
  static const char *const starts[] = { "",
                                        "GET",
                                        "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n012",
                                        "DELETE / HTTP/1.1\r\nHost: test\r\n\r\n",
                                        "OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n",
                                        "garbage\r\n\r\n",
                                        "GET / HTTP/1.0\r\n\r\n",
                                        "POST / HTTP/1.0\r\nContent-Length: 10\r\n\r\n012",
                                        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" };
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=2", "-d", "delay:0", NULL);
  guint files;

  files = count_at_rest (server);
  for (guint i = 0; i < 800; i++)
    {
      g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

      wp_client_send (client, starts[i % G_N_ELEMENTS (starts)]);
      if (i / G_N_ELEMENTS (starts) % 3 == 0)
        wp_client_reset (client);
      else if (i / G_N_ELEMENTS (starts) % 3 == 1)
        wp_client_half_close (client);
    }
  wp_harness_await_stat (server, "connections", 0);
  settle (server, files);
  wp_harness_stop (server);
}

/* A refused client that does not close its connection is disconnected. */
static void
test_refused_clients_stay_connected (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=2", "-d", "delay:0", NULL);
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);
  guint files = count_at_rest (server);

  add_clients (server, clients, 20);
  for (guint i = 0; i < clients->len; i++)
    {
      wp_client_send (clients->pdata[i], "garbage\r\n\r\n");
      g_assert_cmpuint (wp_client_read_status (clients->pdata[i]), ==, 400);
    }
  settle (server, files);
  wp_harness_stop (server);
}

/* libsoup opens two descriptors for its first client. */
static void
ask_for_nothing (WpHarness *server)
{
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_send (client, "DELETE / HTTP/1.1\r\nHost: test\r\n\r\n");
  g_assert_cmpuint (wp_client_read_status (client), ==, 405);
}

/* They are connections as long as they stay. */
static void
test_refused_clients_count (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("--threads=1", "-d", "delay:0", "--max-connections=4", NULL);
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);
  guint files, most = 0;

  ask_for_nothing (server);
  wp_harness_await_stat (server, "connections", 0);
  files = wp_child_count_files (wp_harness_child (server));
  for (guint i = 0; i < 12; i++)
    {
      g_ptr_array_add (clients, wp_client_new (wp_harness_port (server)));
      wp_client_send (clients->pdata[i], "garbage\r\n\r\n");
    }
  for (guint i = 0; i < 12; i++)
    {
      g_assert_cmpuint (wp_client_read_status (clients->pdata[i]), ==, 400);
      most = MAX (most, wp_child_count_files (wp_harness_child (server)));
    }
  g_assert_cmpuint (most, <=, files + 4);
  settle (server, files);
}

static void
test_parked_clients_leave (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=2", "-m", "BufferedChannel", "-q", "1", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  guint files = count_at_rest (server);
  WpWatch *watch = wp_watch_new (wp_harness_admin_port (server));

  for (guint round = 1; round <= 3; round++)
    {
      g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

      wp_crowd_send (crowd, 500, NULL);
      wp_crowd_await (crowd, round == 1 ? 2 : 0);
      wp_harness_await_stat (server, "ledger.parked", round == 1 ? 498 : 500);
      g_clear_pointer (&crowd, wp_crowd_free);
      wp_harness_await_stat (server, "ledger.abandoned", round * 500 - 2);
    }
  wp_harness_await_stat (server, "connections", 0);
  g_assert_cmpuint (wp_watch_free (watch), >, 0);
  settle (server, files);
  wp_hold_release (hold);
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/descriptors/limit-of-connections", test_limit_of_connections);
  g_test_add_func ("/descriptors/limit-is-of-all-threads", test_limit_is_of_all_threads);
  g_test_add_func ("/descriptors/limit-below-threads", test_limit_below_threads);
  g_test_add_func ("/descriptors/limit-of-files", test_limit_of_files);
  g_test_add_func ("/descriptors/limit-asked-for", test_limit_asked_for);
  g_test_add_func ("/descriptors/kept-connections", test_kept_connections);
  g_test_add_func ("/descriptors/cut-connections", test_cut_connections);
  g_test_add_func ("/descriptors/refused-clients-stay-connected", test_refused_clients_stay_connected);
  g_test_add_func ("/descriptors/refused-clients-count", test_refused_clients_count);
  g_test_add_func ("/descriptors/parked-clients-leave", test_parked_clients_leave);

  return g_test_run ();
}
