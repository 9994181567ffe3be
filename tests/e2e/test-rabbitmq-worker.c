/* A server that takes its jobs from a shared queue: each is stored once, whatever is killed or down
 * meanwhile, and none is lost, buried or acknowledged too early. One RabbitMQ node serves all cases, a queue
 * each. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/e2e/wp-hold.h"
#include "tests/e2e/wp-rabbitmq.h"

#define TOKEN          "adm1n-token"
#define CONFIG         "admin-token-file = tokens\n"
#define HELD           20     /* of a server with 10 workers */
#define LARGEST_HEADER 131000 /* nearly a frame of 131,072 bytes */

static WpRabbitmq *rabbitmq;

typedef struct {
  const char *queue;
  char *failed_queue;
  char *option; /* --source=... */
  WpHarness *server;
} Scene;

static void
write_file (const Scene *self, const char *name, const char *text)
{
  g_autofree char *path = wp_harness_path (self->server, name);

  g_assert_true (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static void
start_again (Scene *self, const char *extra)
{
  wp_harness_start_again (self->server, self->option, "--database=sqlite:wp.db", "--workers=10",
                          "--retries=1", "--retry-delay=0s", extra, NULL);
}

/* The worker declares its queue. */
static Scene
begin (const char *queue, const char *extra)
{
  g_autofree char *rest = g_strconcat ("?queue=", queue, NULL), *uri = wp_rabbitmq_uri (rabbitmq, "", rest);
  Scene self = { queue, g_strconcat (queue, ".failed", NULL), g_strconcat ("--source=", uri, NULL),
                 wp_harness_new () };

  write_file (&self, "tokens", TOKEN "\n");
  write_file (&self, "wp.conf", CONFIG);
  start_again (&self, extra);
  return self;
}

/* All of the ids "aN" are stored, each once, and nothing else. */
static void
check_stored (const Scene *self, guint n)
{
  g_assert_cmpint (wp_harness_count_rows (self->server, "wp.db", "true"), ==, n);
  g_assert_cmpint (
      wp_harness_count_rows (self->server, "wp.db", "id GLOB 'a[0-9]*' AND CAST (body AS TEXT) = id"), ==, n);
}

static void
check_failed (const Scene *self, const char *expected)
{
  g_autoptr (GPtrArray) failed = wp_rabbitmq_take_ids (rabbitmq, self->failed_queue);
  g_autofree char *text = NULL;

  g_ptr_array_add (failed, NULL);
  text = g_strjoinv ("; ", (char **) failed->pdata);
  g_assert_cmpstr (text, ==, expected);
}

static void
await_ready (const Scene *self, gint64 n)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US, ready;

  while ((ready = wp_rabbitmq_count_ready (rabbitmq, self->queue)) != n)
    if (g_get_monotonic_time () > until_us)
      g_error ("%s has %" G_GINT64_FORMAT " ready jobs, not %" G_GINT64_FORMAT, self->queue, ready, n);
}

static void
scene_clear (Scene *self)
{
  wp_harness_free (self->server);
  g_free (self->failed_queue);
  g_free (self->option);
}

static void
end (Scene *self, guint n, const char *what)
{
  wp_harness_await_stat (self->server, "engine.ready", 0);
  wp_harness_stop (self->server);
  g_assert_cmpuint (wp_harness_ledger (self->server, "failed"), ==, 0);
  check_stored (self, n);
  await_ready (self, 0); /* what was not acknowledged is ready again */
  check_failed (self, "");
  g_test_message ("%s: %u ids published, %u stored, 0 lost, 0 twice", what, n, n);
  scene_clear (self);
}

static void
test_stored (void)
{
  Scene self = begin ("stored", NULL);

  wp_rabbitmq_publish (rabbitmq, self.queue, "a", 2000, NULL);
  wp_harness_await_stat (self.server, "ledger.stored", 2000);
  wp_harness_await_stat (self.server, "ledger.taken", 2000);
  g_assert_cmpfloat (wp_harness_stat (self.server, "engine.capacity"), ==, 10000); /* it has declared it */
  g_assert_cmpfloat (wp_harness_stat (self.server, "ledger.received"), ==, 0);
  g_assert_cmpfloat (wp_harness_stat (self.server, "engine.redelivered"), ==, 0);
  g_assert_cmpfloat (wp_harness_stat (self.server, "duplicates"), ==, 0);
  end (&self, 2000, "taken and stored");
}

static void
resize (const Scene *self, const char *path, const char *value, guint status, const char *expected)
{
  g_autoptr (WpClient) client = wp_client_new (wp_harness_admin_port (self->server));
  g_autofree char *request
      = g_strdup_printf ("PUT %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " TOKEN
                         "\r\nContent-Length: %zu\r\n\r\n%s",
                         path, strlen (value), value);
  g_autoptr (WpHttpResponse) response = NULL;

  wp_client_send (client, request);
  response = wp_client_read (client);
  g_assert_nonnull (response);
  g_assert_cmpuint (response->status, ==, status);
  g_assert_cmpstr (response->body, ==, expected);
}

/* The broker has one consumer of the queue, and gives it so many jobs at most. */
static void
await_prefetch (const Scene *self, guint n_jobs)
{
  g_autofree char *expected = g_strdup_printf ("%s\t%u", self->queue, n_jobs);
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;

  for (;;)
    {
      g_autofree char *list = wp_rabbitmq_control (rabbitmq, 0, "list_consumers", "--no-table-headers",
                                                   "queue_name", "prefetch_count", NULL);

      if (g_str_equal (list, expected))
        return;
      if (g_get_monotonic_time () > until_us)
        g_error ("%s, not %s", list, expected);
    }
}

/* More workers, fewer, and a shorter queue while jobs are held: what is held stays held, and is neither lost
 * nor delivered again. */
static void
test_resized (void)
{
  Scene self = begin ("resized", "--config=wp.conf");

  {
    g_autoptr (WpHold) hold = wp_hold_new (self.server, "wp.db");

    wp_rabbitmq_publish (rabbitmq, self.queue, "a", 200, NULL);
    wp_harness_await_stat (self.server, "ledger.taken", HELD);
    resize (&self, "/workers", "20", 200, "20\n");
    await_ready (&self, 200 - HELD); /* more would come only once half of the new number is left */
    wp_harness_await_stat (self.server, "ledger.taken", HELD);
  }
  wp_harness_await_stat (self.server, "ledger.stored", 200);
  await_prefetch (&self, 30);
  resize (&self, "/workers", "65530", 400,
          "workers: --workers and --queue are over 65535, the most jobs that a server can hold of a shared "
          "queue\n");
  {
    g_autoptr (WpHold) hold = wp_hold_new (self.server, "wp.db");

    wp_rabbitmq_publish (rabbitmq, self.queue, "b", 100, "a body");
    wp_harness_await_stat (self.server, "ledger.taken", 230);
    await_ready (&self, 70);
    write_file (&self, "wp.conf", CONFIG "queue = 0\n");
    wp_harness_signal (self.server, SIGHUP);
    wp_harness_await_log (self.server, "SIGHUP: queue from 10 to 0\n");
    resize (&self, "/workers", "3", 200, "3\n");
  }
  wp_harness_await_stat (self.server, "ledger.stored", 300);
  await_prefetch (&self, 3);
  g_assert_cmpfloat (wp_harness_stat (self.server, "engine.redelivered"), ==, 0);
  g_assert_cmpfloat (wp_harness_stat (self.server, "duplicates"), ==, 0);
  wp_harness_await_stat (self.server, "ledger.taken", 300);
  wp_harness_await_stat (self.server, "engine.ready", 0);
  wp_harness_stop (self.server);
  g_assert_cmpint (wp_harness_count_rows (self.server, "wp.db", "true"), ==, 300);
  await_ready (&self, 0);
  check_failed (&self, "");
  scene_clear (&self);
}

/* Another consumer took the place of the first while jobs were held: killed then, the worker leaves them all
 * to the next. */
static void
test_resized_and_killed (void)
{
  Scene self = begin ("resized-killed", "--config=wp.conf");

  {
    g_autoptr (WpHold) hold = wp_hold_new (self.server, "wp.db");

    wp_rabbitmq_publish (rabbitmq, self.queue, "a", 100, NULL);
    wp_harness_await_stat (self.server, "ledger.taken", HELD);
    resize (&self, "/workers", "40", 200, "40\n");
    wp_harness_await_stat (self.server, "ledger.taken", HELD + 50);
    wp_harness_signal (self.server, SIGKILL);
    wp_harness_wait (self.server);
    await_ready (&self, 100);
    start_again (&self, NULL);
    wp_harness_await_stat (self.server, "ledger.taken", HELD);
    g_assert_cmpfloat (wp_harness_stat (self.server, "engine.redelivered"), >=, 1);
  }
  wp_harness_await_stat (self.server, "ledger.stored", 100);
  end (&self, 100, "resized, and killed with all that both consumers had got");
}

/* Killed with a full prefetch, again and again: a killed worker's jobs are delivered to the next. */
static void
test_killed (void)
{
  Scene self = begin ("killed", NULL);
  guint n_kills = 30;

  {
    g_autoptr (WpHold) hold = wp_hold_new (self.server, "wp.db");

    wp_rabbitmq_publish (rabbitmq, self.queue, "a", 50, NULL);
    for (guint i = 0; i < n_kills; i++)
      {
        wp_harness_await_stat (self.server, "ledger.taken", HELD);
        wp_harness_signal (self.server, SIGKILL);
        wp_harness_wait (self.server);
        start_again (&self, NULL);
      }
    wp_harness_await_stat (self.server, "ledger.taken", HELD);
    g_assert_cmpfloat (wp_harness_stat (self.server, "engine.redelivered"), >=, 1);
  }
  wp_harness_await_stat (self.server, "ledger.stored", 50);
  end (&self, 50, "killed 30 times");
}

/* The outage takes longer than all retries; no job is given back, since each way back counts. */
static void
test_database_down (void)
{
  const char *seconds = g_getenv ("WP_OUTAGE_S");
  Scene self = begin ("database-down", NULL);

  {
    g_autoptr (WpHold) hold = wp_hold_new (self.server, "wp.db");

    wp_rabbitmq_publish (rabbitmq, self.queue, "a", 100, NULL);
    wp_harness_await_stat (self.server, "ledger.taken", HELD);
    wp_harness_await_stat (self.server, "database_up", 0);
    g_usleep ((gulong) (seconds ? atoi (seconds) : 8) * G_USEC_PER_SEC); /* the outage itself */
    g_assert_cmpfloat (wp_harness_stat (self.server, "ledger.taken"), ==, HELD);
    g_assert_cmpint (wp_rabbitmq_count_ready (rabbitmq, self.queue), ==, 100 - HELD);
  }
  wp_harness_await_stat (self.server, "ledger.stored", 100);
  g_assert_cmpfloat (wp_harness_stat (self.server, "engine.redelivered"), ==, 0);
  end (&self, 100, seconds ? "database down for a minute" : "database down for 8 s");
}

/* A job at fault goes to the queue of failed jobs, with its reason, and holds up no other. */
static void
test_failed (void)
{
  Scene self = begin ("failed", NULL);

  wp_rabbitmq_publish (rabbitmq, self.queue, "a", 3, NULL);
  wp_harness_await_stat (self.server, "ledger.stored", 3);
  wp_rabbitmq_publish (rabbitmq, self.queue, "a", 1, "another body");
  wp_harness_await_stat (self.server, "engine.dead_lettered", 1);
  check_failed (&self, "a0: id used with another payload");
  wp_rabbitmq_publish (rabbitmq, self.queue, "a", 3, NULL);
  wp_harness_await_stat (self.server, "duplicates", 3);
  {
    g_autoptr (WpHold) hold = wp_hold_new (self.server, "wp.db");

    wp_hold_execute (hold, WP_HOLD_SPOIL);
  }
  wp_rabbitmq_publish (rabbitmq, self.queue, "b", 1, NULL);
  wp_harness_await_stat (self.server, "engine.dead_lettered", 2);
  {
    g_autoptr (WpHold) hold = wp_hold_new (self.server, "wp.db");

    wp_hold_execute (hold, WP_HOLD_UNSPOIL);
  }
  check_failed (&self, "b0: spoilt");
  wp_harness_await_stat (self.server, "engine.ready", 0);
  wp_harness_stop (self.server); /* with status 0: nothing that was acknowledged is lost */
  g_assert_cmpuint (wp_harness_ledger (self.server, "failed"), ==, 2);
  check_stored (&self, 3);
  await_ready (&self, 0);
  scene_clear (&self);
}

static void
publish_without_id (const char *queue)
{
  amqp_connection_state_t connection = wp_rabbitmq_connect (rabbitmq, 0);

  g_assert_cmpint (amqp_basic_publish (connection, 1, amqp_empty_bytes, amqp_cstring_bytes (queue), 0, 0,
                                       NULL, amqp_cstring_bytes ("no id")),
                   ==, AMQP_STATUS_OK);
  wp_rabbitmq_disconnect (connection);
}

/* A deleted queue of failed jobs is declared again: the job that found it missing is delivered again. */
static void
test_failed_queue_deleted (void)
{
  Scene self = begin ("failed-deleted", NULL);
  g_autoptr (GPtrArray) failed = NULL;

  g_free (wp_rabbitmq_control (rabbitmq, 0, "delete_queue", self.failed_queue, NULL));
  publish_without_id (self.queue);
  wp_harness_await_stat (self.server, "engine.dead_lettered", 1);
  failed = wp_rabbitmq_take_ids (rabbitmq, self.failed_queue);
  g_assert_cmpuint (failed->len, ==, 1);
  g_assert_true (g_str_has_suffix (failed->pdata[0], ": it has no message-id"));
  wp_harness_await_log (self.server, "the queue of failed jobs does not exist");
  wp_rabbitmq_publish (rabbitmq, self.queue, "a", 10, NULL);
  wp_harness_await_stat (self.server, "ledger.stored", 10);
  wp_harness_await_stat (self.server, "ledger.taken", 10);
  end (&self, 10, "the queue of failed jobs deleted");
}

static amqp_table_entry_t
header (const char *name, int kind, const char *text, gsize len)
{
  amqp_table_entry_t entry = { amqp_cstring_bytes (name), { .kind = (uint8_t) kind } };

  if (kind == AMQP_FIELD_KIND_I64)
    entry.value.value.i64 = G_MININT64 + 1;
  else
    entry.value.value.bytes = (amqp_bytes_t){ len, (void *) text };
  return entry;
}

/* @id: NULL: none */
static void
publish_foreign (const char *queue, const char *id, amqp_table_entry_t *headers, int n_headers)
{
  amqp_connection_state_t connection = wp_rabbitmq_connect (rabbitmq, 0);
  amqp_basic_properties_t properties
      = { ._flags = AMQP_BASIC_HEADERS_FLAG, .headers = { n_headers, headers } };

  if (id)
    properties._flags |= AMQP_BASIC_MESSAGE_ID_FLAG;
  properties.message_id = amqp_cstring_bytes (id ? id : "");
  g_assert_cmpint (amqp_basic_publish (connection, 1, amqp_empty_bytes, amqp_cstring_bytes (queue), 0, 0,
                                       &properties, amqp_cstring_bytes (id ? id : "")),
                   ==, AMQP_STATUS_OK);
  wp_rabbitmq_disconnect (connection);
}

/* Headers of other types, times before 1970, no UTF-8, and as much of them as fits into a frame: without an
 * id the message and its reason do not fit. */
static void
test_foreign (void)
{
  Scene self = begin ("foreign", NULL);
  g_autofree char *large = g_strnfill (LARGEST_HEADER, 'p');
  amqp_table_entry_t types[]
      = { header ("method", AMQP_FIELD_KIND_I64, NULL, 0), header ("path", AMQP_FIELD_KIND_I64, NULL, 0),
          header ("received", AMQP_FIELD_KIND_UTF8, "now", 3),
          header ("enqueued", AMQP_FIELD_KIND_UTF8, "", 0) },
      times[] = { header ("received", AMQP_FIELD_KIND_I64, NULL, 0),
                  header ("enqueued", AMQP_FIELD_KIND_I64, NULL, 0) },
      bytes[] = { header ("method", AMQP_FIELD_KIND_UTF8, "\xff\0\n", 3),
                  header ("path", AMQP_FIELD_KIND_BYTES, "\xff\0\n", 3) },
      path = header ("path", AMQP_FIELD_KIND_UTF8, large, LARGEST_HEADER),
      method = header ("method", AMQP_FIELD_KIND_UTF8, "PROPFIND", strlen ("PROPFIND"));

  publish_foreign (self.queue, "a0", types, G_N_ELEMENTS (types));
  publish_foreign (self.queue, "a1", times, G_N_ELEMENTS (times));
  publish_foreign (self.queue, "a2", bytes, G_N_ELEMENTS (bytes));
  publish_foreign (self.queue, "a3", &path, 1);
  publish_foreign (self.queue, NULL, &path, 1);
  publish_foreign (self.queue, "a4", NULL, 0);
  publish_foreign (self.queue, "", NULL, 0);
  publish_foreign (self.queue, "", NULL, 0); /* another one, and not a duplicate */
  publish_foreign (self.queue, "a5", &method, 1);
  wp_harness_await_stat (self.server, "engine.dead_lettered", 3);
  wp_harness_await_stat (self.server, "ledger.stored", 6);
  wp_harness_await_stat (self.server, "engine.ready", 0);
  wp_harness_stop (self.server);
  check_stored (&self, 6);
  g_assert_cmpint (wp_harness_count_rows (self.server, "wp.db", "method = 'PROPFIND'"), ==, 1);
  g_assert_cmpint (wp_harness_count_rows (self.server, "wp.db", "received < '2000'"), ==, 0);
  await_ready (&self, 0);
  scene_clear (&self);
}

/* What it holds is stored and acknowledged; the rest stays in the queue. */
static void
test_drain (void)
{
  Scene self = begin ("drain", NULL);

  {
    g_autoptr (WpHold) hold = wp_hold_new (self.server, "wp.db");

    wp_rabbitmq_publish (rabbitmq, self.queue, "a", 50, NULL);
    wp_harness_await_stat (self.server, "ledger.taken", HELD);
    wp_harness_signal (self.server, SIGTERM);
    wp_harness_await_log (self.server, "draining");
  }
  g_assert_cmpint (wp_harness_wait (self.server), ==, 0);
  g_assert_cmpuint (wp_harness_ledger (self.server, "stored"), ==, HELD);
  await_ready (&self, 50 - HELD);
  start_again (&self, NULL);
  wp_harness_await_stat (self.server, "ledger.stored", 50 - HELD);
  g_assert_cmpfloat (wp_harness_stat (self.server, "engine.capacity"), ==, -1); /* it has not declared it */
  g_assert_cmpfloat (wp_harness_stat (self.server, "engine.redelivered"), ==, 0);
  end (&self, 50, "drained, and started again");
}

/* A broker that takes a connection and says nothing holds up no drain: there is nothing to finish. */
static void
test_drain_while_connecting (void)
{
  guint16 port;
  int listener = wp_child_bind_port (&port);
  struct pollfd client = { listener, POLLIN, 0 };
  Scene self = { "drain-connecting", g_strdup (""),
                 g_strdup_printf ("--source=amqp://%s:%u,127.0.0.1:%u?queue=drain-connecting",
                                  wp_rabbitmq_host (0), wp_rabbitmq_port (rabbitmq), port),
                 wp_harness_new () };

  g_assert_cmpint (listen (listener, 1), ==, 0);
  start_again (&self, "--database-timeout=10m");
  g_free (wp_rabbitmq_control (rabbitmq, 0, "close_all_connections", "test", NULL));
  g_assert_cmpint (poll (&client, 1, WP_PATIENCE_US / 1000), ==, 1);
  wp_harness_signal (self.server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (self.server), ==, 0);
  close (listener);
  scene_clear (&self);
}

/* A drain that the database outlasts leaves its jobs to the queue. */
static void
test_drain_timeout (void)
{
  Scene self = begin ("drain-timeout", "--drain-timeout=300ms");

  {
    g_autoptr (WpHold) hold = wp_hold_new (self.server, "wp.db");

    wp_rabbitmq_publish (rabbitmq, self.queue, "a", 50, NULL);
    wp_harness_await_stat (self.server, "ledger.taken", HELD);
    wp_harness_signal (self.server, SIGTERM);
    g_assert_cmpint (wp_harness_wait (self.server), ==, 1);
    wp_harness_await_log (self.server,
                          "20 accepted jobs were not finished: 10 queued, 10 in service; amqp://");
    wp_harness_await_log (self.server, "delivers them again\n");
  }
  await_ready (&self, 50);
  start_again (&self, NULL);
  wp_harness_await_stat (self.server, "ledger.stored", 50);
  end (&self, 50, "a drain that the database outlasts");
}

/* The node dies while jobs are held: they are stored, cannot be acknowledged, and come again as duplicates.
 */
static void
test_node_killed (void)
{
  Scene self = begin ("node-killed", NULL);

  {
    g_autoptr (WpHold) hold = wp_hold_new (self.server, "wp.db");

    wp_rabbitmq_publish (rabbitmq, self.queue, "a", 50, NULL);
    wp_harness_await_stat (self.server, "ledger.taken", HELD);
    wp_rabbitmq_sync (rabbitmq);
    wp_rabbitmq_kill (rabbitmq, 0);
    wp_harness_await_log (self.server, " is down, its jobs wait: ");
    wp_harness_await_stat (self.server, "engine.up", 0);
    wp_rabbitmq_restart (rabbitmq, 0);
    wp_harness_await_stat (self.server, "ledger.taken", HELD); /* it takes no more */
  }
  wp_harness_await_stat (self.server, "ledger.stored", 50 + HELD);
  wp_harness_await_stat (self.server, "duplicates", HELD);
  wp_harness_await_stat (self.server, "engine.redelivered", HELD);
  wp_harness_await_log (self.server, " is up again, after ");
  end (&self, 50, "the node killed");
}

/* The front's record has each confirm; the worker's the time of the publish, which a front writes into the
 * message. What has no id has the same one in both. */
static void
test_record (void)
{
  g_autofree char *rest = g_strconcat ("?queue=", "record", NULL),
                  *uri = wp_rabbitmq_uri (rabbitmq, "", rest),
                  *database = g_strconcat ("--database=", uri, NULL);
  Scene self = begin ("record", "--record=record.csv");
  g_autoptr (WpHarness) front = wp_harness_start (database, "--record=record.csv", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (front));
  g_autoptr (WpTrace) trace = NULL, passed = NULL;
  g_autofree char *path = wp_harness_path (self.server, "record.csv"),
                  *front_path = wp_harness_path (front, "record.csv"), *text = NULL;
  WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
  const WpRow *rows, *passed_rows;
  gsize n, n_passed;

  wp_client_post (client, "/", "X-Request-Id: a0\r\n", "a0", 2);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_client_post (client, "/", "", "no id", 5);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_harness_await_stat (self.server, "ledger.stored", 2);
  wp_harness_stop (front);
  wp_harness_await_stat (self.server, "engine.ready", 0);
  wp_harness_stop (self.server);
  options.columns = "accepted=enqueued";
  trace = wp_trace_open (path, &options, NULL);
  g_assert_nonnull (trace);
  rows = wp_trace_load (trace, &n, NULL);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpstr (rows[0].id, ==, "a0");
  g_assert_cmpint (rows[0].accepted_ns, !=, WP_TIME_NONE);
  g_assert_cmpint (rows[0].accepted_ns, <=, rows[0].arrival_ns);
  g_assert_cmpint (rows[0].accepted_ns, >, rows[0].arrival_ns - WP_PATIENCE_US * WP_NS_PER_US);
  g_assert_cmpint (rows[0].started_ns, >=, rows[0].arrival_ns);
  g_assert_cmpint (rows[0].finished_ns, >, rows[0].started_ns);
  passed = wp_trace_open (front_path, NULL, NULL);
  g_assert_nonnull (passed);
  passed_rows = wp_trace_load (passed, &n_passed, NULL);
  g_assert_cmpuint (n_passed, ==, 2);
  for (guint i = 0; i < n_passed; i++)
    {
      g_assert_cmpstr (passed_rows[i].id, ==, rows[i].id);
      g_assert_cmpint (passed_rows[i].outcome, ==, WP_OUTCOME_PASSED);
      g_assert_cmpint (passed_rows[i].accepted_ns, >, passed_rows[i].arrival_ns);
      g_assert_cmpint (passed_rows[i].ended_ns, >=, passed_rows[i].accepted_ns);
      g_assert_cmpint (passed_rows[i].finished_ns, ==, WP_TIME_NONE);
    }
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, " clocks-apart="));
  scene_clear (&self);
}

/* Without --listen it takes no requests. */
static void
test_no_listener (void)
{
  g_autofree char *uri = wp_rabbitmq_uri (rabbitmq, "", NULL), *source = g_strconcat ("--source=", uri, NULL);
  g_autoptr (WpHarness) server = wp_harness_new ();

  wp_harness_launch_only (server, source, "--database=sqlite:wp.db", "--admin=none", NULL);
  wp_harness_await_log (server, "WorkerPool, queue 64, workers 64, database sqlite:wp.db, jobs from amqp://");
  wp_rabbitmq_publish (rabbitmq, WP_RABBITMQ_QUEUE, "a", 100, NULL);
  for (gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;
       wp_harness_count_rows (server, "wp.db", "true") < 100;)
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "received"), ==, 0);
  g_assert_cmpuint (wp_harness_ledger (server, "taken"), ==, 100);
}

static void
check_refused (const char *expected, const char *first, const char *second)
{
  g_autofree char *uri = wp_rabbitmq_uri (rabbitmq, "", NULL), *source = g_strconcat ("--source=", uri, NULL);
  g_autoptr (WpHarness) server = wp_harness_run ("--admin=none", source, first, second, NULL);
  g_autofree char *log = NULL, *line = g_strdup_printf ("wp-server: %s\n", expected);

  g_assert_cmpint (wp_harness_wait (server), ==, 2);
  log = wp_harness_log (server);
  g_assert_cmpstr (log, ==, line);
}

/* Nothing listens there; and a queue is not one of an unknown kind. */
static void
check_source_refused (const char *expected, const char *option)
{
  g_autoptr (WpHarness) server = wp_harness_run ("--admin=none", option, "--database=sqlite:wp.db", NULL);
  g_autofree char *log = NULL;

  g_assert_cmpint (wp_harness_wait (server), ==, 2);
  log = wp_harness_log (server);
  g_assert_true (g_str_has_prefix (log, expected));
  g_assert_true (strchr (log, '\n') == log + strlen (log) - 1);
}

static void
test_bad_sources (void)
{
  guint16 port;
  int fd = wp_child_bind_port (&port);
  g_autofree char *closed = g_strdup_printf ("--source=amqp://127.0.0.1:%u", port),
                  *expected = g_strdup_printf ("wp-server: --source: amqp://127.0.0.1:%u: ", port);

  check_source_refused (expected, closed);
  check_source_refused ("wp-server: --source: \"kafka...\" is not a shared queue: amqp://HOST?queue=NAME\n",
                        "--source=kafka://host");
  check_source_refused ("wp-server: --source: ", "--source=amqp://me:secret@127.0.0.1");
  close (fd);
}

static void
test_bad_options (void)
{
  g_autofree char *uri = wp_rabbitmq_uri (rabbitmq, "", NULL),
                  *database = g_strconcat ("--database=", uri, NULL);

  check_refused ("--source needs --database: where the jobs are stored", NULL, NULL);
  check_refused ("--source: the database of a server that takes jobs from a shared queue cannot be one",
                 database, NULL);
  check_refused (
      "--journal: a server that takes jobs from a shared queue leaves them there until they are stored",
      "--database=sqlite:wp.db", "--journal=wp.journal");
  check_refused ("--mode: a server that takes jobs from a shared queue is a WorkerPool",
                 "--database=sqlite:wp.db", "--mode=Default");
  check_refused (
      "--retry-for: a server that takes jobs from a shared queue waits for its database without a limit",
      "--database=sqlite:wp.db", "--retry-for=1s");
  check_refused (
      "--workers and --queue are over 65535, the most jobs that a server can hold of a shared queue",
      "--database=sqlite:wp.db", "--workers=40000");
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  if (!wp_rabbitmq_is_there ())
    {
      g_printerr ("rabbitmq-server is missing\n");
      return 77;
    }
  rabbitmq = wp_rabbitmq_new (1);
  g_test_add_func ("/rabbitmq-worker/stored", test_stored);
  g_test_add_func ("/rabbitmq-worker/resized", test_resized);
  g_test_add_func ("/rabbitmq-worker/resized-and-killed", test_resized_and_killed);
  g_test_add_func ("/rabbitmq-worker/killed", test_killed);
  g_test_add_func ("/rabbitmq-worker/database-down", test_database_down);
  g_test_add_func ("/rabbitmq-worker/failed", test_failed);
  g_test_add_func ("/rabbitmq-worker/failed-queue-deleted", test_failed_queue_deleted);
  g_test_add_func ("/rabbitmq-worker/foreign", test_foreign);
  g_test_add_func ("/rabbitmq-worker/drain", test_drain);
  g_test_add_func ("/rabbitmq-worker/drain-timeout", test_drain_timeout);
  g_test_add_func ("/rabbitmq-worker/drain-while-connecting", test_drain_while_connecting);
  g_test_add_func ("/rabbitmq-worker/record", test_record);
  g_test_add_func ("/rabbitmq-worker/no-listener", test_no_listener);
  g_test_add_func ("/rabbitmq-worker/bad-options", test_bad_options);
  g_test_add_func ("/rabbitmq-worker/bad-sources", test_bad_sources);
  g_test_add_func ("/rabbitmq-worker/node-killed", test_node_killed);
  status = g_test_run ();
  wp_rabbitmq_free (rabbitmq);

  return status;
}
