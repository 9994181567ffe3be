/* Power is cut just when a job is reported durable: everything written before is synced, and the files hold
 * every reported job. (SIGKILL does not show this: the system's cache survives the process.) */
#include "runtime/database/wp-database.h"
#include "runtime/database/wp-journal.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#define N_JOBS      2000
#define N_MANY_JOBS 5000 /* which fill several logs */
#define CUT_EVERY   50
#define GIVE_UP_US  (20 * G_USEC_PER_SEC)

/* SQLite's own methods for a file, with ours for writing, syncing and closing: they keep count of the files
 * that have something unsynced. */
typedef struct {
  sqlite3_io_methods ours; /* first: a file points at it */
  const sqlite3_io_methods *theirs;
} Methods;

static GMutex mutex; /* guards all below */
static Methods kinds[8];
static guint n_kinds, n_syncs;
/* (element-type sqlite3_file), and mains itself for the database: never freed */
static GHashTable *unsynced;
/* (element-type sqlite3_file): those that are a database, not its log; never freed */
static GHashTable *mains;
static char *main_path;   /* of the database that is watched; owned; NULL: none */
static char *main_synced; /* the content that is on the disk for sure; owned; NULL: nothing */
static gsize main_synced_len;
static guint n_main_syncs;
static guint n_copying; /* connections that copy the log to the database */
static GCond main_copied;

static const sqlite3_io_methods *
theirs (sqlite3_file *file)
{
  return ((const Methods *) file->pMethods)->theirs;
}

/* All descriptors of the database are one file; to close one of them syncs nothing. */
static void
note (sqlite3_file *file, gboolean synced)
{
  gpointer key = file;

  g_mutex_lock (&mutex);
  if (g_hash_table_contains (mains, file))
    key = mains;
  if (synced)
    g_hash_table_remove (unsynced, key);
  else
    g_hash_table_add (unsynced, key);
  n_syncs += synced;
  g_mutex_unlock (&mutex);
}

static int
write_file (sqlite3_file *file, const void *bytes, int n, sqlite3_int64 offset)
{
  note (file, FALSE);
  return theirs (file)->xWrite (file, bytes, n, offset);
}

/* A database is written to by one thread at a time. */
static void
keep_synced (sqlite3_file *file)
{
  g_mutex_lock (&mutex);
  if (main_path && g_hash_table_contains (mains, file))
    {
      g_free (main_synced);
      g_assert_true (g_file_get_contents (main_path, &main_synced, &main_synced_len, NULL));
      n_main_syncs++;
    }
  g_mutex_unlock (&mutex);
}

static int
sync_file (sqlite3_file *file, int flags)
{
  int status = theirs (file)->xSync (file, flags);

  if (status == SQLITE_OK)
    keep_synced (file);
  note (file, status == SQLITE_OK);
  return status;
}

/* A connection that copies a log to its file holds a lock of the log's index meanwhile
 * (sqlite.org/walformat.html, 2.3.1). */
static int
lock_index (sqlite3_file *file, int slot, int n, int flags)
{
  int status = theirs (file)->xShmLock (file, slot, n, flags);

  g_mutex_lock (&mutex);
  if (slot == 1 && n == 1 && status == SQLITE_OK && (flags & SQLITE_SHM_EXCLUSIVE))
    n_copying += flags & SQLITE_SHM_LOCK ? 1 : -1;
  g_cond_signal (&main_copied);
  g_mutex_unlock (&mutex);

  return status;
}

static int
close_file (sqlite3_file *file)
{
  gboolean is_main;

  g_mutex_lock (&mutex);
  is_main = g_hash_table_remove (mains, file);
  g_mutex_unlock (&mutex);
  if (!is_main)
    note (file, TRUE);
  return theirs (file)->xClose (file);
}

static const sqlite3_io_methods *
ours_for (const sqlite3_io_methods *original)
{
  guint i = 0;

  g_mutex_lock (&mutex);
  while (i < n_kinds && kinds[i].theirs != original)
    i++;
  if (i == n_kinds)
    {
      g_assert_cmpuint (n_kinds, <, G_N_ELEMENTS (kinds));
      kinds[n_kinds++] = (Methods){ *original, original };
      kinds[i].ours.xWrite = write_file;
      kinds[i].ours.xSync = sync_file;
      kinds[i].ours.xClose = close_file;
      kinds[i].ours.xShmLock = lock_index;
    }
  g_mutex_unlock (&mutex);

  return &kinds[i].ours;
}

static int
open_file (sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *flags_out)
{
  sqlite3_vfs *system = vfs->pAppData;
  int status = system->xOpen (system, name, file, flags, flags_out);

  if (!file->pMethods)
    return status;
  file->pMethods = ours_for (file->pMethods);
  if (flags & SQLITE_OPEN_MAIN_DB)
    {
      g_mutex_lock (&mutex);
      g_hash_table_add (mains, file);
      g_mutex_unlock (&mutex);
    }
  return status;
}

static void
watch_files (void)
{
  static sqlite3_vfs watched;
  sqlite3_vfs *system = sqlite3_vfs_find (NULL);

  unsynced = g_hash_table_new (NULL, NULL);
  mains = g_hash_table_new (NULL, NULL);
  watched = *system;
  watched.zName = "watched";
  watched.pAppData = system;
  watched.xOpen = open_file;
  g_assert_cmpint (sqlite3_vfs_register (&watched, TRUE), ==, SQLITE_OK);
}

typedef struct {
  char *dir, *path, *cut_path;
  guint n_cuts; /* the writer's own */
  GMutex mutex;
  GCond changed;
  guint n_told; /* guarded by mutex */
} Bench;

static void
bench_init (Bench *self, gconstpointer data)
{
  self->dir = g_dir_make_tmp ("wp-test-power-cut-XXXXXX", NULL);
  self->path = g_build_filename (self->dir, "jobs", NULL);
  self->cut_path = g_build_filename (self->dir, "cut", NULL);
  g_free (main_path);
  main_path = g_strdup (self->path);
  g_clear_pointer (&main_synced, g_free);
  g_hash_table_remove_all (unsynced); /* of the database before */
  n_main_syncs = 0;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
}

static void
bench_clear (Bench *self, gconstpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (self->dir, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (self->dir, name, NULL);

      g_remove (path);
    }
  g_assert_cmpint (g_rmdir (self->dir), ==, 0);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  g_free (self->cut_path);
  g_free (self->path);
  g_free (self->dir);
}

static void
copy (const Bench *self, const char *suffix)
{
  g_autofree char *from = g_strconcat (self->path, suffix, NULL),
                  *to = g_strconcat (self->cut_path, suffix, NULL), *text = NULL;
  gsize len;

  g_assert_true (g_file_get_contents (from, &text, &len, NULL));
  g_assert_true (g_file_set_contents_full (to, text, (gssize) len, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

/* On the writer's thread, which writes nothing meanwhile. The log has to be on the disk; of a database into
 * which it is being copied, nothing since its last sync is. The copy is opened by SQLite's own methods. */
static void
cut (Bench *self, guint n_told)
{
  g_autofree char *shm = g_strconcat (self->cut_path, "-shm", NULL);
  gboolean copies_log, due = n_told / CUT_EVERY >= self->n_cuts;
  sqlite3_stmt *statement;
  sqlite3 *db;

  g_mutex_lock (&mutex);
  copies_log = g_hash_table_contains (unsynced, mains);
  g_assert_cmpuint (g_hash_table_size (unsynced), ==, copies_log);
  if (due && copies_log)
    g_assert_true (g_file_set_contents_full (self->cut_path, main_synced, (gssize) main_synced_len,
                                             G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  g_mutex_unlock (&mutex);
  if (!due)
    return;
  self->n_cuts++;
  g_unlink (shm);
  if (!copies_log)
    copy (self, "");
  copy (self, "-wal");
  g_assert_cmpint (sqlite3_open_v2 (self->cut_path, &db, SQLITE_OPEN_READWRITE, "unix"), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_prepare_v2 (db, "SELECT count(*) FROM jobs", -1, &statement, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_ROW);
  g_assert_cmpint (sqlite3_column_int (statement, 0), >=, (int) n_told);
  sqlite3_finalize (statement);
  sqlite3_close (db);
}

static void
notify (Bench *self, guint n)
{
  guint n_told;

  g_mutex_lock (&self->mutex);
  n_told = self->n_told += n;
  g_mutex_unlock (&self->mutex);
  cut (self, n_told);
  g_cond_signal (&self->changed);
}

static void
await (Bench *self, guint n)
{
  gint64 until_us = g_get_monotonic_time () + GIVE_UP_US;

  g_mutex_lock (&self->mutex);
  while (self->n_told < n)
    g_assert_true (g_cond_wait_until (&self->changed, &self->mutex, until_us));
  g_mutex_unlock (&self->mutex);
}

/* Until no log is being copied, so that the next commit may find that it can begin one anew. */
static void
await_copied (void)
{
  gint64 until_us = g_get_monotonic_time () + GIVE_UP_US;

  g_mutex_lock (&mutex);
  while (n_copying > 0)
    g_assert_true (g_cond_wait_until (&main_copied, &mutex, until_us));
  g_mutex_unlock (&mutex);
}

static WpJob *
make_job (guint i)
{
  g_autofree char *body = g_strnfill ((gsize) g_test_rand_int_range (0, 3000), 'x');
  WpJob *job = wp_job_new ();

  job->seq = i;
  job->arrival_ns = job->started_ns = job->base_ns = wp_time_monotonic ();
  job->id = g_strdup_printf ("%u", i);
  job->method = "POST";
  job->path = g_strdup ("/");
  job->body = g_bytes_new (body, strlen (body));

  return job;
}

static void
on_written (WpJob *job, gboolean ok, gpointer data)
{
  g_assert_true (ok);
  notify (data, 1);
}

static void
on_health (gboolean ok, gpointer data)
{
}

static gboolean
has_place (gpointer data)
{
  return TRUE;
}

static void
test_journal (Bench *self, gconstpointer data)
{
  static const WpJournalListener listener
      = { .written = on_written, .health = on_health, .has_place = has_place };
  g_autoptr (GError) error = NULL;
  WpJournal *journal = wp_journal_open (self->path, 0, &error);

  g_assert_no_error (error);
  wp_journal_start (journal, &listener, self);
  for (guint i = 0; i < N_JOBS; i++)
    {
      g_autoptr (WpJob) job = make_job (i);

      wp_journal_add (journal, job);
      if (i % 100 == 0)
        await (self, i); /* batches of many sizes */
    }
  await (self, N_JOBS);
  wp_journal_free (journal);
  g_assert_cmpuint (self->n_cuts, >, 10);
}

static void
on_done (WpJob *const *jobs, guint n, gpointer data)
{
  for (guint i = 0; i < n; i++)
    g_assert_true (wp_job_is_stored (jobs[i]));
  notify (data, n);
}

static void
test_database (Bench *self, gconstpointer data)
{
  g_autofree char *spec = g_strconcat ("sqlite:", self->path, NULL);
  g_autoptr (GError) error = NULL;
  WpClock *clock = wp_clock_new (&error);
  WpDatabase *database
      = wp_database_open (spec, &(const WpDatabaseOptions){ .timeout_ns = WP_NS_PER_S }, clock, &error);
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref);

  g_assert_no_error (error);
  wp_database_on_done (database, on_done, self);
  for (guint i = 0; i < N_MANY_JOBS; i++)
    {
      g_ptr_array_add (jobs, make_job (i));
      g_assert_false (wp_database_update (database, jobs->pdata[i]));
      if (i % 20 != 0)
        continue;
      await (self, i);
      await_copied ();
    }
  await (self, N_MANY_JOBS);
  g_assert_cmpuint (n_main_syncs, >, 1); /* a new file, and one log at least that was copied to it */
  wp_database_free (database);
  wp_clock_free (clock);
  g_assert_cmpuint (self->n_cuts, >, 10);
}

/* The watch itself: it sees a file that is written and not synced. */
static void
test_watch (Bench *self, gconstpointer data)
{
  guint before = n_syncs;
  sqlite3 *db;

  g_assert_cmpint (sqlite3_open (self->path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db,
                                 "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; CREATE TABLE jobs (id)",
                                 NULL, NULL, NULL),
                   ==, SQLITE_OK);
  g_assert_cmpuint (g_hash_table_size (unsynced), >, 0);
  g_assert_cmpint (sqlite3_exec (db, "PRAGMA synchronous=FULL; INSERT INTO jobs VALUES (1)", NULL, NULL,
                                 NULL),
                   ==, SQLITE_OK);
  g_assert_cmpuint (n_syncs, >, before);
  sqlite3_close (db);
  g_assert_cmpuint (g_hash_table_size (unsynced), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  watch_files ();
  g_test_add ("/power-cut/watch", Bench, NULL, bench_init, test_watch, bench_clear);
  g_test_add ("/power-cut/journal", Bench, NULL, bench_init, test_journal, bench_clear);
  g_test_add ("/power-cut/database", Bench, NULL, bench_init, test_database, bench_clear);

  return g_test_run ();
}
