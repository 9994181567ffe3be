/* A disk that fills up: under the journal no job is acknowledged, under the database nothing is dropped; both
 * go on once there is room. */
#include "tests/e2e/wp-hold.h"
#include "tests/e2e/wp-watch.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define SIZE      "size=4m"
#define PROBES_US 200000 /* how often a full journal is looked at */

static int is_alone = -1; /* 0: our mounts are seen by nobody else, and end with us */

/* A small file system of its own, in a folder of its own. */
typedef struct {
  char *dir, *filler;
} Disk;

/* FALSE: this machine lets us mount none, and the test is skipped. */
static gboolean
disk_init (Disk *self)
{
  self->dir = g_dir_make_tmp ("wp-disk-XXXXXX", NULL);
  if (is_alone < 0 || mount ("tmpfs", self->dir, "tmpfs", 0, SIZE) < 0)
    {
      g_autofree char *reason = g_strdup_printf ("no small file system: mount: %s", g_strerror (errno));

      g_test_skip (reason);
      g_rmdir (self->dir);
      g_free (self->dir);
      return FALSE;
    }
  self->filler = g_build_filename (self->dir, "filler", NULL);
  return TRUE;
}

static void
disk_clear (Disk *self)
{
  g_assert_cmpint (umount2 (self->dir, MNT_DETACH), ==, 0);
  g_rmdir (self->dir);
  g_free (self->filler);
  g_free (self->dir);
}

/* Another program writes until nothing is left. */
static void
disk_fill (Disk *self)
{
  static const char block[4096] = { 1 };
  int fd = g_open (self->filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

  g_assert_cmpint (fd, >=, 0);
  while (write (fd, block, sizeof block) > 0)
    ;
  g_assert_cmpint (errno, ==, ENOSPC);
  close (fd);
}

static void
disk_empty (Disk *self)
{
  g_assert_cmpint (g_unlink (self->filler), ==, 0);
}

typedef struct {
  guint n_sent;
  GHashTable *answered; /* (element-type utf8): ids that got a 200 */
} Log;

/* Asks with a body of 20 kB and a new id. */
static guint
ask (WpClient *client, Log *log)
{
  g_autofree char *body = g_strnfill (20000, 'x'), *id = g_strdup_printf ("%u", log->n_sent++);
  g_autofree char *header = g_strdup_printf ("X-Request-Id: %s\r\n", id);
  guint status;

  wp_client_post (client, "/", header, body, 20000);
  status = wp_client_read_status (client);
  if (status == 200)
    g_hash_table_add (log->answered, g_steal_pointer (&id));

  return status;
}

/* Until the server says @status; it must come, and nothing but 200 and 503 before it. */
static void
ask_until (WpHarness *server, Log *log, guint status)
{
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;
  guint said;

  while ((said = ask (client, log)) != status)
    {
      g_assert_true (said == 200 || said == 503);
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
    }
}

static void
check_stored (const WpHarness *server, const char *database, Log *log)
{
  GHashTableIter iter;
  char *id;

  g_hash_table_iter_init (&iter, log->answered);
  while (g_hash_table_iter_next (&iter, (gpointer *) &id, NULL))
    {
      g_autofree char *where = g_strdup_printf ("id = '%s' AND length(body) = 20000", id);

      if (wp_harness_count_rows (server, database, where) != 1)
        g_error ("%s was acknowledged, and is missing", id);
    }
  g_test_message ("%u sent, %u acknowledged", log->n_sent, g_hash_table_size (log->answered));
  g_hash_table_unref (log->answered);
}

static Log
log_new (void)
{
  return (Log){ 0, g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL) };
}

/* The journal's disk is full: 503, then service again; acknowledged jobs survive a crash. */
static void
check_journal (const char *mode)
{
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (WpHold) hold = NULL;
  g_autofree char *journal = NULL;
  Log log = log_new ();
  WpWatch *watch;
  Disk disk;

  if (!disk_init (&disk))
    return;
  journal = g_strdup_printf ("--journal=%s/jobs.journal", disk.dir);
  server = wp_harness_start ("-m", mode, "-w", "2", journal, NULL);
  watch = wp_watch_new (wp_harness_admin_port (server));
  hold = wp_hold_new (server, "wp.db");
  for (guint i = 0; i < 3; i++)
    ask_until (server, &log, 200); /* every worker has one, and the queue */
  disk_fill (&disk);
  ask_until (server, &log, 503);
  wp_harness_await_log (server,
                        "cannot be written, requests get 503: database or disk is full (the file has ");
  g_assert_cmpfloat (wp_harness_stat (server, "journal.refused"), >=, 1);
  disk_empty (&disk);
  ask_until (server, &log, 200);
  wp_harness_await_stat (server, "journal.writable", 1);
  wp_harness_signal (server, SIGKILL);
  g_assert_cmpint (wp_harness_wait (server), ==, -SIGKILL);
  g_assert_cmpuint (wp_watch_free (watch), >, 0);

  wp_hold_release (hold);
  wp_harness_start_again (server, "-m", mode, "-w", "2", journal, NULL);
  wp_harness_stop (server);
  check_stored (server, "wp.db", &log);
  disk_clear (&disk);
}

static void
test_journal (void)
{
  check_journal ("BufferedChannel");
}

static void
test_journal_of_worker_pool (void)
{
  check_journal ("WorkerPool");
}

/* A job that is in service cannot be turned away any more: its request is answered when it is stored. */
static void
test_journal_full_for_a_job_in_service (void)
{
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (WpHold) hold = NULL;
  g_autoptr (WpClient) client = NULL;
  g_autofree char *journal = NULL;
  Disk disk;

  if (!disk_init (&disk))
    return;
  journal = g_strdup_printf ("--journal=%s/jobs.journal", disk.dir);
  server = wp_harness_start (journal, NULL);
  hold = wp_hold_new (server, "wp.db");
  disk_fill (&disk);
  client = wp_client_new (wp_harness_port (server));
  wp_client_post (client, "/", NULL, "x", 1);
  wp_harness_await_stat (server, "journal.refused", 1);
  g_assert_true (wp_client_is_silent (client));
  wp_hold_release (hold);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_clear_pointer (&client, wp_client_free);
  disk_empty (&disk);
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 1);
  disk_clear (&disk);
}

/* Parked requests get their 503 too, one after another, as their turn comes: half a second
 * before they would start. */
static void
test_journal_with_parked (void)
{
  g_autoptr (WpHarness) server = NULL;
  g_autofree char *journal = NULL, *body = g_strnfill (20000, 'x');
  WpClient *clients[20];
  guint n_refused = 0;
  Disk disk;

  if (!disk_init (&disk))
    return;
  journal = g_strdup_printf ("--journal=%s/jobs.journal", disk.dir);
  server = wp_harness_start ("-m", "BufferedChannel", "-q", "4", "-d", "delay:500ms", journal, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      clients[i] = wp_client_new (wp_harness_port (server));
      wp_client_post (clients[i], "/", NULL, body, 20000);
      wp_harness_await_stat (server, "ledger.received", i + 1);
      if (i < 5)
        g_assert_cmpuint (wp_client_read_status (clients[i]), ==, 200);
    }
  disk_fill (&disk);
  for (guint i = 5; i < G_N_ELEMENTS (clients); i++)
    {
      guint status = wp_client_read_status (clients[i]);

      g_assert_true (status == 200 || status == 503); /* 200: it had a place by then */
      n_refused += status == 503;
    }
  g_assert_cmpuint (n_refused, >, 0);
  wp_harness_await_stat (server, "ledger.rejected", n_refused);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    wp_client_free (clients[i]);
  disk_empty (&disk);
  wp_harness_await_stat (server, "journal.writable", 1);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "stored"), ==, 20 - n_refused);
  disk_clear (&disk);
}

/* The database's disk: jobs wait until there is room, and no failure counts. */
static void
test_database (void)
{
  g_autoptr (WpHarness) server = NULL;
  g_autofree char *spec = NULL, *database = NULL;
  Log log = log_new ();
  WpWatch *watch;
  Disk disk;

  if (!disk_init (&disk))
    return;
  database = g_build_filename (disk.dir, "wp.db", NULL);
  spec = g_strconcat ("--database=sqlite:", database, NULL);
  server = wp_harness_start ("-m", "BufferedChannel", "--journal=jobs.journal", "--retries=0", spec, NULL);
  watch = wp_watch_new (wp_harness_admin_port (server));
  ask_until (server, &log, 200);
  disk_fill (&disk);
  while (wp_harness_stat (server, "database_up"))
    ask_until (server, &log, 200);
  wp_harness_await_log (server, "wp.db is down, its jobs wait: database or disk is full\n");
  for (guint i = 0; i < 20; i++)
    ask_until (server, &log, 200);
  g_assert_cmpfloat (wp_harness_stat (server, "ledger.failed"), ==, 0);
  disk_empty (&disk);
  wp_harness_await_stat (server, "ledger.stored", log.n_sent);
  g_assert_cmpuint (wp_watch_free (watch), >, 0);
  wp_harness_stop (server);
  check_stored (server, database, &log);
  disk_clear (&disk);
}

/* The same with the patience gone before there is room: the journal keeps the jobs, and the next start runs
 * them. */
static void
test_database_outlasts_retries (void)
{
  g_autoptr (WpHarness) server = NULL;
  g_autofree char *spec = NULL, *database = NULL;
  Log log = log_new ();
  Disk disk;

  if (!disk_init (&disk))
    return;
  database = g_build_filename (disk.dir, "wp.db", NULL);
  spec = g_strconcat ("--database=sqlite:", database, NULL);
  server
      = wp_harness_start ("-m", "BufferedChannel", "--journal=jobs.journal", "--retry-for=1ms", spec, NULL);
  disk_fill (&disk);
  while (wp_harness_stat (server, "database_up"))
    ask_until (server, &log, 200);
  for (guint i = 0; i < 3; i++)
    ask_until (server, &log, 200);
  while (wp_harness_stat (server, "ledger.failed") < 3)
    ;
  wp_harness_await_log (server,
                        "; kept in jobs.journal, and the next start runs them: database or disk is full\n");
  g_assert_cmpfloat (wp_harness_stat (server, "journal.failed"), ==, 0);
  disk_empty (&disk);
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (server), ==, 1);
  g_assert_cmpuint (wp_harness_ledger (server, "failed"), >=, 3);
  wp_harness_await_log (server, "acknowledged jobs failed, and are kept in ");

  wp_harness_start_again (server, "-m", "BufferedChannel", "--journal=jobs.journal", spec, NULL);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "recovered"), >=, 3);
  check_stored (server, database, &log);
  disk_clear (&disk);
}

/* --max-journal: the same without any disk being full. */
static void
test_journal_at_its_limit (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "BufferedChannel", "--journal=jobs.journal", "--max-journal=512k", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  Log log = log_new ();

  ask_until (server, &log, 503);
  g_assert_cmpuint (g_hash_table_size (log.answered), >=, 15);
  g_assert_cmpuint (g_hash_table_size (log.answered), <=, 27);
  wp_hold_release (hold);
  ask_until (server, &log, 200);
  wp_harness_stop (server);
  check_stored (server, "wp.db", &log);
}

static guint
ask_small (WpHarness *server, WpClient *client, guint id)
{
  g_autofree char *header = g_strdup_printf ("X-Request-Id: %u\r\n", id);

  wp_client_get (client, "/", header);
  return wp_client_read_status (client);
}

/* The record has each of the rows @from to @to - 1. */
static void
check_record (WpHarness *server, const char *name, guint from, guint to)
{
  gsize n_rows, i = 0;
  const WpRow *rows = wp_harness_record (server, name, &n_rows);

  while (i < n_rows && g_ascii_strtoull (rows[i].id, NULL, 10) < from)
    i++;
  for (guint id = from; id < to; id++, i++)
    {
      g_assert_cmpuint (i, <, n_rows);
      g_assert_cmpuint (g_ascii_strtoull (rows[i].id, NULL, 10), ==, id);
    }
}

/* The record's disk: the server serves on, and after SIGHUP rows follow those that are there. */
static void
test_record (void)
{
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (WpClient) client = NULL;
  g_autofree char *record = NULL, *option = NULL;
  guint n = 0, n_before, n_after;
  Disk disk;

  if (!disk_init (&disk))
    return;
  record = g_build_filename (disk.dir, "record.csv", NULL);
  option = g_strconcat ("--record=", record, NULL);
  server = wp_harness_start ("-d", "delay:0", option, NULL);
  client = wp_client_new (wp_harness_port (server));
  while (n < 100)
    g_assert_cmpuint (ask_small (server, client, n++), ==, 200);
  wp_harness_await_file (server, record, ",99,");
  n_before = n;
  disk_fill (&disk);
  for (g_autofree char *log = wp_harness_log (server);
       !strstr (log, "No space left on device; recording stops until SIGHUP\n");
       g_free (log), log = wp_harness_log (server))
    g_assert_cmpuint (ask_small (server, client, n++), ==, 200);
  disk_empty (&disk);
  wp_harness_signal (server, SIGHUP);
  wp_harness_await_log (server, " rows that could not be written\n");
  n_after = n;
  while (n < n_after + 100)
    g_assert_cmpuint (ask_small (server, client, n++), ==, 200);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (server), ==, 1);
  wp_harness_await_log (server, " rows could not be written: the record ");
  check_record (server, record, 0, n_before);
  check_record (server, record, n_after, n);
  disk_clear (&disk);
}

/* A limit of the size of files (ulimit -f) is a disk that is full, and no signal that kills the server and
 * the jobs that it holds. */
static const WpChildTerms small_files = { .file_bytes = 512 * 1024 };

static void
test_journal_too_large (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start_limited (&small_files, "-m", "BufferedChannel", "--journal=jobs.journal",
                                  "--drain-timeout=1s", NULL),
      requeue = NULL;
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autofree char *journal = NULL;
  Log log = log_new ();

  ask_until (server, &log, 503);
  g_assert_cmpuint (g_hash_table_size (log.answered), >=, 10);
  wp_harness_await_log (server, "cannot be written, requests get 503: ");
  wp_hold_release (hold);
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (server), >=, 0);
  journal = wp_harness_path (server, "jobs.journal");
  requeue = wp_harness_run ("--requeue", "--journal", journal, NULL);
  g_assert_cmpint (wp_harness_wait (requeue), ==, 0); /* the database's file is limited too */
  wp_harness_start_again (server, "-m", "BufferedChannel", "--journal=jobs.journal", NULL);
  wp_harness_stop (server);
  check_stored (server, "wp.db", &log);
}

/* A file at its limit is full, but not for good: as jobs are stored there is room again, without a
 * restart. */
static void
test_journal_has_room_again (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start_limited (&small_files, "-m", "BufferedChannel", "--journal=jobs.journal", "-d",
                                  "delay:200ms", NULL);
  Log log = log_new ();

  ask_until (server, &log, 503);
  wp_harness_await_log (server, "cannot be written, requests get 503: database or disk is full");
  wp_harness_await_stat (server, "journal.writable", 1);
  ask_until (server, &log, 200);
  wp_harness_stop (server);
  g_hash_table_unref (log.answered);
}

static void
test_database_too_large (void)
{
  g_autoptr (WpHarness) server = wp_harness_start_limited (&small_files, "-m", "BufferedChannel",
                                                           "--retry-delay=5ms", "--drain-timeout=1s", NULL);
  Log log = log_new ();

  for (guint i = 0; i < 40; i++)
    ask_until (server, &log, 200);
  wp_harness_await_log (server, "is down, its jobs wait: disk I/O error");
  ask_until (server, &log, 200);
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (server), >=, 0);
  g_hash_table_unref (log.answered);
}

static void
test_record_too_large (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start_limited (&small_files, "-d", "delay:0", "--record=record.csv", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  gsize n_rows;

  for (guint i = 0; i < 8000; i++)
    g_assert_cmpuint (ask_small (server, client, i), ==, 200);
  wp_harness_await_log (server,
                        "record.csv: writing the trace: File too large; recording stops until SIGHUP\n");
  g_assert_cmpuint (ask_small (server, client, 8000), ==, 200);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (server), ==, 1);
  wp_harness_record (server, "record.csv", &n_rows);
  g_assert_cmpuint (n_rows, >, 1000);
  g_assert_cmpuint (n_rows, <, 8000);
}

static guint
ask_ready (const WpHarness *server)
{
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (server));

  wp_client_get (admin, "/readyz", NULL);
  return wp_client_read_status (admin);
}

/* As long as there is no room it is not ready, and says so each time it is asked: the probes in between
 * change nothing. */
static void
test_not_ready_while_full (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "BufferedChannel", "--journal=jobs.journal", "--max-journal=512k", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  gint64 until_us = g_get_monotonic_time () + 5 * PROBES_US;
  g_autofree char *log = NULL;
  const char *line;
  Log asked = log_new ();

  g_assert_cmpuint (ask_ready (server), ==, 200);
  ask_until (server, &asked, 503);
  wp_harness_await_stat (server, "journal.writable", 0);
  while (g_get_monotonic_time () < until_us)
    {
      g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

      g_assert_cmpuint (ask_ready (server), ==, 503);
      g_assert_cmpuint (ask (client, &asked), ==, 503);
      g_assert_cmpfloat (wp_harness_stat (server, "ready"), ==, 0);
    }
  log = wp_harness_log (server);
  line = strstr (log, "cannot be written");
  g_assert_nonnull (line);
  g_assert_null (strstr (line + 1, "cannot be written")); /* once */
  wp_hold_release (hold);
  wp_harness_await_stat (server, "ready", 1);
  ask_until (server, &asked, 200);
  g_assert_cmpuint (ask_ready (server), ==, 200);
  wp_harness_stop (server);
  check_stored (server, "wp.db", &asked);
}

int
main (int argc, char **argv)
{
  is_alone = unshare (CLONE_NEWNS) == 0 ? mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) : -1;
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/disk-full/journal", test_journal);
  g_test_add_func ("/disk-full/journal-of-worker-pool", test_journal_of_worker_pool);
  g_test_add_func ("/disk-full/journal-full-for-a-job-in-service", test_journal_full_for_a_job_in_service);
  g_test_add_func ("/disk-full/journal-with-parked", test_journal_with_parked);
  g_test_add_func ("/disk-full/database", test_database);
  g_test_add_func ("/disk-full/database-outlasts-retries", test_database_outlasts_retries);
  g_test_add_func ("/disk-full/journal-at-its-limit", test_journal_at_its_limit);
  g_test_add_func ("/disk-full/record", test_record);
  g_test_add_func ("/disk-full/journal-too-large", test_journal_too_large);
  g_test_add_func ("/disk-full/journal-has-room-again", test_journal_has_room_again);
  g_test_add_func ("/disk-full/database-too-large", test_database_too_large);
  g_test_add_func ("/disk-full/record-too-large", test_record_too_large);
  g_test_add_func ("/disk-full/not-ready-while-full", test_not_ready_while_full);

  return g_test_run ();
}
