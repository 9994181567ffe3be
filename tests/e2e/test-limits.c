/* Threads and memory run out: at start that is one line, under load a 503; earlier requests are served on. */
#include "tests/e2e/wp-crowd.h"
#include "tests/e2e/wp-harness.h"
#include "tests/e2e/wp-hold.h"
#include "tests/e2e/wp-watch.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define THREADS                                                                                              \
  11 /* the first, two for HTTP, the admin's, the forecast's, and six: see wp-server-options.c */
#define MB (1u << 20)

static const WpChildTerms few_threads = { .processes = THREADS - 3 }, just_threads = { .processes = THREADS },
                          no_memory = { .address_bytes = 60 * MB },
                          little_memory = { .address_bytes = 256 * MB };

/* May anybody go to the folder? */
static gboolean
is_open (const char *path)
{
  g_autofree char *parent = g_path_get_dirname (path);
  struct stat status;

  return stat (path, &status) == 0 && (status.st_mode & S_IXOTH)
         && (g_str_equal (parent, path) || is_open (parent));
}

/* TRUE, and the test is skipped: a limit of threads does not hold for root, and is no test's own for another
 * user. */
static gboolean
cannot_limit_threads (void)
{
  if (geteuid () == 0 && is_open (g_getenv ("WP_BUILD_ROOT")))
    return FALSE;
  g_test_skip ("the server is to run as another user: the test must be root's, and the build open to all");
  return TRUE;
}

/* The address sanitizer takes terabytes of addresses, and valgrind some memory of its own. */
static gboolean
cannot_limit_memory (void)
{
  if (g_getenv ("WP_WRAPPER"))
    {
      g_test_skip ("not under valgrind");
      return TRUE;
    }
#ifdef __SANITIZE_ADDRESS__
  g_test_skip ("not under the address sanitizer");
  return TRUE;
#else
  return FALSE;
#endif
}

static void
check_one_line (WpHarness *server, const char *words)
{
  g_autofree char *log = NULL, *database = wp_harness_path (server, "wp.db");

  g_assert_cmpint (wp_harness_wait (server), ==, 2);
  log = wp_harness_log (server);
  g_test_message ("%s", log);
  g_assert_nonnull (strstr (log, words));
  g_assert_true (strchr (log, '\n') == log + strlen (log) - 1);
  g_assert_false (g_file_test (database, G_FILE_TEST_EXISTS));
}

static void
test_threads_at_start (void)
{
  g_autoptr (WpHarness) server = NULL;

  if (cannot_limit_threads ())
    return;
  server = wp_harness_run_limited (&few_threads, "--threads=2", "-l", "127.0.0.1:0", "--admin=127.0.0.1:0",
                                   NULL);
  check_one_line (server, "wp-server: 10 threads are needed, and the system allows 7");
}

/* With not one thread to spare: none is needed but those of the start. */
static void
test_threads_under_load (void)
{
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (WpCrowd) crowd = NULL;
  WpWatch *watch;

  if (cannot_limit_threads ())
    return;
  server = wp_harness_start_limited (&just_threads, "--threads=2", "-m", "WorkerPool", "-w", "10", "-q", "20",
                                     "--ack=stored", NULL);
  watch = wp_watch_new (wp_harness_admin_port (server));
  crowd = wp_crowd_new (wp_harness_port (server));
  for (guint round = 1; round <= 4; round++)
    {
      wp_crowd_send (crowd, 500, NULL);
      wp_crowd_await (crowd, round * 500);
      g_assert_cmpuint (wp_child_count_threads (wp_harness_child (server)), <=, THREADS);
    }
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 2000);
  g_assert_cmpuint (wp_watch_free (watch), >, 0);
  wp_harness_stop (server);
}

static void
test_memory_at_start (void)
{
  g_autoptr (WpHarness) server = NULL;

  if (cannot_limit_memory ())
    return;
  server
      = wp_harness_run_limited (&no_memory, "--threads=2", "-l", "127.0.0.1:0", "--admin=127.0.0.1:0", NULL);
  check_one_line (server, "wp-server: the limit of address space, 60 MB, is too low: 10 threads");
}

/* At the top, of version 2 or 1. NULL, and the test is skipped: where that may not be. */
static char *
make_group (guint64 bytes)
{
  static const char *const kinds[][2]
      = { { "/sys/fs/cgroup", "memory.max" }, { "/sys/fs/cgroup/memory", "memory.limit_in_bytes" } };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *folder = g_strdup_printf ("%s/wp-test-limits-%d", kinds[i][0], getpid ());
      g_autofree char *path = g_build_filename (folder, kinds[i][1], NULL),
                      *text = g_strdup_printf ("%" G_GUINT64_FORMAT, bytes);

      if (g_mkdir (folder, 0755) < 0)
        continue;
      if (g_file_test (path, G_FILE_TEST_EXISTS)
          && g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL))
        return g_steal_pointer (&folder);
      g_rmdir (folder);
    }
  g_test_skip ("no control group with a limit of memory can be made here");
  return NULL;
}

/* The server lives, and small requests are served. */
static void
check_alive (WpHarness *server)
{
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_get (client, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
}

/* 200 MB of payloads, where there is room for less. Returns how many of 200 were refused. */
static guint
send_payloads (WpHarness *server)
{
  g_autofree char *body = g_malloc0 (1000000);
  WpWatch *watch = wp_watch_new (wp_harness_admin_port (server));
  guint n_refused = 0;

  for (guint i = 0; i < 200; i++)
    {
      g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
      guint status;

      wp_client_send (client, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n");
      wp_client_send_bytes (client, body, 1000000); /* which a refusal may cut short */
      status = wp_client_read_status (client);
      g_assert_true (status == 200 || status == 503);
      n_refused += status == 503;
    }
  g_test_message ("%u of 200 refused", n_refused);
  check_alive (server);
  g_assert_cmpuint (wp_watch_free (watch), >, 0);

  return n_refused;
}

/* A sixth of them. */
static void
test_memory_and_payloads (void)
{
  g_autoptr (WpHarness) server = NULL;
  guint n_refused;

  if (cannot_limit_memory ())
    return;
  server = wp_harness_start_limited (&little_memory, "-d", "delay:1h", NULL);
  n_refused = send_payloads (server);
  g_assert_cmpuint (n_refused, >, 100);
  g_assert_cmpuint (n_refused, <, 200);
}

/* The system kills a process that exceeds the group's memory: refusals keep the server within a quarter of
 * it. */
static void
test_memory_of_a_group (void)
{
  g_autofree char *group = NULL;
  WpHarness *server;

  if (cannot_limit_memory () || !(group = make_group (128 * MB)))
    return;
  server = wp_harness_start_limited (&(WpChildTerms){ .group = group }, "-d", "delay:1h", NULL);
  g_assert_cmpuint (send_payloads (server), >, 160);
  g_assert_cmpfloat (wp_harness_stat (server, "pending_bytes"), <=, 32 * MB);
  g_assert_cmpint (wp_child_memory_bytes (wp_harness_child (server)), <, 96 * MB);
  wp_harness_free (server);
  g_assert_cmpint (g_rmdir (group), ==, 0);
}

/* Jobs without a payload are not counted by bytes, but by their number. */
static void
test_memory_and_jobs (void)
{
  static const char request[] = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (WpClient) client = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  guint n_refused = 0;

  if (cannot_limit_memory ())
    return;
  server = wp_harness_start_limited (&little_memory, "-d", "delay:1h", NULL);
  client = wp_client_new (wp_harness_port (server));
  for (guint i = 0; i < 100; i++)
    g_string_append (text, request);
  for (guint i = 0; i < 500; i++)
    {
      g_assert_true (wp_client_send_bytes (client, text->str, text->len));
      for (guint j = 0; j < 100; j++)
        {
          guint status = wp_client_read_status (client);

          g_assert_true (status == 200 || status == 503);
          n_refused += status == 503;
        }
    }
  g_test_message ("%u of 50000 refused", n_refused);
  g_assert_cmpuint (n_refused, >, 0);
  wp_harness_await_stat (server, "ledger.in_service", 50000 - n_refused);
  wp_harness_await_stat (server, "ledger.rejected", n_refused);
}

/* Heads that never end, 60 MB of them. */
static void
test_memory_and_heads (void)
{
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);
  g_autofree char *value = g_strnfill (30000, 'a'),
                  *head = g_strconcat ("GET / HTTP/1.1\r\nHost: test\r\nA: ", value, NULL);

  if (cannot_limit_memory () || !wp_crowd_has_room (2100))
    return;
  server = wp_harness_start_limited (&little_memory, "-d", "delay:0", NULL);
  for (guint i = 0; i < 2000; i++)
    {
      g_ptr_array_add (clients, wp_client_new (wp_harness_port (server)));
      wp_client_offer (clients->pdata[i], head, strlen (head));
    }
  for (gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;
       wp_harness_stat (server, "refused.memory") == 0;)
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
  g_ptr_array_set_size (clients, 0);
  check_alive (server);
  wp_harness_await_stat (server, "connections", 0);
  wp_harness_await_stat (server, "pending_bytes", 0);
  wp_harness_stop (server);
}

/* More unfinished jobs in the journal than memory can hold. */
static void
test_large_journal (void)
{
  g_autoptr (WpHarness) before = NULL, server = NULL;
  g_autoptr (WpHold) hold = NULL;
  g_autofree char *path = NULL, *option = NULL;

  if (cannot_limit_memory ())
    return;
  before = wp_harness_start ("--journal=jobs.journal", NULL);
  wp_harness_stop (before);
  hold = wp_hold_new (before, "jobs.journal");
  wp_hold_execute (
      hold,
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) INSERT INTO jobs"
      " SELECT i, 'job-' || i, '2026-11-29T12:00:00Z', 'POST', '/', NULL, NULL, zeroblob (20000), NULL, "
      "NULL, NULL FROM n");
  wp_hold_release (hold);
  wp_hold_execute (hold, "PRAGMA wal_checkpoint (TRUNCATE)");
  path = wp_harness_path (before, "jobs.journal");
  option = g_strconcat ("--journal=", path, NULL);
  server = wp_harness_start_limited (&little_memory, "--threads=2", "-d", "delay:1ms", option, NULL);
  wp_harness_await_stat (server, "ledger.stored", 10000);
  wp_harness_await_stat (server, "ledger.recovered", 10000);
  check_alive (server);
  wp_harness_stop (server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/limits/large-journal", test_large_journal);
  g_test_add_func ("/limits/threads-at-start", test_threads_at_start);
  g_test_add_func ("/limits/threads-under-load", test_threads_under_load);
  g_test_add_func ("/limits/memory-at-start", test_memory_at_start);
  g_test_add_func ("/limits/memory-and-payloads", test_memory_and_payloads);
  g_test_add_func ("/limits/memory-of-a-group", test_memory_of_a_group);
  g_test_add_func ("/limits/memory-and-jobs", test_memory_and_jobs);
  g_test_add_func ("/limits/memory-and-heads", test_memory_and_heads);

  return g_test_run ();
}
