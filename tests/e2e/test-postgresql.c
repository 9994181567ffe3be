/* PostgreSQL is restarted, killed, stopped, locked, full or read-only under load: each id that was answered
 * is stored once, no job fails, and the server goes on without help. */
#include <pwd.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/e2e/wp-crowd.h"
#include "tests/e2e/wp-harness.h"
#include "tests/e2e/wp-load.h"
#include "tests/e2e/wp-postgres.h"
#include "tests/e2e/wp-watch.h"

static WpPostgres *postgres;

/* A server and its load. */
typedef struct {
  WpHarness *server;
  WpWatch *watch;
  WpLoad *load;
} Scene;

static WpHarness *
start_server (const char *first, const char *second, const char *third)
{
  g_autofree char *uri = wp_postgres_uri (postgres, "wp", "wp", NULL),
                  *option = g_strconcat ("--database=", uri, NULL);

  g_free (wp_postgres_run (postgres, "TRUNCATE wp_jobs"));
  return wp_harness_start (option, "--mode=WorkerPool", "--workers=6", "--queue=100", first, second, third,
                           NULL);
}

static Scene
begin (const char *timeout, gsize body_bytes)
{
  g_autofree char *limit = g_strconcat ("--database-timeout=", timeout, NULL);
  Scene self = { .server = start_server ("--ack=stored", "--retries=0", limit) };

  self.watch = wp_watch_new (wp_harness_admin_port (self.server));
  self.load = wp_load_new (wp_harness_port (self.server), body_bytes);
  wp_load_await (self.load, 20);

  return self;
}

/* It goes on; then everything is compared. */
static void
end (Scene *self, const char *what)
{
  g_autoptr (GPtrArray) answered = NULL;
  gint64 stored;
  double reconnects;

  wp_load_await (self->load, 20);
  answered = wp_load_end (self->load);
  wp_harness_await_stat (self->server, "database_up", 1);
  g_assert_cmpfloat (wp_harness_stat (self->server, "duplicates"), ==, 0);
  reconnects = wp_harness_stat (self->server, "database_reconnects");
  g_assert_cmpuint (wp_watch_free (self->watch), >, 0);
  wp_harness_stop (self->server);
  g_assert_cmpuint (wp_harness_ledger (self->server, "failed"), ==, 0);
  stored = wp_postgres_count_ids (postgres, answered);
  g_assert_cmpint (stored, ==, answered->len);
  g_assert_cmpint (wp_postgres_count (postgres, "true"), ==, wp_harness_ledger (self->server, "stored"));
  g_test_message ("%s: %u ids answered, %" G_GINT64_FORMAT " of them stored, 0 lost, 0 twice, %g reconnects",
                  what, answered->len, stored, reconnects);
  wp_harness_free (self->server);
}

static void
await_down (Scene *self, const char *reason)
{
  g_autofree char *text = g_strconcat (" is down, its jobs wait: ", reason, NULL);

  wp_harness_await_log (self->server, text);
}

static void
check_restart (int number, const char *what)
{
  Scene self = begin ("10s", 100);

  wp_postgres_stop (postgres, number);
  await_down (&self, "");
  wp_harness_await_stat (self.server, "database_up", 0);
  wp_postgres_start (postgres);
  end (&self, what);
}

static void
test_restart_fast (void)
{
  check_restart (SIGINT, "restart fast");
}

static void
test_restart_immediate (void)
{
  check_restart (SIGQUIT, "restart immediate");
}

/* For longer than the retries of a failed job would take, with neither journal nor options: the time is what
 * is tried. */
static void
test_long_outage (void)
{
  const char *seconds = g_getenv ("WP_OUTAGE_S");
  g_autoptr (WpHarness) server = start_server (NULL, NULL, NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  wp_postgres_stop (postgres, SIGINT);
  wp_crowd_send (crowd, 50, NULL);
  wp_crowd_await (crowd, 50);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 50);
  wp_harness_await_stat (server, "database_up", 0);
  g_usleep ((gulong) (seconds ? atoi (seconds) : 4) * G_USEC_PER_SEC);
  wp_postgres_start (postgres);
  wp_harness_await_stat (server, "ledger.stored", 50);
  g_assert_cmpfloat (wp_harness_stat (server, "retries"), ==, 0);
  wp_harness_stop (server);
  g_assert_cmpint (wp_postgres_count (postgres, "true"), ==, 50);
  g_test_message ("down for %s s: 50 ids answered, 50 stored, 0 lost, 0 twice", seconds ? seconds : "4");
}

/* PostgreSQL ends all its connections, recovers, and takes new ones. */
static void
test_backend_killed (void)
{
  Scene self = begin ("10s", 100);

  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpint (kill (wp_postgres_find_backend (postgres), SIGKILL), ==, 0);
      wp_load_await (self.load, 20);
    }
  end (&self, "backend killed 3 times");
}

/* It neither answers nor closes anything. */
static void
test_stopped (void)
{
  Scene self = begin ("1s", 100);
  int pids[] = { wp_postgres_pid (postgres), wp_postgres_find_backend (postgres) };

  for (guint i = 0; i < G_N_ELEMENTS (pids); i++)
    g_assert_cmpint (kill (pids[i], SIGSTOP), ==, 0);
  await_down (&self, "no response in time (--database-timeout)\n");
  for (guint i = 0; i < G_N_ELEMENTS (pids); i++)
    g_assert_cmpint (kill (pids[i], SIGCONT), ==, 0);
  end (&self, "SIGSTOP");
}

static gint64
count_waiting (void)
{
  g_autofree char *n = wp_postgres_run (
      postgres, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'wp' AND wait_event_type = 'Lock'");

  return g_ascii_strtoll (n, NULL, 10);
}

/* A lock that is held for longer than the timeout: no connections pile up behind it. */
static void
test_table_locked (void)
{
  Scene self = begin ("500ms", 100);
  PGconn *locker = wp_postgres_connect (postgres, "boss");
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;

  PQclear (PQexec (locker, "BEGIN; LOCK TABLE wp_jobs"));
  await_down (&self, "no response in time (--database-timeout)\n");
  while (wp_harness_stat (self.server, "database_reconnects") < 4)
    ;
  while (count_waiting () > 2) /* the process that is ended, and the next */
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
  PQfinish (locker);
  end (&self, "table locked");
}

static void
test_no_connection_left (void)
{
  Scene self = begin ("10s", 100);
  PGconn *others[16];
  guint n = 0;

  do
    others[n] = wp_postgres_connect (postgres, "reader");
  while (PQstatus (others[n++]) == CONNECTION_OK && n < G_N_ELEMENTS (others));
  g_assert_cmpuint (n, <, G_N_ELEMENTS (others));
  while (wp_harness_stat (self.server, "database_up") > 0)
    {
      PQreset (others[n - 1]); /* takes the place of the connection that is ended */
      g_free (wp_postgres_run (
          postgres, "SELECT pg_terminate_backend (pid) FROM pg_stat_activity WHERE usename = 'wp'"));
    }
  await_down (&self, "");
  while (n > 0)
    PQfinish (others[--n]);
  end (&self, "no connection left");
}

/* As after a switch of roles: the server is a standby now. */
static void
test_read_only (void)
{
  Scene self = begin ("10s", 100);

  g_free (wp_postgres_run (postgres, "ALTER SYSTEM SET default_transaction_read_only = on"));
  g_free (wp_postgres_run (postgres, "SELECT pg_reload_conf ()"));
  await_down (&self, "cannot execute INSERT in a read-only transaction (SQLSTATE 25006)\n");
  g_free (wp_postgres_run (postgres, "ALTER SYSTEM RESET default_transaction_read_only"));
  g_free (wp_postgres_run (postgres, "SELECT pg_reload_conf ()"));
  end (&self, "read-only");
}

/* The commit is done and its response does not come: the row is found when it is offered again. */
static void
test_fate_unknown (void)
{
  Scene self = begin ("500ms", 100);

  g_free (wp_postgres_run (postgres, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'"));
  g_free (wp_postgres_run (postgres, "SELECT pg_reload_conf ()"));
  await_down (&self, "no response in time (--database-timeout)\n");
  g_free (wp_postgres_run (postgres, "ALTER SYSTEM RESET synchronous_standby_names"));
  g_free (wp_postgres_run (postgres, "SELECT pg_reload_conf ()"));
  end (&self, "fate unknown");
}

/* A file system of its own, for PostgreSQL's user. Returns: FALSE: this user may not mount. */
static gboolean
mount_small (const char *folder, gulong flags, const char *size)
{
  const struct passwd *user = getpwnam ("postgres");
  g_autofree char *options
      = g_strdup_printf ("size=%s,mode=700,uid=%u", size, user ? user->pw_uid : getuid ());

  return mount ("none", folder, "tmpfs", flags, options) == 0;
}

static void
fill_tablespace (const char *folder)
{
  g_autofree char *make = g_strdup_printf ("CREATE TABLESPACE small LOCATION '%s'", folder);

  g_free (wp_postgres_run (postgres, make));
  g_free (wp_postgres_run (postgres, "ALTER TABLE wp_jobs SET TABLESPACE small"));
  g_free (wp_postgres_run (postgres, "ALTER TABLE wp_jobs ALTER body SET STORAGE EXTERNAL")); /* uncompressed
                                                                                               */
}

/* The table's disk is full, after more than the requests that begin() waits for, and has room again; where
 * nobody may mount, the server is made to say so. */
static void
test_disk_full (void)
{
  g_autofree char *folder = g_dir_make_tmp ("wp-small-XXXXXX", NULL);
  gboolean mounts = unshare (CLONE_NEWNS) == 0 && mount ("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0
                    && mount_small (folder, 0, "3m");
  Scene self;

  if (mounts)
    {
      wp_postgres_stop (postgres, SIGINT);
      wp_postgres_start (postgres); /* in this namespace */
      fill_tablespace (folder);
    }
  self = begin ("10s", 20000);
  if (!mounts)
    g_free (wp_postgres_run (
        postgres, "CREATE FUNCTION refuse () RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE "
                  "'No space left on device' USING ERRCODE = '53100'; END$$; CREATE TRIGGER refuse "
                  "BEFORE INSERT ON wp_jobs FOR EACH ROW EXECUTE FUNCTION refuse ()"));
  wp_harness_await_log (self.server, "No space left on device (SQLSTATE 53100)\n");
  if (mounts)
    g_assert_true (mount_small (folder, MS_REMOUNT, "64m"));
  else
    g_free (wp_postgres_run (postgres, "DROP FUNCTION refuse () CASCADE"));
  end (&self, mounts ? "disk full" : "disk said to be full");
  if (mounts)
    {
      g_free (wp_postgres_run (postgres, "TRUNCATE wp_jobs"));
      g_free (wp_postgres_run (postgres, "ALTER TABLE wp_jobs SET TABLESPACE pg_default"));
      g_free (wp_postgres_run (postgres, "DROP TABLESPACE small"));
      g_assert_cmpint (umount (folder), ==, 0);
    }
  g_assert_cmpint (rmdir (folder), ==, 0);
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
  g_test_add_func ("/postgresql/restart-fast", test_restart_fast);
  g_test_add_func ("/postgresql/restart-immediate", test_restart_immediate);
  g_test_add_func ("/postgresql/long-outage", test_long_outage);
  g_test_add_func ("/postgresql/backend-killed", test_backend_killed);
  g_test_add_func ("/postgresql/stopped", test_stopped);
  g_test_add_func ("/postgresql/table-locked", test_table_locked);
  g_test_add_func ("/postgresql/no-connection-left", test_no_connection_left);
  g_test_add_func ("/postgresql/read-only", test_read_only);
  g_test_add_func ("/postgresql/fate-unknown", test_fate_unknown);
  g_test_add_func ("/postgresql/disk-full", test_disk_full);
  postgres = wp_postgres_new ();
  status = g_test_run ();
  wp_postgres_free (postgres);

  return status;
}
