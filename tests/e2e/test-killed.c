/* SIGKILL at any moment: acknowledged jobs are stored, and stored once. */
#include "tests/e2e/wp-hold.h"
#include "tests/e2e/wp-watch.h"

#include <stdio.h>
#include <string.h>

#define N_CLIENTS     8
#define MAX_RESPONSES 200 /* a round ends after so many at most, and some microseconds */

#ifdef __SANITIZE_ADDRESS__
#define N_ROUNDS 10 /* a start takes ten times as long there; all of them run in the plain build */
#else
#define N_ROUNDS 20
#endif

typedef struct {
  guint16 port;
  guint round;
  GMutex mutex;
  GCond changed;
  guint n_responses; /* guarded by mutex: of this round */
  /* (element-type utf8): guarded by mutex: every body that has a 200, of all rounds */
  GHashTable *answered;
} Load;

typedef struct {
  Load *load;
  guint number;
} Hammer;

static void
note_response (Load *self, char *body)
{
  g_mutex_lock (&self->mutex);
  g_hash_table_add (self->answered, body);
  self->n_responses++;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->mutex);
}

/* One request after another, every second one with a name of its own, until the server is no more. */
static gpointer
hammer (gpointer data)
{
  Hammer *self = data;
  g_autoptr (WpClient) client = wp_client_try (self->load->port);

  for (guint i = 0; client; i++)
    {
      char *body = g_strdup_printf ("%u-%u-%u", self->load->round, self->number, i);
      g_autofree char *id = i % 2 == 0 ? g_strdup_printf ("X-Request-Id: id-%s\r\n", body) : NULL;
      g_autofree char *text
          = g_strdup_printf ("POST / HTTP/1.1\r\nHost: test\r\n%sContent-Length: %zu\r\n\r\n%s", id ? id : "",
                             strlen (body), body);
      guint status = wp_client_send (client, text) ? wp_client_read_status (client) : 0;

      g_assert_true (status == 0 || status == 200);
      if (status == 200)
        note_response (self->load, body);
      else
        {
          g_free (body);
          break;
        }
    }
  return NULL;
}

static void
await_responses (Load *self, guint n)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;

  g_mutex_lock (&self->mutex);
  while (self->n_responses < n)
    g_assert_true (g_cond_wait_until (&self->changed, &self->mutex, until_us));
  self->n_responses = 0;
  g_mutex_unlock (&self->mutex);
}

static guint
run_round (WpHarness *server, Load *load)
{
  WpWatch *watch = wp_watch_new (wp_harness_admin_port (server));
  Hammer hammers[N_CLIENTS];
  GThread *threads[N_CLIENTS];

  load->port = wp_harness_port (server);
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      hammers[i] = (Hammer){ load, i };
      threads[i] = g_thread_new ("hammer", hammer, &hammers[i]);
    }
  await_responses (load, (guint) g_test_rand_int_range (0, MAX_RESPONSES));
  g_usleep ((gulong) g_test_rand_int_range (0, 2000)); /* kills at a random moment: nothing to wait for */
  wp_harness_signal (server, SIGKILL);
  g_assert_cmpint (wp_harness_wait (server), ==, -SIGKILL);
  for (guint i = 0; i < N_CLIENTS; i++)
    g_thread_join (threads[i]);

  return wp_watch_free (watch);
}

/* How many jobs it has found at its start. */
static guint
unfinished (const WpHarness *server)
{
  g_autofree char *log = wp_harness_log (server);
  const char *line = strstr (log, "jobs.journal has ");
  guint n = 0;

  if (line)
    g_assert_cmpint (sscanf (line, "jobs.journal has %u unfinished job", &n), ==, 1);
  return n;
}

/* @option: the guarantee: a journal, or --ack=stored. */
static void
check_killed (const char *mode, const char *option)
{
  /* valgrind's starts take seconds */
  gboolean fewer = g_getenv ("WP_HTTP_SERVER") || g_getenv ("WP_WRAPPER");
  guint n_rounds = fewer ? N_ROUNDS / 5 : N_ROUNDS, n_looks = 0, n_recovered = 0;
  g_autoptr (WpHarness) server = wp_harness_start ("-m", mode, "-q", "4", "-w", "2", option, NULL);
  Load load = { .answered = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL) };

  for (load.round = 0; load.round < n_rounds; load.round++)
    {
      n_looks += run_round (server, &load);
      wp_harness_start_again (server, "-m", mode, "-q", "4", "-w", "2", option, NULL);
      n_recovered += unfinished (server);
    }
  wp_harness_stop (server);
  wp_harness_reconcile (server, load.answered, mode);
  g_test_message ("%s %s: %u rounds, %u recovered, the ledger balanced %u times", mode, option, n_rounds,
                  n_recovered, n_looks);
  g_assert_cmpuint (n_looks, >, 0);
  if (strstr (option, "--journal"))
    {
      g_assert_cmpuint (n_recovered, >, 0); /* else it was no trial */
      g_assert_cmpint (wp_harness_count_rows (server, "jobs.journal", "1"), ==, 0);
    }
  g_hash_table_unref (load.answered);
}

static void
test_with_a_journal (gconstpointer mode)
{
  check_killed (mode, "--journal=jobs.journal");
}

static void
test_when_stored (gconstpointer mode)
{
  check_killed (mode, "--ack=stored");
}

static void
test_when_stored_with_a_journal (gconstpointer mode)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", mode, "--ack=stored", "--journal=jobs.journal", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_post (client, "/", "X-Request-Id: 1\r\n", "x", 1);
  wp_harness_await_stat (server, "journal.commits", 1);
  g_assert_true (wp_client_is_silent (client));
  wp_harness_signal (server, SIGKILL);
  wp_harness_wait (server);
  wp_hold_release (hold);
  wp_harness_start_again (server, "-m", mode, "--ack=stored", "--journal=jobs.journal", NULL);
  g_assert_cmpuint (unfinished (server), ==, 1);
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "id = '1'"), ==, 1);
}

static void
post_all (const WpHarness *server, guint n)
{
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *body = g_strdup_printf ("%03u", i);
      g_autofree char *id = i % 3 == 0 ? g_strdup_printf ("X-Request-Id: %u\r\n", 1000 - i) : NULL;

      wp_client_post (client, "/in?order", id, body, 3);
      g_assert_cmpuint (wp_client_read_status (client), ==, 200);
    }
}

/* Nothing was stored before the crash, nor before the two that followed; then all is, in the order in which
 * it came, as it came. */
static void
test_order_is_kept (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "WorkerPool", "-w", "1", "--journal=jobs.journal", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");

  post_all (server, 300);
  for (guint i = 0; i < 3; i++)
    {
      wp_harness_signal (server, SIGKILL);
      wp_harness_wait (server);
      if (i == 2)
        wp_hold_release (hold);
      wp_harness_start_again (server, "-m", "WorkerPool", "-w", "1", "--journal=jobs.journal", NULL);
      g_assert_cmpuint (unfinished (server), ==, 300);
    }
  wp_harness_await_stat (server, "ledger.stored", 300);
  wp_harness_await_stat (server, "ledger.recovered", 300);
  g_assert_cmpfloat (wp_harness_stat (server, "ledger.received"), ==, 0);
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "CAST(body AS TEXT) = printf('%03d', rowid - 1)"),
                   ==, 300);
  g_assert_cmpint (
      wp_harness_count_rows (server, "wp.db",
                             "method = 'POST' AND path = '/in?order' AND content_type IS NULL AND "
                             "abs(julianday('now') - julianday(received)) < 1"),
      ==, 300);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "id = CAST(1001 - rowid AS TEXT)"), ==, 100);
}

/* More unfinished jobs than the queue holds: they are read as places free, new requests wait behind them, and
 * nothing is refused. */
static void
test_smaller_queue (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "BufferedChannel", "--journal=jobs.journal", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpClient) client = NULL;
  g_autofree char *record = NULL;
  WpWatch *watch;

  post_all (server, 50);
  wp_harness_signal (server, SIGKILL);
  wp_harness_wait (server);
  wp_harness_start_again (server, "-m", "BufferedChannel", "-q", "2", "--journal=jobs.journal",
                          "--record=record.csv", NULL);
  watch = wp_watch_new (wp_harness_admin_port (server));
  wp_harness_await_stat (server, "journal.backlog", 47);
  wp_harness_await_stat (server, "ledger.queued", 2);
  wp_harness_await_stat (server, "ledger.recovered", 3);
  client = wp_client_new (wp_harness_port (server));
  wp_client_post (client, "/", NULL, "late", 4);
  wp_harness_await_stat (server, "ledger.parked", 1);
  wp_hold_release (hold);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_clear_pointer (&client, wp_client_free);
  g_assert_cmpuint (wp_watch_free (watch), >, 0);
  wp_harness_await_log (server, "recovered 50 jobs from jobs.journal\n");
  wp_harness_await_stat (server, "queued_peak", 2);
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 51);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "rowid = 51 AND body = CAST('late' AS BLOB)"), ==,
                   1);
  record = wp_harness_read_file (server, "record.csv");
  g_assert_nonnull (strstr (record, " recovered=50\n"));
}

/* A server that begins with a hundred unfinished jobs of 20 kB. */
static WpHarness *
start_with_large_jobs (WpHold **hold, const char *mode, const char *option)
{
  WpHarness *server = wp_harness_start ("--journal=jobs.journal", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autofree char *body = g_strnfill (20000, 'x');

  *hold = wp_hold_new (server, "wp.db");
  for (guint i = 0; i < 100; i++)
    {
      wp_client_post (client, "/", NULL, body, 20000);
      g_assert_cmpuint (wp_client_read_status (client), ==, 200);
    }
  wp_harness_signal (server, SIGKILL);
  wp_harness_wait (server);
  wp_harness_start_again (server, "-m", mode, "--journal=jobs.journal", "--max-pending=1m", option, NULL);

  return server;
}

/* Where the queue has no bound, memory has: a megabyte of them at once, here. In Default mode too a request
 * waits behind the rest. */
static void
test_more_than_memory (void)
{
  g_autoptr (WpHold) hold = NULL;
  g_autoptr (WpHarness) server = start_with_large_jobs (&hold, "Default", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  double inside;

  wp_client_post (client, "/", NULL, "late", 4);
  wp_harness_await_stat (server, "ledger.parked", 1);
  wp_harness_await_stat (server, "ledger.in_service", (1 << 20) / 20000 + 1);
  inside = wp_harness_stat (server, "ledger.in_service");
  wp_harness_await_stat (server, "journal.backlog", 100 - inside);
  wp_harness_await_stat (server, "ready", 0); /* the database is down, and new requests are parked */
  g_assert_true (wp_client_is_silent (client));
  wp_hold_release (hold);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_harness_await_stat (server, "ready", 1);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "rowid <= 100 AND length (body) = 20000"), ==,
                   100);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "rowid = 101 AND body = CAST('late' AS BLOB)"), ==,
                   1);
}

/* With --when-full=reject a new request is refused, as by a full queue. */
static void
test_rejects_while_recovering (void)
{
  g_autoptr (WpHold) hold = NULL;
  g_autoptr (WpHarness) server = start_with_large_jobs (&hold, "WorkerPool", "--when-full=reject");
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_post (client, "/", NULL, "early", 5);
  g_assert_cmpuint (wp_client_read_status (client), ==, 503);
  wp_hold_release (hold);
  wp_harness_await_stat (server, "journal.backlog", 0);
  wp_harness_await_stat (server, "ledger.stored", 100);
  wp_client_post (client, "/", NULL, "late", 4);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop (server);
}

/* The drain's time is up before all were read: they are kept, and reported. */
static void
test_drain_while_recovering (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "BufferedChannel", "--journal=jobs.journal", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");

  post_all (server, 50);
  wp_harness_signal (server, SIGKILL);
  wp_harness_wait (server);
  wp_harness_start_again (server, "-m", "BufferedChannel", "-q", "2", "--journal=jobs.journal",
                          "--drain-timeout=300ms", NULL);
  wp_harness_await_stat (server, "journal.backlog", 47);
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (server), ==, 1);
  wp_harness_await_log (server, "50 accepted jobs were not finished: 2 queued, 1 in service, 47 from an "
                                "earlier run not started; they are kept in "
                                "jobs.journal\n");
  g_assert_cmpuint (wp_harness_ledger (server, "recovered"), ==, 3);
  wp_hold_release (hold);
  wp_harness_start_again (server, "-m", "BufferedChannel", "-q", "2", "--journal=jobs.journal", NULL);
  wp_harness_stop (server); /* a drain runs them all */
  g_assert_cmpuint (wp_harness_ledger (server, "stored"), ==, 50);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "CAST(body AS TEXT) = printf('%03d', rowid - 1)"),
                   ==, 50);
}

/* A parked request was not accepted: it is not run either. */
static void
test_parked (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "BufferedChannel", "-q", "1", "--journal=jobs.journal", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpClient) parked = NULL;

  post_all (server, 2);
  parked = wp_client_new (wp_harness_port (server));
  wp_client_post (parked, "/", NULL, "parked", 6);
  wp_harness_await_stat (server, "ledger.parked", 1);
  wp_harness_signal (server, SIGKILL);
  wp_harness_wait (server);
  g_assert_cmpuint (wp_client_read_status (parked), ==, 0);
  wp_hold_release (hold);
  wp_harness_start_again (server, "-m", "BufferedChannel", "-q", "1", "--journal=jobs.journal", NULL);
  g_assert_cmpuint (unfinished (server), ==, 2);
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 2);
}

int
main (int argc, char **argv)
{
  static const char *const modes[] = { "Default", "BufferedChannel", "WorkerPool" };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autofree char *journal = g_strdup_printf ("/killed/%s/with-a-journal", modes[i]);
      g_autofree char *stored = g_strdup_printf ("/killed/%s/when-stored", modes[i]);
      g_autofree char *both = g_strdup_printf ("/killed/%s/when-stored-with-a-journal", modes[i]);

      g_test_add_data_func (journal, modes[i], test_with_a_journal);
      g_test_add_data_func (stored, modes[i], test_when_stored);
      g_test_add_data_func (both, modes[i], test_when_stored_with_a_journal);
    }
  g_test_add_func ("/killed/order-is-kept", test_order_is_kept);
  g_test_add_func ("/killed/smaller-queue", test_smaller_queue);
  g_test_add_func ("/killed/drain-while-recovering", test_drain_while_recovering);
  g_test_add_func ("/killed/more-than-memory", test_more_than_memory);
  g_test_add_func ("/killed/rejects-while-recovering", test_rejects_while_recovering);
  g_test_add_func ("/killed/parked", test_parked);

  return g_test_run ();
}
