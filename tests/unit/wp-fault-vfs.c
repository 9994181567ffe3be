#include "tests/unit/wp-fault-vfs.h"

#include <sqlite3.h>
#include <string.h>

#define PIECE 65536

/* SQLite's own methods for a file, with ours before those that can fail. */
typedef struct {
  sqlite3_io_methods ours; /* first: a file points at it */
  const sqlite3_io_methods *theirs;
} Methods;

static GMutex mutex; /* guards all below */
static Methods kinds[8];
static guint n_kinds;
static GHashTable *names; /* (element-type sqlite3_file utf8): of the open files */
static WpFault armed;
static const char *armed_suffix;
static guint armed_left; /* operations until it fails */
static WpFault held;
static const char *held_suffix;
static guint n_held; /* threads that wait */
static GCond released, arrived;
static GHashTable *disk; /* (element-type utf8 GBytes): what files hold on the disk, by name; NULL: it is not
                            watched */

static const sqlite3_io_methods *
theirs (sqlite3_file *file)
{
  return ((const Methods *) file->pMethods)->theirs;
}

static gboolean
fails (WpFault fault, sqlite3_file *file)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  const char *name = g_hash_table_lookup (names, file);

  while (fault == held && name && g_str_has_suffix (name, held_suffix))
    {
      n_held++;
      g_cond_broadcast (&arrived);
      g_cond_wait (&released, &mutex);
      n_held--;
    }
  return fault == armed && armed_left > 0 && name && g_str_has_suffix (name, armed_suffix)
         && --armed_left == 0;
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

static sqlite3_int64
size_of (sqlite3_file *file)
{
  sqlite3_int64 size = 0;

  g_assert_cmpint (theirs (file)->xFileSize (file, &size), ==, SQLITE_OK);
  return size;
}

/* SQLite never reads or writes more at once than PIECE. */
static GBytes *
read_all (sqlite3_file *file)
{
  sqlite3_int64 size = size_of (file);
  char *bytes = g_malloc (size + 1);

  for (sqlite3_int64 at = 0; at < size; at += PIECE)
    g_assert_cmpint (theirs (file)->xRead (file, bytes + at, (int) MIN (PIECE, size - at), at), ==,
                     SQLITE_OK);
  return g_bytes_new_take (bytes, size);
}

static void
note_on_disk (sqlite3_file *file)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  const char *name = g_hash_table_lookup (names, file);

  if (disk && name)
    g_hash_table_replace (disk, g_strdup (name), read_all (file));
}

/* Its size stays, as a size does that the file system has in its own log. */
static void
lose (sqlite3_file *file)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  GBytes *kept = g_hash_table_lookup (disk, g_hash_table_lookup (names, file));
  sqlite3_int64 size = size_of (file);
  g_autofree char *now = g_malloc0 (size + 1);
  gsize kept_bytes;
  const char *bytes = g_bytes_get_data (kept, &kept_bytes);

  if (kept_bytes > 0)
    memcpy (now, bytes, MIN ((gsize) size, kept_bytes));
  for (sqlite3_int64 at = 0; at < size; at += PIECE)
    g_assert_cmpint (theirs (file)->xWrite (file, now + at, (int) MIN (PIECE, size - at), at), ==, SQLITE_OK);
}

static int
sync_file (sqlite3_file *file, int flags)
{
  int status;

  if (fails (WP_FAULT_SYNC, file))
    return SQLITE_IOERR_FSYNC;
  if (fails (WP_FAULT_LOSING_SYNC, file))
    {
      lose (file);
      return SQLITE_IOERR_FSYNC;
    }
  status = theirs (file)->xSync (file, flags);
  if (status == SQLITE_OK)
    note_on_disk (file);
  return status;
}

static int
delete_file (sqlite3_vfs *vfs, const char *name, int sync_dir)
{
  sqlite3_vfs *system = vfs->pAppData;

  g_mutex_lock (&mutex);
  if (disk)
    g_hash_table_remove (disk, name);
  g_mutex_unlock (&mutex);
  return system->xDelete (system, name, sync_dir);
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
      kinds[n_kinds++] = (Methods){ *original, original };
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
  if (disk && !g_hash_table_contains (disk, name))
    g_hash_table_insert (disk, g_strdup (name), read_all (file));
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
  faulty.xDelete = delete_file;
  g_assert_cmpint (sqlite3_vfs_register (&faulty, TRUE), ==, SQLITE_OK);
}

void
wp_fault_vfs_arm (WpFault fault, const char *suffix, guint nth)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);

  armed = fault;
  armed_suffix = suffix;
  armed_left = nth;
}

void
wp_fault_vfs_hold (WpFault fault, const char *suffix)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);

  held = fault;
  held_suffix = suffix;
  g_cond_broadcast (&released);
}

void
wp_fault_vfs_await_held (void)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);

  while (n_held == 0)
    g_cond_wait (&arrived, &mutex);
}

void
wp_fault_vfs_watch_disk (void)
{
  disk = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
}

GBytes *
wp_fault_vfs_on_disk (const char *path)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  GBytes *bytes = g_hash_table_lookup (disk, path);

  return bytes ? g_bytes_ref (bytes) : NULL;
}

gboolean
wp_fault_vfs_disarm (void)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  gboolean has_failed = armed != WP_FAULT_NONE && armed_left == 0;

  armed = WP_FAULT_NONE;
  return has_failed;
}
