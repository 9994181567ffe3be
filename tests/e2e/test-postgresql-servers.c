/* Several servers store into one PostgreSQL: an id that two of them got is stored once; and behind nginx, of
 * which one is killed and started again under load, each id that was answered is stored once. */
#include <unistd.h>

#include "tests/e2e/wp-harness.h"
#include "tests/e2e/wp-load.h"
#include "tests/e2e/wp-nginx.h"
#include "tests/e2e/wp-postgres.h"

#define N_SERVERS 3

static WpPostgres *postgres;

/* From now on no update is done, until the connection is closed. */
static PGconn *
lock_table (void)
{
  PGconn *locker = wp_postgres_connect (postgres, "boss");
  PGresult *result = PQexec (locker, "BEGIN; LOCK TABLE wp_jobs");

  g_assert_cmpint (PQresultStatus (result), ==, PGRES_COMMAND_OK);
  PQclear (result);

  return locker;
}

static char *
database_option (void)
{
  g_autofree char *uri = wp_postgres_uri (postgres, "wp", "wp", NULL);

  return g_strconcat ("--database=", uri, NULL);
}

/* Both have it at once; and then both once more. */
static void
test_one_id_at_two_servers (void)
{
  g_autofree char *database = database_option ();
  g_autoptr (WpHarness) one = NULL, two = NULL;
  g_autoptr (WpClient) to_one = NULL, to_two = NULL;
  PGconn *locker;

  g_free (wp_postgres_run (postgres, "TRUNCATE wp_jobs"));
  one = wp_harness_start (database, "--ack=stored", NULL);
  two = wp_harness_start (database, "--ack=stored", NULL);
  to_one = wp_client_new (wp_harness_port (one));
  to_two = wp_client_new (wp_harness_port (two));
  locker = lock_table ();
  for (guint i = 0; i < 2; i++)
    {
      wp_client_post (to_one, "/", "X-Request-Id: same\r\n", "x", 1);
      wp_client_post (to_two, "/", "X-Request-Id: same\r\n", "x", 1);
      wp_harness_await_stat (one, "ledger.received", i + 1);
      wp_harness_await_stat (two, "ledger.received", i + 1);
      g_clear_pointer (&locker, PQfinish);
      g_assert_cmpuint (wp_client_read_status (to_one), ==, 200);
      g_assert_cmpuint (wp_client_read_status (to_two), ==, 200);
    }
  g_assert_cmpfloat (wp_harness_stat (one, "duplicates") + wp_harness_stat (two, "duplicates"), ==, 3);
  wp_harness_stop (one);
  wp_harness_stop (two);
  g_assert_cmpint (wp_postgres_count (postgres, "true"), ==, 1);
}

/* A server that comes again on the same port. */
typedef struct {
  WpHarness *server;
  char *listen, *database;
  int port_fd; /* keeps the port */
} Instance;

static void
instance_start (Instance *self, const char *ack)
{
  wp_harness_start_again (self->server, "--mode=WorkerPool", "--queue=100", "--workers=2",
                          "--journal=jobs.journal", self->listen, self->database, ack, NULL);
}

static void
instance_init (Instance *self, const char *ack)
{
  guint16 port;

  self->port_fd = wp_child_bind_port (&port);
  self->listen = g_strdup_printf ("--listen=127.0.0.1:%u", port);
  self->database = database_option ();
  self->server = wp_harness_new ();
  instance_start (self, ack);
}

static void
instance_clear (Instance *self)
{
  wp_harness_free (self->server);
  g_free (self->listen);
  g_free (self->database);
  close (self->port_fd);
}

/* Of the man page, but that a failed server is tried again at once. */
static WpNginx *
start_nginx (const Instance *servers)
{
  g_autoptr (GString) http = g_string_new ("upstream wp { zone wp 64k; least_conn; keepalive 64;\n");

  for (guint i = 0; i < N_SERVERS; i++)
    g_string_append_printf (http, "server 127.0.0.1:%u max_fails=0;\n", wp_harness_port (servers[i].server));
  g_string_append (http, "}\n"
                         "keepalive_requests 1000000;\n"
                         "server { listen 80; location / {\n"
                         "  proxy_pass http://wp; proxy_http_version 1.1; proxy_set_header Connection \"\";\n"
                         "  proxy_next_upstream error timeout http_503 non_idempotent;\n"
                         "} }\n");

  return wp_nginx_new_as (servers[0].server, http->str);
}

/* Waits until each server has an update in hand that the lock holds up. */
static void
await_updates (void)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US, n = 0;

  while (n < N_SERVERS)
    {
      g_autofree char *waiting
          = wp_postgres_run (postgres, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'wp' AND "
                                       "wait_event_type = 'Lock'");

      n = g_ascii_strtoll (waiting, NULL, 10);
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
    }
}

/* Killed with unfinished jobs, which it stores when it is started again. */
static void
kill_one (Instance *self, const char *ack, WpLoad *load)
{
  PGconn *locker = lock_table ();
  gint64 until_us;

  await_updates ();
  wp_harness_signal (self->server, SIGKILL);
  wp_harness_wait (self->server);
  PQfinish (locker);
  wp_load_await (load, 20);
  instance_start (self, ack);
  wp_harness_await_log (self->server, "recovered ");
  until_us = g_get_monotonic_time () + WP_PATIENCE_US;
  while (wp_harness_stat (self->server, "ledger.received") < 1) /* nginx has found it */
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
}

static void
test_one_of_three_killed (gconstpointer ack)
{
  Instance servers[N_SERVERS] = { 0 };
  WpNginx *nginx;
  WpLoad *load;
  g_autoptr (GPtrArray) answered = NULL;

  g_free (wp_postgres_run (postgres, "TRUNCATE wp_jobs"));
  for (guint i = 0; i < N_SERVERS; i++)
    instance_init (&servers[i], ack);
  nginx = start_nginx (servers);
  load = wp_load_new (wp_nginx_port (nginx), 100);
  wp_load_await (load, 20);
  for (guint i = 0; i < N_SERVERS; i++)
    kill_one (&servers[i], ack, load);
  answered = wp_load_end (load);
  wp_nginx_free (nginx);
  for (guint i = 0; i < N_SERVERS; i++)
    wp_harness_stop (servers[i].server);
  g_assert_cmpint (wp_postgres_count_ids (postgres, answered), ==, answered->len);
  g_assert_cmpint (wp_postgres_count (postgres, "true"), ==, answered->len);
  g_test_message ("three servers, each killed once, %s: %u ids answered and stored, 0 lost, 0 twice",
                  (const char *) ack, answered->len);
  for (guint i = 0; i < N_SERVERS; i++)
    instance_clear (&servers[i]);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  if (!wp_postgres_is_there ())
    {
      g_print ("1..0 # SKIP PostgreSQL is not installed\n");
      return 0;
    }
  g_test_add_func ("/postgresql-servers/one-id-at-two-servers", test_one_id_at_two_servers);
  if (wp_nginx_is_there ())
    {
      g_test_add_data_func ("/postgresql-servers/one-of-three-killed/accepted", "--ack=accepted",
                            test_one_of_three_killed);
      g_test_add_data_func ("/postgresql-servers/one-of-three-killed/stored", "--ack=stored",
                            test_one_of_three_killed);
    }
  postgres = wp_postgres_new ();
  status = g_test_run ();
  wp_postgres_free (postgres);

  return status;
}
