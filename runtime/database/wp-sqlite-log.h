/* wp-sqlite-log.h - the write-ahead log of an SQLite database: its size, its place, and copying it into the
 * database. */
#pragma once

#include <glib.h>
#include <sqlite3.h>
#include <sys/types.h>

/* Identifies a file independently of its name. */
typedef struct {
  dev_t device;
  ino_t inode;
} WpFileId;

/* Both return FALSE, with an @id that equals no file's, if there is no such file. */
gboolean wp_file_id_of_path (WpFileId *id, const char *path);
gboolean wp_file_id_of_descriptor (WpFileId *id, int fd);
gboolean wp_file_id_equal (const WpFileId *a, const WpFileId *b);

/* @path: the database. Returns: FALSE if it has no log */
gboolean wp_sqlite_log_find (WpFileId *id, const char *path);

/* Returns: size of the log that @db has open, whatever its name is now. */
guint64 wp_sqlite_log_bytes (sqlite3 *db);

/* Copies the whole log into the database, syncs it, and truncates the log. It uses the files that @db has
 * open, which may have lost their names. Returns: FALSE if part of the log was not copied, such as while
 * another program reads an old state of the database; sqlite3_errmsg() has the reason. */
gboolean wp_sqlite_log_write_back (sqlite3 *db);

/* Copies as much of the log as other programs allow, and keeps the log. Returns: FALSE on an I/O error */
gboolean wp_sqlite_log_copy (sqlite3 *db);

/* After wp_sqlite_log_write_back() and after @db was closed: removes the empty log and its index, if they are
 * still beside @path. */
void wp_sqlite_log_remove (const char *path, const WpFileId *id);
