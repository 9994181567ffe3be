/* Two fronts, three workers, three RabbitMQ nodes and PostgreSQL, under load: a worker, the queue's leader
 * and a front are killed, then a node is cut off, then two. Each id that was answered is stored once, and all
 * goes on without help. */
#include <string.h>

#include "tests/e2e/wp-harness.h"
#include "tests/e2e/wp-postgres.h"
#include "tests/e2e/wp-rabbitmq.h"

#define N_JOBS    20000
#define N_NODES   3
#define N_FRONTS  2
#define N_WORKERS 3
#define N_CLIENTS 32                    /* of each front */
#define LONG_US   (10 * WP_PATIENCE_US) /* nothing takes as long, even on a slow machine */

typedef struct {
  WpHarness *server;
  char *listen, *queue; /* its options */
  guint16 port;
  int port_fd; /* keeps it */
} Front;

static WpRabbitmq *rabbitmq;
static WpPostgres *postgres;
static Front fronts[N_FRONTS];
static WpHarness *workers[N_WORKERS];
static char *source, *database;

/* The load: each id is sent until it is answered. */
static struct {
  GThread *threads[N_FRONTS * N_CLIENTS];
  GMutex mutex;
  GCond changed;
  guint n_begun, n_answered; /* guarded by mutex */
  guint n_allowed;           /* guarded by mutex: clients wait before they begin more */
  gint64 last_us, gap_us;    /* guarded by mutex: the last answer; the longest time without one */
} load;

static void
start_front (Front *self)
{
  wp_harness_start_again (self->server, self->listen, self->queue, "--wait-for-database=1m", NULL);
}

static void
start_worker (guint i)
{
  wp_harness_start_again (workers[i], source, database, "--wait-for-database=1m", NULL);
}

static void
begin_fleet (void)
{
  g_autofree char *queue = wp_rabbitmq_uri (rabbitmq, "", "?queue=" WP_RABBITMQ_QUEUE),
                  *uri = wp_postgres_uri (postgres, "wp", "wp", NULL);

  source = g_strconcat ("--source=", queue, NULL);
  database = g_strconcat ("--database=", uri, NULL);
  for (guint i = 0; i < N_FRONTS; i++)
    {
      fronts[i].port_fd = wp_child_bind_port (&fronts[i].port);
      fronts[i].listen = g_strdup_printf ("--listen=127.0.0.1:%u", fronts[i].port);
      fronts[i].queue = g_strconcat ("--database=", queue, NULL);
      fronts[i].server = wp_harness_new ();
      start_front (&fronts[i]);
    }
  for (guint i = 0; i < N_WORKERS; i++)
    {
      workers[i] = wp_harness_new ();
      start_worker (i);
    }
  wp_rabbitmq_sync (rabbitmq);
}

/* FALSE: it is to be sent again, by a new connection. */
static gboolean
send_job (guint16 port, WpClient **client, guint number)
{
  g_autofree char *header = g_strdup_printf ("X-Request-Id: job-%u\r\n", number),
                  *body = g_strdup_printf ("%0512u", number),
                  *request
                  = g_strdup_printf ("POST / HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: 512\r\n\r\n%s",
                                     header, body);

  if (!*client)
    *client = wp_client_try (port);
  if (*client && wp_client_send (*client, request))
    {
      wp_client_await (*client, LONG_US); /* while no engine takes the job */
      if (wp_client_read_status (*client) == 200)
        return TRUE;
    }
  g_clear_pointer (client, wp_client_free);
  return FALSE;
}

static gboolean
take_number (guint *number)
{
  gboolean more;

  g_mutex_lock (&load.mutex);
  while (load.n_begun == load.n_allowed && load.n_begun < N_JOBS)
    g_cond_wait (&load.changed, &load.mutex);
  more = load.n_begun < N_JOBS;
  *number = load.n_begun;
  load.n_begun += more;
  g_mutex_unlock (&load.mutex);
  return more;
}

static void
note_answer (void)
{
  gint64 now_us = g_get_monotonic_time ();

  g_mutex_lock (&load.mutex);
  load.gap_us = MAX (load.gap_us, now_us - load.last_us);
  load.last_us = now_us;
  load.n_answered++;
  g_cond_broadcast (&load.changed);
  g_mutex_unlock (&load.mutex);
}

static gpointer
send_jobs (gpointer front)
{
  guint16 port = ((const Front *) front)->port;
  WpClient *client = NULL;
  guint number;

  while (take_number (&number))
    {
      while (!send_job (port, &client, number))
        g_usleep (10000); /* the front is down: another try at once would take the processor */
      note_answer ();
    }
  g_clear_pointer (&client, wp_client_free);

  return NULL;
}

static void
begin_load (void)
{
  load.last_us = g_get_monotonic_time ();
  for (guint i = 0; i < G_N_ELEMENTS (load.threads); i++)
    load.threads[i] = g_thread_new ("client", send_jobs, &fronts[i % N_FRONTS]);
}

/* The clients send @n more jobs. */
static void
allow (guint n)
{
  g_mutex_lock (&load.mutex);
  load.n_allowed += n;
  g_assert_cmpuint (load.n_allowed, <=, N_JOBS);
  load.last_us = g_get_monotonic_time ();
  g_cond_broadcast (&load.changed);
  g_mutex_unlock (&load.mutex);
}

/* The time without an answer is measured from now on. */
static void
forget_gap (void)
{
  g_mutex_lock (&load.mutex);
  load.gap_us = 0;
  load.last_us = g_get_monotonic_time ();
  g_mutex_unlock (&load.mutex);
}

static double
get_gap (void)
{
  gint64 gap_us;

  g_mutex_lock (&load.mutex);
  gap_us = load.gap_us;
  g_mutex_unlock (&load.mutex);
  return (double) gap_us / G_USEC_PER_SEC;
}

/* Waits until all but @n of the jobs that are allowed are answered. A slow machine makes progress too. */
static void
await_all_but (guint n)
{
  g_mutex_lock (&load.mutex);
  while (load.n_answered < load.n_allowed - n)
    if (!g_cond_wait_until (&load.changed, &load.mutex, load.last_us + LONG_US))
      g_error ("%u jobs are answered, and no more", load.n_answered);
  g_mutex_unlock (&load.mutex);
}

static void
await_node (guint node)
{
  gint64 until_us = g_get_monotonic_time () + LONG_US;
  amqp_connection_state_t connection;

  while (!(connection = wp_rabbitmq_connect (rabbitmq, node)))
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
  wp_rabbitmq_disconnect (connection);
}

static void
kill_worker (void)
{
  allow (3000);
  await_all_but (2500);
  wp_harness_signal (workers[0], SIGKILL);
  await_all_but (0);
  start_worker (0);
}

static void
kill_leader (void)
{
  guint leader = wp_rabbitmq_find_leader (rabbitmq, WP_RABBITMQ_QUEUE);

  allow (4000);
  await_all_but (3500);
  forget_gap ();
  wp_rabbitmq_kill (rabbitmq, leader);
  await_all_but (0);
  g_test_message ("the leader killed: the longest time without an answer is %.2f s", get_gap ());
  wp_rabbitmq_restart (rabbitmq, leader);
}

static void
kill_front (void)
{
  allow (3000);
  await_all_but (2500);
  wp_harness_signal (fronts[0].server, SIGKILL);
  wp_harness_wait (fronts[0].server);
  start_front (&fronts[0]);
  await_all_but (0);
}

static void
cut_leader (void)
{
  guint leader = wp_rabbitmq_find_leader (rabbitmq, WP_RABBITMQ_QUEUE);

  allow (3000);
  await_all_but (2500);
  forget_gap ();
  wp_rabbitmq_cut (rabbitmq, leader);
  await_all_but (0);
  g_test_message ("the leader cut off: the longest time without an answer is %.2f s", get_gap ());
  wp_rabbitmq_join (rabbitmq);
  await_node (leader);
}

static void
await_no_engine (WpHarness *front)
{
  gint64 until_us = g_get_monotonic_time () + LONG_US;

  while (wp_harness_stat (front, "engine.up") != 0)
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
}

/* Then no node has a majority: the fronts notice, and nothing is accepted. */
static void
cut_two (void)
{
  allow (3000);
  await_all_but (2500);
  forget_gap ();
  wp_rabbitmq_cut (rabbitmq, 0);
  wp_rabbitmq_cut (rabbitmq, 1);
  for (guint i = 0; i < N_FRONTS; i++)
    await_no_engine (fronts[i].server);
  wp_rabbitmq_join (rabbitmq);
  for (guint i = 0; i < N_NODES; i++)
    await_node (i);
  await_all_but (0);
  g_test_message ("two of three nodes cut off: the longest time without an answer is %.2f s", get_gap ());
}

static void
await_stored (void)
{
  gint64 until_us = g_get_monotonic_time () + LONG_US;

  while (wp_postgres_count (postgres, "true") < N_JOBS
         || wp_rabbitmq_count_ready (rabbitmq, WP_RABBITMQ_QUEUE) > 0)
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
}

static guint64
stop (WpHarness *server, const char *name)
{
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "failed"), ==, 0);
  return wp_harness_ledger (server, name);
}

/* Every job was answered. The primary key permits no id twice. */
static void
check_rows (void)
{
  g_autofree char *n = wp_postgres_run (
      postgres, "SELECT count(*) FROM wp_jobs WHERE id = 'job-' || ltrim (convert_from (body, 'UTF8'), '0') "
                "OR id = 'job-0'");

  g_assert_cmpint (wp_postgres_count (postgres, "true"), ==, N_JOBS);
  g_assert_cmpstr (n, ==, G_STRINGIFY (N_JOBS));
  g_assert_cmpint (wp_rabbitmq_count_ready (rabbitmq, WP_RABBITMQ_QUEUE), ==, 0);
  g_assert_cmpint (wp_rabbitmq_count_ready (rabbitmq, WP_RABBITMQ_QUEUE ".failed"), ==, 0);
}

static void
end_fleet (void)
{
  guint64 n_taken = 0;
  double redelivered = 0, duplicates = 0;

  for (guint i = 0; i < G_N_ELEMENTS (load.threads); i++)
    g_thread_join (load.threads[i]);
  await_stored ();
  for (guint i = 0; i < N_FRONTS; i++)
    {
      stop (fronts[i].server, "received");
      wp_harness_free (fronts[i].server);
      g_free (fronts[i].listen);
      g_free (fronts[i].queue);
      close (fronts[i].port_fd);
    }
  for (guint i = 0; i < N_WORKERS; i++)
    {
      redelivered += wp_harness_stat (workers[i], "engine.redelivered");
      duplicates += wp_harness_stat (workers[i], "duplicates");
      n_taken += stop (workers[i], "taken");
      wp_harness_free (workers[i]);
    }
  check_rows ();
  g_test_message ("the fleet: %u ids answered, %u stored, 0 lost, 0 twice; %" G_GUINT64_FORMAT
                  " taken by the last workers, %g redelivered to them, %g stored before",
                  N_JOBS, N_JOBS, n_taken, redelivered, duplicates);
  g_free (source);
  g_free (database);
}

/* Before anything fails. */
static void
measure (void)
{
  gint64 began_us = g_get_monotonic_time ();
  gint64 n_stored;
  double seconds;

  allow (4000);
  await_all_but (0);
  n_stored = wp_postgres_count (postgres, "true");
  seconds = (double) (g_get_monotonic_time () - began_us) / G_USEC_PER_SEC;
  g_test_message ("two fronts, three workers, three nodes: %.0f accepted and %.0f stored per second",
                  4000 / seconds, (double) n_stored / seconds);
}

static void
test_fleet (void)
{
  begin_fleet ();
  begin_load ();
  measure ();
  kill_worker ();
  kill_leader ();
  kill_front ();
  cut_leader ();
  cut_two ();
  end_fleet ();
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  if (!wp_rabbitmq_is_there () || !wp_postgres_is_there () || !wp_rabbitmq_enter_network ())
    {
      g_printerr ("rabbitmq-server, PostgreSQL or the right to make a network namespace is missing\n");
      return 77;
    }
  rabbitmq = wp_rabbitmq_new (N_NODES);
  postgres = wp_postgres_new ();
  g_test_add_func ("/rabbitmq-fleet/failures", test_fleet);
  status = g_test_run ();
  wp_postgres_free (postgres);
  wp_rabbitmq_free (rabbitmq);

  return status;
}
