/* Every call on a file fails once, and then for good, at every place where the server makes one: acknowledged
 * jobs are stored, and stored once; a server that does not start gives the reason in one line; none crashes
 * except when it has no memory. By default every 20th place is tried, from a random one on; with
 * WP_FAULT_STEP=1 all of them are. */
#include "tests/e2e/wp-harness.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#define N_CLIENTS       3
#define EACH            4 /* requests of a client */
#define LONGEST_WAIT_US (G_USEC_PER_SEC / 2)
#define N_EARLIER       6     /* jobs that an earlier server left in its journal */
#define FIRST_EARLIER   100   /* their names begin with it */
#define EARLIER_BYTES   3000  /* they fill pages of a file, so that each is read at another moment */
#define MAX_ROUNDS      20000 /* no kind of call is made so often */

static guint step = 20;

/* Options of a server; the n-th call of each kind fails in each. */
typedef struct {
  const char *name;
  const char *options[4];
  gboolean recovers; /* an earlier server was killed with jobs in its journal */
  /* the faulty server is killed too, with all that it has accepted in its journal */
  gboolean stores_nothing;
} Scenario;

static const Scenario scenarios[] = {
  { "stored", { "--ack=stored" }, FALSE, FALSE },
  { "journal", { "--journal=jobs.journal", "--record=record.csv" }, FALSE, FALSE },
  { "recovery", { "--journal=jobs.journal" }, TRUE, FALSE },
  { "killed", { "--journal=jobs.journal" }, TRUE, TRUE },
};

typedef struct {
  const char *call;
  int failure;
  guint sparser; /* so many times fewer places: calls that are made without number */
} Kind;

static const Kind kinds[] = {
  { "open", EIO, 1 },       { "open", EMFILE, 1 },   { "read", EIO, 1 },      { "pread", EIO, 1 },
  { "write", ENOSPC, 1 },   { "write", EIO, 1 },     { "pwrite", ENOSPC, 1 }, { "pwrite", EIO, 1 },
  { "fsync", EIO, 1 },      { "fdatasync", EIO, 1 }, { "ftruncate", EIO, 1 }, { "rename", EACCES, 1 },
  { "unlink", EACCES, 1 },  { "accept", EMFILE, 1 },
#ifndef __SANITIZE_ADDRESS__ /* whose allocator it is there */
  { "malloc", ENOMEM, 50 },
#endif
};

typedef struct {
  const Scenario *scenario;
  const Kind *kind;
  gboolean lasting;
} Case;

/* One round: a folder, a server whose @n-th call fails, its successor, and the jobs that either
 * acknowledged. */
typedef struct {
  const Case *is;
  guint n;
  WpHarness *server;
  gint n_clients; /* atomic */
  GMutex mutex;
  GCond done;
  guint n_done;         /* guarded by mutex: clients */
  GHashTable *answered; /* (element-type utf8): guarded by mutex: bodies with a 200 */
} Round;

static gboolean
start (WpHarness *server, const Scenario *scenario, gboolean stores, const WpChildTerms *terms)
{
  return wp_harness_try (server, terms, "-m", "WorkerPool", "-q", "50", "-w", "2",
                         stores ? "--database=sqlite:wp.db" : "--database=delay:1h",
                         terms ? "--drain-timeout=500ms" : "--drain-timeout=30s", "--threads=1",
                         scenario->options[0], scenario->options[1], NULL);
}

static gboolean
post (Round *self, WpClient *client, guint i)
{
  g_autofree char *body = g_strdup_printf ("%0*u", i < FIRST_EARLIER ? 1 : EARLIER_BYTES, i),
                  *id = i % 2 == 0 ? g_strdup_printf ("X-Request-Id: id-%u\r\n", i) : NULL;
  g_autofree char *text = g_strdup_printf ("POST / HTTP/1.1\r\nHost: test\r\n%sContent-Length: %zu\r\n\r\n%s",
                                           id ? id : "", strlen (body), body);
  guint status = wp_client_send (client, text) ? wp_client_read_status (client) : 0;

  g_mutex_lock (&self->mutex);
  if (status == 200)
    g_hash_table_add (self->answered, g_steal_pointer (&body));
  g_mutex_unlock (&self->mutex);

  return status != 0;
}

/* One request after the other on one connection, until the server ends that. */
static gpointer
post_some (gpointer data)
{
  Round *self = data;
  guint first = EACH * (guint) g_atomic_int_add (&self->n_clients, 1);
  g_autoptr (WpClient) client = wp_client_try (wp_harness_port (self->server));

  for (guint i = first; client && i < first + EACH; i++)
    if (!post (self, client, i))
      break;
  g_mutex_lock (&self->mutex);
  self->n_done++;
  g_cond_signal (&self->done);
  g_mutex_unlock (&self->mutex);

  return NULL;
}

/* A server whose database is down responds to no request before it ends: the test stops waiting for it. */
static void
post_all_and_stop (Round *self)
{
  gint64 until_us = g_get_monotonic_time () + LONGEST_WAIT_US;
  GThread *threads[N_CLIENTS];

  for (guint i = 0; i < N_CLIENTS; i++)
    threads[i] = g_thread_new ("client", post_some, self);
  g_mutex_lock (&self->mutex);
  while (self->n_done < N_CLIENTS && g_cond_wait_until (&self->done, &self->mutex, until_us))
    ;
  g_mutex_unlock (&self->mutex);
  if (!wp_child_wait (wp_harness_child (self->server), 0))
    wp_harness_signal (self->server, self->is->scenario->stores_nothing ? SIGKILL : SIGTERM);
  wp_harness_wait (self->server);
  for (guint i = 0; i < N_CLIENTS; i++)
    g_thread_join (threads[i]);
}

/* Jobs that are accepted and not stored when their server dies. */
static void
leave_jobs (Round *self)
{
  g_autoptr (WpClient) client = NULL;

  g_assert_true (start (self->server, self->is->scenario, FALSE, NULL));
  client = wp_client_new (wp_harness_port (self->server));
  for (guint i = 0; i < N_EARLIER; i++)
    post (self, client, FIRST_EARLIER + i);
  g_assert_cmpuint (g_hash_table_size (self->answered), ==, N_EARLIER);
  wp_harness_signal (self->server, SIGKILL);
  wp_harness_wait (self->server);
}

/* It ended as a server with failing files may: it did not start, and gave the reason in one line; or it
 * drained. */
static void
check_end (Round *self, gboolean ran)
{
  gboolean mortal = g_str_equal (self->is->kind->call, "malloc");
  g_autofree char *log = wp_harness_log (self->server);
  int status = wp_harness_wait (self->server);
  const char *end = strchr (log, '\n');

  if (mortal && status != 0 && status != 1)
    return;
  if (ran ? status == 0 || status == 1 || (self->is->scenario->stores_nothing && status == -SIGKILL)
          : status == 2 && g_str_has_prefix (log, "wp-server: ") && end && end[1] == '\0')
    return;
  g_error ("%s, %s %u%s: status %d, and it said:\n%s", self->is->scenario->name, self->is->kind->call,
           self->n, self->is->lasting ? " and on" : "", status, log);
}

/* With the fault @format. */
static gboolean G_GNUC_PRINTF (4, 5)
    start_faulty (WpHarness *server, const Scenario *scenario, gboolean stores, const char *format, ...)
{
  g_autofree char *dir = wp_harness_path (server, "."), *where = g_strconcat ("WP_FAULT_DIR=", dir, NULL);
  g_autofree char *preload = g_strconcat ("LD_PRELOAD=", g_getenv ("WP_FAULT_LIBRARY"), NULL), *fault = NULL;
  const char *environment[4] = { NULL, where, preload, NULL };
  const WpChildTerms terms = { .environment = environment };
  va_list more;

  va_start (more, format);
  environment[0] = fault = g_strdup_vprintf (format, more);
  va_end (more);

  return start (server, scenario, stores, &terms);
}

static void
run_faulty (Round *self)
{
  gboolean runs = start_faulty (self->server, self->is->scenario, !self->is->scenario->stores_nothing,
                                "WP_FAULT=%s:%u:%d%s", self->is->kind->call, self->n, self->is->kind->failure,
                                self->is->lasting ? ":on" : "");

  if (runs)
    post_all_and_stop (self);
  check_end (self, runs);
}

/* FALSE: the server did not make so many calls. */
static gboolean
run_round (const Case *is, guint n)
{
  Round self = { is, n, wp_harness_new () };
  g_autofree char *mark = NULL, *round = NULL;
  gboolean happened;

  self.answered = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (is->scenario->recovers)
    leave_jobs (&self);
  run_faulty (&self);
  mark = wp_harness_path (self.server, "fault-happened");
  happened = g_file_test (mark, G_FILE_TEST_EXISTS);
  if (!start (self.server, is->scenario, TRUE, NULL))
    check_end (&self, TRUE); /* which it does not pass */
  wp_harness_stop (self.server);
  round
      = g_strdup_printf ("%s, %s %u%s", is->scenario->name, is->kind->call, n, is->lasting ? " and on" : "");
  wp_harness_reconcile (self.server, self.answered, round);
  wp_harness_free (self.server);
  g_hash_table_unref (self.answered);

  return happened;
}

static void
test_case (gconstpointer data)
{
  const Case *self = data;
  guint stride = step * self->kind->sparser, n = 1 + (guint) g_test_rand_int_range (0, (gint) stride),
        n_rounds = 0;

  while (n < MAX_ROUNDS && run_round (self, n))
    {
      n += stride;
      n_rounds++;
    }
  g_assert_cmpuint (n, <, MAX_ROUNDS);
  g_test_message ("%u rounds", n_rounds);
}

/* A disk that does not answer as the database is closed: the server ends all the same. */
static void
test_hangs (void)
{
  static const Scenario stored = { "stored", { "--ack=stored", NULL }, FALSE, FALSE };
  g_autoptr (WpHarness) server = wp_harness_new ();
  g_autoptr (WpClient) client = NULL;

  /* of the log; its first is of a rollback journal */
  g_assert_true (start_faulty (server, &stored, TRUE, "WP_FAULT=unlink:2:0"));
  client = wp_client_new (wp_harness_port (server));
  wp_client_post (client, "/", NULL, "x", 1);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (server), ==, 1);
  g_assert_cmpuint (wp_harness_ledger (server, "stored"), ==, 1);
  wp_harness_await_log (
      server, "wp-server: the drain did not end in time; the process exits now without closing its files\n");
  g_assert_true (start (server, &stored, TRUE, NULL));
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 1);
}

int
main (int argc, char **argv)
{
  static Case cases[G_N_ELEMENTS (scenarios) * G_N_ELEMENTS (kinds) * 2];
  guint n = 0;

  g_test_init (&argc, &argv, NULL);
  if (g_getenv ("WP_FAULT_STEP"))
    step = (guint) g_ascii_strtoull (g_getenv ("WP_FAULT_STEP"), NULL, 10);
  for (guint i = 0; i < G_N_ELEMENTS (scenarios); i++)
    for (guint j = 0; j < G_N_ELEMENTS (kinds); j++)
      for (guint lasting = 0; lasting < 2; lasting++, n++)
        {
          g_autofree char *path = g_strdup_printf ("/%s/%s-%d-%s", scenarios[i].name, kinds[j].call,
                                                   kinds[j].failure, lasting ? "on" : "once");

          cases[n] = (Case){ &scenarios[i], &kinds[j], lasting };
          g_test_add_data_func (path, &cases[n], test_case);
        }

  g_test_add_func ("/hangs", test_hangs);

  return g_test_run ();
}
