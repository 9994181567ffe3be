/* wp-sqlite-log.h - the write-ahead log of an SQLite database: its size, its place, and how what it holds
 * gets into the database. */
#pragma once

#include <glib.h>
#include <sqlite3.h>
#include <sys/types.h>

/* Which file it is, whatever its name. */
typedef struct {
  dev_t device;
  ino_t inode;
} WpFileId;

/* FALSE: there is none of that name, and @id is nobody's. */
gboolean wp_file_id_of_path (WpFileId *id, const char *path);
gboolean wp_file_id_of_descriptor (WpFileId *id, int fd);
gboolean wp_file_id_equal (const WpFileId *a, const WpFileId *b);

/* The log of the database @path. FALSE: it has none. */
gboolean wp_sqlite_log_find (WpFileId *id, const char *path);

/* Of @db's own log on the disk, wherever that is. */
guint64 wp_sqlite_log_bytes (sqlite3 *db);

/* Copies all of it to the database, syncs that, and empties the log, through the files that @db has open:
 * they may have lost their names. FALSE: not all of it, as while a program reads an old state of the
 * database; sqlite3_errmsg() says why. */
gboolean wp_sqlite_log_write_back (sqlite3 *db);

/* The same as far as no other program is in the way, and the log stays. FALSE: an error of the disk's. */
gboolean wp_sqlite_log_copy (sqlite3 *db);

/* After that, and after @db was closed: removes the empty log and the index of it, where they are still
 * beside @path. */
void wp_sqlite_log_remove (const char *path, const WpFileId *id);
