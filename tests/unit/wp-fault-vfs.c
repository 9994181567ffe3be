#include "tests/unit/wp-fault-vfs.h"

#include <sqlite3.h>

/* SQLite's own methods for a file, with ours before those that can fail. */
typedef struct {
  sqlite3_io_methods ours;   /* first: a file points at it */
  const sqlite3_io_methods *theirs;
} Methods;

static GMutex mutex;         /* guards all below */
static Methods kinds[8];
static guint n_kinds;
static GHashTable *names;    /* (element-type sqlite3_file utf8): of the open files */
static WpFault armed;
static const char *armed_suffix;
static guint armed_left;     /* operations until it fails */
static WpFault held;
static const char *held_suffix;
static GCond released;

static const sqlite3_io_methods *
theirs (sqlite3_file *file)
{
  return ((const Methods *) file->pMethods)->theirs;
}

static gboolean
fails (WpFault fault, sqlite3_file *file)
{
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  const char *name = g_hash_table_lookup (names, file);

  while (fault == held && name && g_str_has_suffix (name, held_suffix))
    g_cond_wait (&released, &mutex);
  return fault == armed && armed_left > 0 && name && g_str_has_suffix (name, armed_suffix) &&
         --armed_left == 0;
}

static int
read_file (sqlite3_file *file, void *bytes, int n, sqlite3_int64 offset)
{
  return fails (WP_FAULT_READ, file) ? SQLITE_IOERR_READ : theirs (file)->xRead (file, bytes, n, offset);
}

static int
write_file (sqlite3_file *file, const void *bytes, int n, sqlite3_int64 offset)
{
  return fails (WP_FAULT_WRITE, file) ? SQLITE_IOERR_WRITE : theirs (file)->xWrite (file, bytes, n, offset);
}

static int
sync_file (sqlite3_file *file, int flags)
{
  return fails (WP_FAULT_SYNC, file) ? SQLITE_IOERR_FSYNC : theirs (file)->xSync (file, flags);
}

static int
close_file (sqlite3_file *file)
{
  g_mutex_lock (&mutex);
  g_hash_table_remove (names, file);
  g_mutex_unlock (&mutex);
  return theirs (file)->xClose (file);
}

static const sqlite3_io_methods *
ours_for_locked (const sqlite3_io_methods *original)
{
  guint i = 0;

  while (i < n_kinds && kinds[i].theirs != original)
    i++;
  if (i == n_kinds)
    {
      g_assert_cmpuint (n_kinds, <, G_N_ELEMENTS (kinds));
      kinds[n_kinds++] = (Methods) { *original, original };
      kinds[i].ours.xRead = read_file;
      kinds[i].ours.xWrite = write_file;
      kinds[i].ours.xSync = sync_file;
      kinds[i].ours.xClose = close_file;
    }
  return &kinds[i].ours;
}

static int
open_file (sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *flags_out)
{
  sqlite3_vfs *system = vfs->pAppData;
  int status = system->xOpen (system, name, file, flags, flags_out);

  if (!file->pMethods || !name)
    return status;
  g_mutex_lock (&mutex);
  file->pMethods = ours_for_locked (file->pMethods);
  g_hash_table_insert (names, file, g_strdup (name));
  g_mutex_unlock (&mutex);

  return status;
}

void
wp_fault_vfs_register (void)
{
  static sqlite3_vfs faulty;
  sqlite3_vfs *system = sqlite3_vfs_find (NULL);

  names = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  faulty = *system;
  faulty.zName = "faulty";
  faulty.pAppData = system;
  faulty.xOpen = open_file;
  g_assert_cmpint (sqlite3_vfs_register (&faulty, TRUE), ==, SQLITE_OK);
}

void
wp_fault_vfs_arm (WpFault fault, const char *suffix, guint nth)
{
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);

  armed = fault;
  armed_suffix = suffix;
  armed_left = nth;
}

void
wp_fault_vfs_hold (WpFault fault, const char *suffix)
{
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);

  held = fault;
  held_suffix = suffix;
  g_cond_broadcast (&released);
}

gboolean
wp_fault_vfs_disarm (void)
{
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  gboolean has_failed = armed != WP_FAULT_NONE && armed_left == 0;

  armed = WP_FAULT_NONE;
  return has_failed;
}
