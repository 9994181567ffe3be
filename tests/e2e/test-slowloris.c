/* Thousands of clients that send a byte now and then, never read, or never end: other clients are served all
 * the while, and memory stays bounded. */
#include "tests/e2e/wp-crowd.h"
#include "tests/e2e/wp-harness.h"
#include "tests/e2e/wp-watch.h"

#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#define SLOW         800 /* speed is not measured there; handshakes take ten times as long */
#define EACH         60
#define JUDGES_SPEED FALSE
#else
#define SLOW         5000
#define EACH         300 /* of the other kinds */
#define JUDGES_SPEED TRUE
#endif
#define ROUND_US         1000000 /* a byte per second */
#define ROUNDS           4
#define EAGER_US         50000       /* twenty bytes per second: far below the least rate of a body */
#define MAX_GROWTH_BYTES (192 << 20) /* 20 kB a connection with --http=soup, a tenth with --http=fast */
#define MAX_PENDING      "4m"

#define SOUP_KEEPS   400 /* idle connections that --http=soup keeps at least */
#define MAX_P99_US   50000
#define N_STUBBORN   8
#define MAX_STALL_US 150000 /* in the best of some rounds */

/* The first bytes of each kind, and the text of which it sends a byte in each round; NULL: nothing. */
static const struct {
  const char *name, *start, *more;
  guint n;
} kinds[] = {
  { "slow head", "GET / HTTP/1.1\r\nHost: test\r\nA: ", "a", SLOW },
  { "slow body", "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n", "b", EACH },
  { "slow chunks", "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n", "c",
    EACH },
  { "slow first line", "G", "E", EACH },
  { "slow body of another version", "POST / HTTP/1.0\r\nContent-Length: 100000\r\n\r\n", "d", EACH },
  { "idle after a request of another version", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", NULL,
    EACH },
  { "half open", "", NULL, EACH },
  { "never reads", NULL, NULL, EACH },
};

static char *
many_requests (void)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < 200; i++)
    g_string_append (text, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  return g_string_free (text, FALSE);
}

/* Over TLS a third of them: it is their handshakes that take the time. */
static guint
count_of (guint n)
{
  return g_getenv ("WP_HTTP_TLS") ? n / 3 : n;
}

/* With --http=soup only those that have been answered may be let go. */
static guint
least_connections (void)
{
  return count_of (SLOW) + 5 * count_of (EACH)
         + (g_strcmp0 (g_getenv ("WP_HTTP_SERVER"), "soup") == 0 ? MIN (SOUP_KEEPS, 2 * EACH)
                                                                 : 2 * count_of (EACH));
}

static void
await_connections (WpHarness *server)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;

  while (wp_harness_stat (server, "connections") < least_connections ())
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
}

typedef struct {
  WpClient *client;
  const char *more;
} Slow;

static void
slow_clear (gpointer data)
{
  wp_client_free (((Slow *) data)->client);
}

static GArray *
gather (const WpHarness *server)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (Slow));
  g_autofree char *many = many_requests ();

  g_array_set_clear_func (all, slow_clear);
  for (guint kind = 0; kind < G_N_ELEMENTS (kinds); kind++)
    for (guint i = 0; i < count_of (kinds[kind].n); i++)
      {
        const char *start = kinds[kind].start ? kinds[kind].start : many;
        Slow slow = { kinds[kind].start ? wp_client_new (wp_harness_port (server))
                                        : wp_client_new_narrow (wp_harness_port (server)),
                      kinds[kind].more };

        wp_client_offer (slow.client, start, strlen (start));
        g_array_append_val (all, slow);
      }
  return all;
}

static int
by_size (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

typedef struct {
  gint64 p50_us, p99_us, max_us;
  guint n;
} Times;

/* A normal client, for a round: the latency of each of its responses. A connection that ends with its
 * response is followed by another. */
static Times
behave (const WpHarness *server)
{
  gint64 until_us = g_get_monotonic_time () + ROUND_US;
  g_autoptr (WpClient) client = NULL;
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (gint64));

  while (g_get_monotonic_time () < until_us)
    {
      gint64 took_us, since_us = g_get_monotonic_time ();
      g_autoptr (WpHttpResponse) response = NULL;
      g_autofree char *end = NULL;

      if (!client)
        client = wp_client_new (wp_harness_port (server));
      wp_client_post (client, "/", NULL, "hello", 5);
      response = wp_client_read (client);
      g_assert_nonnull (response);
      g_assert_cmpuint (response->status, ==, 200);
      took_us = g_get_monotonic_time () - since_us;
      g_array_append_val (all, took_us);
      if ((end = wp_http_response_header (response, "Connection")))
        g_clear_pointer (&client, wp_client_free);
    }
  g_array_sort (all, by_size);

  return (Times){ g_array_index (all, gint64, all->len / 2), g_array_index (all, gint64, all->len * 99 / 100),
                  g_array_index (all, gint64, all->len - 1), all->len };
}

static void
test_all_kinds (void)
{
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (GArray) slow = NULL;
  gint64 before, best_us = G_MAXINT64;
  WpWatch *watch;

  if (!wp_crowd_has_room (SLOW + 7 * EACH + 100))
    {
      g_test_skip ("the limit of descriptors is too low");
      return;
    }
  server = wp_harness_start ("-d", "delay:0", "--header-timeout=10m", "--body-timeout=10m",
                             "--idle-timeout=10m", NULL);
  before = wp_child_memory_bytes (wp_harness_child (server));
  watch = wp_watch_new (wp_harness_admin_port (server));
  slow = gather (server);
  await_connections (server);
  for (guint round = 0; round < ROUNDS; round++)
    {
      Times times;

      for (guint i = 0; i < slow->len; i++)
        {
          Slow *one = &g_array_index (slow, Slow, i);

          if (one->more)
            wp_client_offer (one->client, one->more, 1);
        }
      times = behave (server);
      best_us = MIN (best_us, times.p99_us);
      g_test_message ("beside %u slow clients: %u responses, p50 %" G_GINT64_FORMAT
                      " us, p99 %" G_GINT64_FORMAT " us, slowest %" G_GINT64_FORMAT " us",
                      slow->len, times.n, times.p50_us, times.p99_us, times.max_us);
    }
  g_test_message ("memory grew by %" G_GINT64_FORMAT " kB",
                  (wp_child_memory_bytes (wp_harness_child (server)) - before) / 1024);
  if (JUDGES_SPEED)
    /* in the best round: other work on the machine has bad ones */
    g_assert_cmpint (best_us, <, MAX_P99_US);
  g_assert_cmpfloat (wp_harness_stat (server, "connections"), >=, least_connections ());
  g_assert_cmpint (wp_child_memory_bytes (wp_harness_child (server)) - before, <, MAX_GROWTH_BYTES);
  g_assert_cmpuint (wp_watch_free (watch), >, 0);
}

/* All of them meet their deadline, whatever they keep sending. */
static void
test_all_are_disconnected (void)
{
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (GArray) slow = NULL;
  gint64 until_us, sent_us = 0;

  if (!wp_crowd_has_room (SLOW + 7 * EACH + 100))
    {
      g_test_skip ("the limit of descriptors is too low");
      return;
    }
  server = wp_harness_start ("-d", "delay:0", "--header-timeout=2s", "--body-timeout=2s", "--idle-timeout=2s",
                             NULL);
  slow = gather (server); /* over TLS that takes some time */
  until_us = g_get_monotonic_time () + WP_PATIENCE_US;
  while (wp_harness_stat (server, "connections") > 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
      if (g_get_monotonic_time () - sent_us < EAGER_US)
        continue;
      sent_us = g_get_monotonic_time ();
      for (guint i = 0; i < slow->len; i += 7)
        if (g_array_index (slow, Slow, i).more)
          wp_client_offer (g_array_index (slow, Slow, i).client, "x", 1);
    }
}

/* Parked and incomplete payloads are held in memory, within one limit for all of them. */
static void
check_pending (const char *head, gsize size, gboolean whole)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "BufferedChannel", "-q", "0", "-d", "delay:1h",
                                                   "--max-pending=" MAX_PENDING, NULL);
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);
  g_autofree char *body = g_malloc0 (size);
  gint64 before = wp_child_memory_bytes (wp_harness_child (server));
  guint n_refused = 0;

  for (guint i = 0; i < 100; i++)
    {
      WpClient *client = wp_client_new (wp_harness_port (server));

      g_ptr_array_add (clients, client);
      wp_client_send (client, head);
      wp_client_send_bytes (client, body, size);
      g_assert_cmpfloat (wp_harness_stat (server, "pending_bytes"), <=, 4 << 20);
    }
  for (gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US; n_refused < 40;)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
      n_refused = (guint) wp_harness_stat (server, "refused.memory");
    }
  n_refused = 0;
  for (guint i = 0; i < 100; i++)
    if (!wp_client_is_silent (clients->pdata[i]))
      {
        guint status = wp_client_read_status (clients->pdata[i]);

        g_assert_true (status == 503 || (status == 200 && whole));
        n_refused += status == 503;
      }
  g_test_message ("%u of 100 refused, %.0f bytes held, memory grew by %" G_GINT64_FORMAT " kB", n_refused,
                  wp_harness_stat (server, "pending_bytes"),
                  (wp_child_memory_bytes (wp_harness_child (server)) - before) / 1024);
  g_assert_cmpuint (n_refused, >=, 40);
  g_assert_cmpuint (n_refused, <, 100);
  g_assert_cmpint (wp_child_memory_bytes (wp_harness_child (server)) - before, <, 48 << 20);
  g_ptr_array_set_size (clients, 0);
  wp_harness_await_stat (server, "connections", 0);
  /* the one in service */
  g_assert_cmpfloat (wp_harness_stat (server, "pending_bytes"), <=, whole ? 100010 : 0);
}

static void
test_parked_bodies (void)
{
  check_pending ("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n", 100000, TRUE);
}

static void
test_half_read_bodies (void)
{
  check_pending ("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n", 100000, FALSE);
}

static void
test_half_read_chunks (void)
{
  check_pending ("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nf4240\r\n", 100000,
                 FALSE);
}

/* A refused client that keeps sending until it is disconnected. */
typedef struct {
  guint16 port;
  gint *n_left; /* atomic */
} Stubborn;

static gpointer
send_on (gpointer data)
{
  const Stubborn *self = data;
  g_autoptr (WpClient) client = wp_client_new (self->port);
  g_autofree char *bytes = g_malloc0 (1 << 20);

  wp_client_send (client, "garbage\r\n\r\n");
  while (wp_client_send_bytes (client, bytes, 1 << 20))
    ;
  g_atomic_int_inc (self->n_left);
  return NULL;
}

/* The slowest response to a normal client, until all of those have left. */
static gint64
slowest_beside_stubborn (const WpHarness *server)
{
  gint n_left = 0;
  Stubborn stubborn = { wp_harness_port (server), &n_left };
  GThread *threads[N_STUBBORN];
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  gint64 slowest_us = 0;

  for (guint i = 0; i < N_STUBBORN; i++)
    threads[i] = g_thread_new ("sends-on", send_on, &stubborn);
  do
    {
      gint64 since_us = g_get_monotonic_time ();

      wp_client_get (client, "/", NULL);
      g_assert_cmpuint (wp_client_read_status (client), ==, 200);
      slowest_us = MAX (slowest_us, g_get_monotonic_time () - since_us);
    }
  while (g_atomic_int_get (&n_left) < N_STUBBORN);
  for (guint i = 0; i < N_STUBBORN; i++)
    g_thread_join (threads[i]);
  return slowest_us;
}

/* Their bytes are discarded a little at a time: others have their turn. */
static void
test_refused_clients_keep_sending (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=1", "-d", "delay:0", NULL);
  gint64 best_us = G_MAXINT64;

  for (guint round = 0; round < 5; round++)
    {
      gint64 slowest_us = slowest_beside_stubborn (server);

      g_test_message ("slowest response: %" G_GINT64_FORMAT " us", slowest_us);
      best_us = MIN (best_us, slowest_us);
    }
  if (JUDGES_SPEED)
    g_assert_cmpint (best_us, <, MAX_STALL_US);
}

/* AddressSanitizer keeps 256 MB of freed memory, which would count as the server's. */
static void
keep_little_of_what_is_freed (void)
{
  g_autofree char *options = g_strconcat (g_getenv ("ASAN_OPTIONS") ? g_getenv ("ASAN_OPTIONS") : "",
                                          ":quarantine_size_mb=16", NULL);

  g_setenv ("ASAN_OPTIONS", options, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  keep_little_of_what_is_freed ();
  g_test_add_func ("/slowloris/all-kinds", test_all_kinds);
  g_test_add_func ("/slowloris/all-are-disconnected", test_all_are_disconnected);
  g_test_add_func ("/slowloris/parked-bodies", test_parked_bodies);
  g_test_add_func ("/slowloris/half-read-bodies", test_half_read_bodies);
  g_test_add_func ("/slowloris/half-read-chunks", test_half_read_chunks);
  g_test_add_func ("/slowloris/refused-clients-keep-sending", test_refused_clients_keep_sending);

  return g_test_run ();
}
