/* SQLite's log is copied to its file more slowly than it is written: the writer waits, and the log is
 * bounded. */
#include "runtime/database/wp-database.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#include "runtime/database/wp-sqlite-settings.h"
#include "tests/unit/wp-fault-vfs.h"

#define BODY_BYTES  (64 * 1024)
#define N_JOBS      2000 /* twice the bound, so many bytes are they */
#define AT_ONCE     20   /* in one commit at most */
#define FRAME_BYTES (8192 + 24)
#define AT_REST_US  (2 * G_USEC_PER_SEC) /* the writer waits if no job has ended for so long */
#define GIVE_UP_US  (60 * G_USEC_PER_SEC)

static GMutex mutex; /* guards all below */
static GCond changed;
static guint n_stored;

static void
on_done (WpJob *const *jobs, guint n, gpointer data)
{
  for (guint i = 0; i < n; i++)
    g_assert_true (wp_job_is_stored (jobs[i]));
  g_mutex_lock (&mutex);
  n_stored += n;
  g_cond_broadcast (&changed);
  g_mutex_unlock (&mutex);
}

/* FALSE: nothing was stored for @us, and fewer than @n are. */
static gboolean
await (guint n, gint64 us)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  guint before = n_stored;
  gint64 until_us = g_get_monotonic_time () + us;

  while (n_stored < n)
    {
      if (!g_cond_wait_until (&changed, &mutex, until_us))
        return FALSE;
      if (n_stored > before)
        until_us = g_get_monotonic_time () + us;
      before = n_stored;
    }
  return TRUE;
}

static WpJob *
make_job (guint i, GBytes *body)
{
  WpJob *job = wp_job_new ();

  job->seq = i;
  job->arrival_ns = job->started_ns = job->base_ns = wp_time_monotonic ();
  job->method = "POST";
  job->path = g_strdup ("/");
  job->body = g_bytes_ref (body);

  return job;
}

/* Returns how many jobs were stored before the writer came to rest. */
static guint
fill (WpDatabase *database, GPtrArray *jobs)
{
  g_autoptr (GBytes) body = g_bytes_new_take (g_strnfill (BODY_BYTES, 'x'), BODY_BYTES);

  for (guint i = 0; i < N_JOBS; i++)
    {
      if (i % AT_ONCE == 0 && !await (i, AT_REST_US))
        return i - AT_ONCE;
      g_ptr_array_add (jobs, make_job (i, body));
      g_assert_false (wp_database_update (database, jobs->pdata[i]));
    }
  return N_JOBS;
}

static void
remove_files (const char *dir, const char *path)
{
  static const char *const suffixes[] = { "", "-wal", "-shm" };

  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *file = g_strconcat (path, suffixes[i], NULL);

      g_unlink (file);
    }
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

static void
test_log_is_bounded (void)
{
  g_autofree char *dir = g_dir_make_tmp ("wp-test-copy-behind-XXXXXX", NULL),
                  *path = g_build_filename (dir, "jobs.db", NULL);
  g_autofree char *spec = g_strconcat ("sqlite:", path, NULL), *log = g_strconcat (path, "-wal", NULL);
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref);
  g_autoptr (GError) error = NULL;
  WpClock *clock = wp_clock_new (&error);
  WpDatabase *database
      = wp_database_open (spec, &(const WpDatabaseOptions){ .timeout_ns = WP_NS_PER_S }, clock, &error);
  gint64 bound = (gint64) WP_SQLITE_MAX_LOG_PAGES * FRAME_BYTES;
  GStatBuf file;
  guint n_before;

  g_assert_no_error (error);
  wp_database_on_done (database, on_done, NULL);
  wp_fault_vfs_hold (WP_FAULT_WRITE, "jobs.db"); /* by the copy alone */
  n_before = fill (database, jobs);
  g_assert_cmpint (g_stat (log, &file), ==, 0);
  wp_fault_vfs_hold (WP_FAULT_NONE, NULL);

  g_assert_cmpuint (n_before, <, N_JOBS);
  g_assert_cmpint (file.st_size, >, bound / 2);  /* it did not wait for the first copy of all */
  g_assert_true (await (jobs->len, GIVE_UP_US)); /* and goes on */
  g_assert_cmpint (g_stat (log, &file), ==, 0);
  g_assert_cmpint (file.st_size, <, bound + 2 * AT_ONCE * BODY_BYTES);
  wp_database_free (database);
  wp_clock_free (clock);
  remove_files (dir, path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  wp_fault_vfs_register ();
  g_test_add_func ("/copy-behind/log-is-bounded", test_log_is_bounded);

  return g_test_run ();
}
