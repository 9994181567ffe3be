/* A front and its shared queue, which is full, deleted, low on memory or disk, or stops: each job that was
 * answered is in the queue, no job fails, and the front goes on without help. */
#include <string.h>

#include "tests/e2e/wp-amqp-proxy.h"
#include "tests/e2e/wp-crowd.h"
#include "tests/e2e/wp-harness.h"
#include "tests/e2e/wp-load.h"
#include "tests/e2e/wp-rabbitmq.h"

static WpRabbitmq *rabbitmq;

/* Each test has a queue of its own. */
static WpHarness *
start_front (const char *queue, const char *first, const char *second, const char *third)
{
  g_autofree char *rest = g_strconcat ("?queue=", queue, NULL), *uri = wp_rabbitmq_uri (rabbitmq, "", rest),
                  *option = g_strconcat ("--database=", uri, NULL);

  return wp_harness_start (option, "--wait-for-database=1m", first, second, third, NULL);
}

static void
await_at_least (WpHarness *server, const char *stat, double value)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;

  while (wp_harness_stat (server, stat) < value)
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
}

/* (element-type utf8 int): how often each id is in the queue, which is empty afterwards. */
static GHashTable *
take_all (const char *queue)
{
  g_autoptr (GPtrArray) ids = wp_rabbitmq_take_ids (rabbitmq, queue);
  GHashTable *times = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < ids->len; i++)
    g_hash_table_insert (times, g_strdup (ids->pdata[i]),
                         GINT_TO_POINTER (GPOINTER_TO_INT (g_hash_table_lookup (times, ids->pdata[i])) + 1));
  return times;
}

static void
check_answered (const char *queue, const GPtrArray *answered, const char *what)
{
  g_autoptr (GHashTable) times = take_all (queue);
  GHashTableIter iter;
  gpointer n;
  guint n_twice = 0, n_lost = 0;

  g_hash_table_iter_init (&iter, times);
  while (g_hash_table_iter_next (&iter, NULL, &n))
    n_twice += GPOINTER_TO_INT (n) > 1;
  for (guint i = 0; i < answered->len; i++)
    n_lost += !g_hash_table_contains (times, answered->pdata[i]);
  g_test_message ("%s: %u ids answered, %u in the queue, %u lost, %u twice", what, answered->len,
                  g_hash_table_size (times), n_lost, n_twice);
  g_assert_cmpuint (n_lost, ==, 0);
}

/* It goes on after what happened; all that was answered is there, and the ledger balances. */
static void
end_load (WpHarness *server, WpLoad *load, const char *queue, const char *what)
{
  g_autoptr (GPtrArray) answered = NULL;

  wp_load_await (load, 20);
  answered = wp_load_end (load);
  wp_harness_await_stat (server, "database_up", 1);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "failed"), ==, 0);
  g_assert_cmpuint (wp_harness_ledger (server, "passed"), ==, answered->len);
  check_answered (queue, answered, what);
}

static char *
get_header (const amqp_basic_properties_t *properties, const char *name)
{
  for (int i = 0; i < properties->headers.num_entries; i++)
    {
      const amqp_table_entry_t *entry = &properties->headers.entries[i];

      if (entry->key.len == strlen (name) && memcmp (entry->key.bytes, name, entry->key.len) == 0)
        return entry->value.kind == AMQP_FIELD_KIND_UTF8
                   ? g_strndup (entry->value.value.bytes.bytes, entry->value.value.bytes.len)
                   : g_strdup_printf ("%" G_GINT64_FORMAT, entry->value.value.i64);
    }
  return NULL;
}

static amqp_connection_state_t
take_message (const char *queue, amqp_message_t *message)
{
  amqp_connection_state_t connection = wp_rabbitmq_connect (rabbitmq, 0);

  g_assert_cmpint (amqp_basic_get (connection, 1, amqp_cstring_bytes (queue), 1).reply.id, ==,
                   AMQP_BASIC_GET_OK_METHOD);
  g_assert_cmpint (amqp_read_message (connection, 1, message, 0).reply_type, ==, AMQP_RESPONSE_NORMAL);
  return connection;
}

/* A path and a content type that no property can hold. */
static void
test_message (void)
{
  g_autoptr (WpHarness) server = start_front ("message", NULL, NULL, NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autofree char *query = g_strnfill (1000, 'q'), *type = g_strnfill (300, 't'),
                  *path = g_strconcat ("/a?", query, NULL),
                  *headers = g_strconcat ("X-Request-Id: one\r\nContent-Type: ", type, "\r\n", NULL);
  g_autofree char *method = NULL, *sent_path = NULL, *sent_type = NULL, *received = NULL, *enqueued = NULL;
  gint64 now_ns = g_get_real_time () * 1000, hour_ns = G_GINT64_CONSTANT (3600000000000);
  amqp_connection_state_t connection;
  amqp_message_t message;

  wp_client_post (client, path, headers, "body", 4);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  connection = take_message ("message", &message);
  g_assert_cmpmem (message.body.bytes, message.body.len, "body", 4);
  g_assert_cmpmem (message.properties.message_id.bytes, message.properties.message_id.len, "one", 3);
  g_assert_cmpint (message.properties.delivery_mode, ==, 2);
  method = get_header (&message.properties, "method");
  sent_path = get_header (&message.properties, "path");
  sent_type = get_header (&message.properties, "content-type");
  received = get_header (&message.properties, "received");
  enqueued = get_header (&message.properties, "enqueued");
  g_assert_cmpstr (method, ==, "POST");
  g_assert_cmpstr (sent_path, ==, path);
  g_assert_cmpstr (sent_type, ==, type);
  g_assert_cmpint (ABS (g_ascii_strtoll (received, NULL, 10) - now_ns), <, hour_ns);
  g_assert_cmpint (ABS (g_ascii_strtoll (enqueued, NULL, 10) - now_ns), <, hour_ns);
  amqp_destroy_message (&message);
  wp_rabbitmq_disconnect (connection);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "passed"), ==, 1);
}

/* Without an id the job gets a UUID, by which a worker recognises what is delivered twice. */
static void
test_no_id (void)
{
  g_autoptr (WpHarness) server = start_front ("no-id", NULL, NULL, NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (GPtrArray) ids = NULL;

  for (guint i = 0; i < 2; i++)
    {
      wp_client_post (client, "/", NULL, "x", 1);
      g_assert_cmpuint (wp_client_read_status (client), ==, 200);
    }
  wp_harness_stop (server);
  ids = wp_rabbitmq_take_ids (rabbitmq, "no-id");
  g_assert_cmpuint (ids->len, ==, 2);
  g_assert_true (g_uuid_string_is_valid (ids->pdata[0]) && g_uuid_string_is_valid (ids->pdata[1]));
  g_assert_cmpstr (ids->pdata[0], !=, ids->pdata[1]);
}

/* A broker confirms a message to a queue that does not exist. */
static void
test_queue_deleted (void)
{
  g_autoptr (WpHarness) server = start_front ("deleted", NULL, NULL, NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  amqp_connection_state_t connection = wp_rabbitmq_connect (rabbitmq, 0);
  g_autoptr (GHashTable) times = NULL;

  g_assert_nonnull (amqp_queue_delete (connection, 1, amqp_cstring_bytes ("deleted"), 0, 0));
  wp_crowd_send (crowd, 200, NULL);
  wp_crowd_await (crowd, 200);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 200);
  wp_rabbitmq_disconnect (connection);
  wp_harness_stop (server);
  times = take_all ("deleted");
  g_assert_cmpuint (g_hash_table_size (times), ==, 200);
}

static void
test_stats (void)
{
  g_autoptr (WpHarness) server = start_front ("stats", "--engine-queue=50", NULL, NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  wp_crowd_send (crowd, 20, NULL);
  wp_crowd_await (crowd, 20);
  wp_harness_await_stat (server, "engine.ready", 20);
  wp_harness_await_stat (server, "engine.up", 1);
  wp_harness_await_stat (server, "engine.capacity", 50);
  wp_harness_await_stat (server, "engine.window", 64);
  g_assert_cmpfloat (wp_harness_stat (server, "engine.unconfirmed"), ==, 0);
  g_assert_cmpfloat (wp_harness_stat (server, "engine.confirm_seconds"), >, 0);
  wp_harness_await_stat (server, "ledger.passed", 20);
  wp_harness_stop (server);
  g_hash_table_unref (take_all ("stats"));
}

/* The message is the job's failure, not the connection's: others are taken. */
static void
test_too_large (void)
{
  g_autofree char *body = g_strnfill (20000, 'x');
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (WpClient) large = NULL;
  g_autoptr (WpCrowd) crowd = NULL;
  g_autoptr (GHashTable) times = NULL;

  g_free (wp_rabbitmq_control (rabbitmq, 0, "eval", "application:set_env(rabbit, max_message_size, 10000).",
                               NULL));
  server = start_front ("large", "--retries=0", NULL, NULL);
  large = wp_client_new (wp_harness_port (server));
  crowd = wp_crowd_new (wp_harness_port (server));
  wp_client_post (large, "/", NULL, body, 20000);
  wp_crowd_send (crowd, 100, NULL);
  wp_crowd_await (crowd, 100);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 100);
  g_assert_cmpuint (wp_client_read_status (large), ==, 502);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "failed"), ==, 1);
  times = take_all ("large");
  g_assert_cmpuint (g_hash_table_size (times), ==, 100);
  g_free (wp_rabbitmq_control (rabbitmq, 0, "eval",
                               "application:set_env(rabbit, max_message_size, 134217728).", NULL));
}

/* It neither answers nor closes anything. */
static void
test_stopped (void)
{
  g_autoptr (WpHarness) server = start_front ("stopped", "--database-timeout=1s", NULL, NULL);
  WpLoad *load = wp_load_new (wp_harness_port (server), 100);

  wp_load_await (load, 20);
  wp_child_signal (wp_rabbitmq_child (rabbitmq, 0), SIGSTOP);
  wp_harness_await_log (server, " is down, its jobs wait: ");
  wp_harness_await_stat (server, "database_up", 0);
  wp_child_signal (wp_rabbitmq_child (rabbitmq, 0), SIGCONT);
  end_load (server, load, "stopped", "SIGSTOP");
}

/* A start waits neither without a limit nor, if told to wait, in vain. */
static void
test_start_stopped (void)
{
  g_autofree char *uri = wp_rabbitmq_uri (rabbitmq, "", "?queue=start"),
                  *option = g_strconcat ("--database=", uri, NULL), *log = NULL;
  g_autoptr (WpHarness) first = NULL, second = wp_harness_new ();

  wp_child_signal (wp_rabbitmq_child (rabbitmq, 0), SIGSTOP);
  first = wp_harness_run ("--listen=127.0.0.1:0", "--admin=none", option, "--database-timeout=100ms", NULL);
  g_assert_cmpint (wp_harness_wait (first), ==, 2);
  log = wp_harness_log (first);
  g_assert_nonnull (strstr (log, "no answer in time\n"));
  wp_harness_launch_only (second, option, "--listen=127.0.0.1:0", "--admin=none", "--database-timeout=2s",
                          "--wait-for-database=10m", NULL);
  wp_harness_await_log (second, "waiting for the database: ");
  wp_child_signal (wp_rabbitmq_child (rabbitmq, 0), SIGCONT);
  wp_harness_await_log (second, "listening on ");
  wp_harness_signal (second, SIGTERM);
  g_assert_cmpint (wp_harness_wait (second), ==, 0);
}

static guint
ask_ready (WpHarness *server)
{
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (server));

  wp_client_get (admin, "/readyz", NULL);
  return wp_client_read_status (admin);
}

static void
await_ready (WpHarness *server, guint status)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;

  while (ask_ready (server) != status)
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
}

/* A host that takes the login and then says nothing has 2 s, and not the 20 s of the start, before the next
 * one gets its turn. Meanwhile the front is not ready, although no request waits. */
static void
test_silent_host (void)
{
  g_autoptr (WpAmqpProxy) proxy = wp_amqp_proxy_new (wp_rabbitmq_host (0), wp_rabbitmq_port (rabbitmq));
  g_autofree char *option
      = g_strdup_printf ("--database=amqp://127.0.0.1:%u?queue=silent", wp_amqp_proxy_port (proxy));
  g_autoptr (WpHarness) server = wp_harness_start (option, NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  gint64 asked_us;

  g_assert_cmpuint (ask_ready (server), ==, 200);
  wp_amqp_proxy_set_silent (proxy, TRUE);
  g_free (wp_rabbitmq_control (rabbitmq, 0, "close_all_connections", "test", NULL));
  await_ready (server, 503);
  g_assert_cmpfloat (wp_harness_stat (server, "engine.up"), ==, 0);
  wp_amqp_proxy_set_silent (proxy, FALSE);
  asked_us = g_get_monotonic_time ();
  wp_crowd_send (crowd, 1, NULL);
  wp_crowd_await (crowd, 1);
  g_assert_cmpint (g_get_monotonic_time () - asked_us, <, 15 * G_USEC_PER_SEC);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 1);
  await_ready (server, 200);
  wp_harness_stop (server);
  g_hash_table_unref (take_all ("silent"));
}

/* While it runs: no confirm, no error, no close. */
static void
test_memory_alarm (void)
{
  g_autoptr (WpHarness) server = start_front ("memory", "--workers=4", NULL, NULL);
  WpLoad *load = wp_load_new (wp_harness_port (server), 100);

  wp_load_await (load, 20);
  wp_rabbitmq_set_alarm (rabbitmq, "memory", TRUE);
  wp_harness_await_log (server, "its jobs wait: engine blocks publishers: low on memory");
  wp_harness_await_stat (server, "engine.blocked", 1);
  await_ready (server, 503);
  wp_rabbitmq_set_alarm (rabbitmq, "memory", FALSE);
  await_ready (server, 200);
  end_load (server, load, "memory", "memory alarm");
}

/* It starts, takes a request, and drains. */
static void
test_disk_alarm (void)
{
  g_autoptr (WpHarness) first = NULL, second = NULL;
  g_autoptr (WpClient) client = NULL, other = NULL;

  wp_rabbitmq_set_alarm (rabbitmq, "disk", TRUE);
  first = start_front ("disk", NULL, NULL, NULL);
  second = start_front ("disk", "--drain-timeout=1s", NULL, NULL);
  client = wp_client_new (wp_harness_port (first));
  other = wp_client_new (wp_harness_port (second));
  wp_client_post (client, "/", NULL, "x", 1);
  wp_client_post (other, "/", NULL, "y", 1);
  wp_harness_await_log (first, "engine blocks publishers: low on disk");
  wp_harness_await_log (second, "engine blocks publishers: low on disk");
  wp_harness_signal (second, SIGTERM);
  g_assert_cmpint (wp_harness_wait (second), ==, 1);
  g_assert_cmpuint (wp_harness_ledger (second, "in_service"), ==, 1);
  wp_rabbitmq_set_alarm (rabbitmq, "disk", FALSE);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_harness_stop (first);
  g_hash_table_unref (take_all ("disk"));
}

/* A job waits for a broker that does not answer for as long as the option says. */
static void
test_retry_for (void)
{
  g_autoptr (WpHarness) server = start_front ("expired", "--retry-for=1ms", "--database-timeout=1s", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  wp_child_signal (wp_rabbitmq_child (rabbitmq, 0), SIGSTOP);
  wp_client_post (client, "/", NULL, "x", 1);
  g_assert_cmpuint (wp_client_read_status (client), ==, 502);
  wp_child_signal (wp_rabbitmq_child (rabbitmq, 0), SIGCONT);
  wp_harness_await_stat (server, "database_up", 1);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "failed"), ==, 1);
}

/* A job in the queue: which front it came by, and when its request arrived there. */
typedef struct {
  gboolean by_load;
  gint64 received_ns;
} Taken;

/* Takes up to @n jobs, until the queue is empty. */
static guint
take_some (amqp_connection_state_t connection, guint n, GArray *taken)
{
  amqp_message_t message;
  guint i = 0;

  for (;
       i < n
       && amqp_basic_get (connection, 1, amqp_cstring_bytes ("full"), 1).reply.id == AMQP_BASIC_GET_OK_METHOD;
       i++)
    {
      g_autofree char *received = NULL;
      Taken one;

      g_assert_cmpint (amqp_read_message (connection, 1, &message, 0).reply_type, ==, AMQP_RESPONSE_NORMAL);
      received = get_header (&message.properties, "received");
      one.by_load
          = memchr (message.properties.message_id.bytes, '-', message.properties.message_id.len) != NULL;
      one.received_ns = g_ascii_strtoll (received, NULL, 10);
      g_array_append_val (taken, one);
      amqp_destroy_message (&message);
      amqp_maybe_release_buffers (connection);
    }
  return i;
}

/* At most those that were on the way when the queue filled may be before an older one. Times of a front are
 * exact to well below 1 ms. */
static void
check_order (const GArray *taken, gboolean by_load, guint window)
{
  for (guint i = 0; i < taken->len; i++)
    {
      const Taken *one = &g_array_index (taken, Taken, i);
      guint n_younger = 0;

      for (guint j = 0; j < i; j++)
        {
          const Taken *other = &g_array_index (taken, Taken, j);

          n_younger += one->by_load == by_load && other->by_load == by_load
                       && other->received_ns > one->received_ns + G_GINT64_CONSTANT (1000000);
        }
      g_assert_cmpuint (n_younger, <=, window);
    }
}

typedef struct {
  amqp_connection_state_t connection;
  GArray *taken;
  gint is_over; /* atomic */
} Taker;

static gpointer
take_until_over (gpointer data)
{
  Taker *self = data;

  while (take_some (self->connection, G_MAXUINT, self->taken) > 0 || !g_atomic_int_get (&self->is_over))
    g_usleep (2000);
  return NULL;
}

/* One front has a crowd of clients, the other a few. The queue takes what it may, and what was on the way;
 * places that become free go to both fronts, and each keeps its order. */
static void
test_full (void)
{
  g_autoptr (WpHarness) first = start_front ("full", "--engine-queue=1000", "--workers=64", NULL),
                        second = start_front ("full", "--engine-queue=1000", "--workers=16", NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (first));
  g_autoptr (GArray) taken = g_array_new (FALSE, FALSE, sizeof (Taken));
  g_autoptr (GPtrArray) answered = NULL;
  WpLoad *load = wp_load_new (wp_harness_port (second), 100);
  Taker taker = { wp_rabbitmq_connect (rabbitmq, 0), taken, FALSE };
  double passed[2];
  gint64 ready;
  GThread *thread;

  wp_load_await (load, 20);
  g_assert_true (wp_crowd_has_room (2000));
  wp_crowd_send (crowd, 1900, NULL);
  await_at_least (first, "engine.refused", 1);
  await_at_least (second, "engine.refused", 1);
  ready = wp_rabbitmq_count_ready (rabbitmq, "full");
  g_assert_cmpint (ready, >=, 1000);
  g_assert_cmpint (ready, <=, 1000 + 64 + 8);
  passed[0] = wp_harness_stat (first, "ledger.passed");
  passed[1] = wp_harness_stat (second, "ledger.passed");
  for (guint i = 0; i < 3; i++)
    {
      /* RabbitMQ takes jobs again once the queue is below 80 % of its capacity */
      for (guint n = 0; n < 400;)
        n += take_some (taker.connection, 400 - n, taken);
      g_assert_cmpint (wp_rabbitmq_count_ready (rabbitmq, "full"), <=, 1000 + 64 + 8);
    }
  await_at_least (first, "ledger.passed", passed[0] + 1);
  await_at_least (second, "ledger.passed", passed[1] + 1);
  g_test_message ("full at %" G_GINT64_FORMAT " of 1,000: of the next places %g and %g", ready,
                  wp_harness_stat (first, "ledger.passed") - passed[0],
                  wp_harness_stat (second, "ledger.passed") - passed[1]);
  thread = g_thread_new ("taker", take_until_over, &taker);
  wp_crowd_await (crowd, 1900);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 1900);
  answered = wp_load_end (load);
  g_atomic_int_set (&taker.is_over, TRUE);
  g_thread_join (thread);
  wp_rabbitmq_disconnect (taker.connection);
  wp_harness_stop (first);
  wp_harness_stop (second);
  g_assert_cmpuint (taken->len, >=, 1900 + answered->len);
  check_order (taken, FALSE, 64);
  check_order (taken, TRUE, 16);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  if (!wp_rabbitmq_is_there ())
    {
      g_print ("1..0 # SKIP RabbitMQ is not installed\n");
      return 0;
    }
  g_test_add_func ("/rabbitmq-front/message", test_message);
  g_test_add_func ("/rabbitmq-front/no-id", test_no_id);
  g_test_add_func ("/rabbitmq-front/queue-deleted", test_queue_deleted);
  g_test_add_func ("/rabbitmq-front/stats", test_stats);
  g_test_add_func ("/rabbitmq-front/silent-host", test_silent_host);
  g_test_add_func ("/rabbitmq-front/full", test_full);
  g_test_add_func ("/rabbitmq-front/too-large", test_too_large);
  g_test_add_func ("/rabbitmq-front/stopped", test_stopped);
  g_test_add_func ("/rabbitmq-front/start-stopped", test_start_stopped);
  g_test_add_func ("/rabbitmq-front/retry-for", test_retry_for);
  g_test_add_func ("/rabbitmq-front/memory-alarm", test_memory_alarm);
  g_test_add_func ("/rabbitmq-front/disk-alarm", test_disk_alarm);
  rabbitmq = wp_rabbitmq_new (1);
  status = g_test_run ();
  wp_rabbitmq_free (rabbitmq);

  return status;
}
