#include "runtime/database/wp-sqlite-log.h"

#include <sys/stat.h>
#include <unistd.h>

static gboolean
take_id (WpFileId *id, const struct stat *status)
{
  *id = (WpFileId){ status->st_dev, status->st_ino };
  return TRUE;
}

gboolean
wp_file_id_of_path (WpFileId *id, const char *path)
{
  struct stat status;

  *id = (WpFileId){ 0 };
  return stat (path, &status) == 0 && take_id (id, &status);
}

gboolean
wp_file_id_of_descriptor (WpFileId *id, int fd)
{
  struct stat status;

  *id = (WpFileId){ 0 };
  return fstat (fd, &status) == 0 && take_id (id, &status);
}

gboolean
wp_file_id_equal (const WpFileId *a, const WpFileId *b)
{
  return a->device == b->device && a->inode == b->inode;
}

gboolean
wp_sqlite_log_find (WpFileId *id, const char *path)
{
  g_autofree char *log = g_strconcat (path, "-wal", NULL);

  return wp_file_id_of_path (id, log);
}

guint64
wp_sqlite_log_bytes (sqlite3 *db)
{
  sqlite3_file *file = NULL;
  sqlite3_int64 bytes = 0;

  if (sqlite3_file_control (db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK || !file
      || !file->pMethods || file->pMethods->xFileSize (file, &bytes) != SQLITE_OK)
    return 0;
  return (guint64) bytes;
}

gboolean
wp_sqlite_log_write_back (sqlite3 *db)
{
  return sqlite3_wal_checkpoint_v2 (db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK;
}

gboolean
wp_sqlite_log_copy (sqlite3 *db)
{
  return (sqlite3_wal_checkpoint_v2 (db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) & 0xff) != SQLITE_IOERR;
}

void
wp_sqlite_log_remove (const char *path, const WpFileId *id)
{
  g_autofree char *log = g_strconcat (path, "-wal", NULL), *index = g_strconcat (path, "-shm", NULL);
  WpFileId named;

  if (!wp_file_id_of_path (&named, log) || !wp_file_id_equal (&named, id))
    return;
  unlink (log);
  unlink (index);
}
