/* wp-sqlite-file.h - the file of an SQLite database: opened only if it is ours, watched while it is open, and
 * let go whole. One thread's. */
#pragma once

#include <glib.h>
#include <sqlite3.h>

typedef struct _WpSqliteFile WpSqliteFile;

WpSqliteFile *wp_sqlite_file_new (const char *path); /* not open */
void wp_sqlite_file_free (WpSqliteFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSqliteFile, wp_sqlite_file_free)

/**
 * wp_sqlite_file_open:
 * @busy_ms: how long another program's lock is waited for, now
 *
 * Makes the file, with mode 0600, if there is none. Ours is a file that has a table "jobs" with our columns,
 * and either our application_id or none, as those of 0.1.0; whatever else it has does not matter. Another
 * program's file is not written to.
 *
 * Returns: FALSE with one line that does not name the file; it is closed then
 */
gboolean wp_sqlite_file_open (WpSqliteFile *self, int busy_ms, GError **error);

/* Before the first commit of each open: brings a new file to the disk, without whose first page SQLite would
 * not look at the log, and throw it away. The log itself, which holds the rest of the schema, is synced by
 * each commit, and its folder by the first. FALSE: it could not be synced; to be abandoned, distrusted. */
gboolean wp_sqlite_file_settle (WpSqliteFile *self);

sqlite3 *wp_sqlite_file_get_db (const WpSqliteFile *self);      /* NULL: it is not open */
const char *wp_sqlite_file_get_path (const WpSqliteFile *self); /* absolute */
/* Do the names of the file, of its log and of its log's index still stand for what is open? FALSE: what was
 * committed may be lost with the process. */
gboolean wp_sqlite_file_stands (const WpSqliteFile *self);

/**
 * wp_sqlite_file_let_go:
 *
 * Closes a file that does not stand any more, without statements and other connections: first all of its log
 * is copied into it, so that it is complete wherever it is now, and nothing of it is left beside a file that
 * took its name.
 *
 * Returns: FALSE with an error: it is still open
 */
gboolean wp_sqlite_file_let_go (WpSqliteFile *self, GError **error);

/* Closes it, without statements and other connections. */
void wp_sqlite_file_close (WpSqliteFile *self);

/* The same, and its log stays as it is. @distrusted: the log could not be copied into the file, or synced
 * there, and what was copied before may not be on the disk: the next open copies all of the log anew, while
 * no other program has the file. */
void wp_sqlite_file_abandon (WpSqliteFile *self, gboolean distrusted);

/* Of the last error of a connection, the system's words too where they say more. Returns: (transfer full) */
char *wp_sqlite_file_describe_error (sqlite3 *db);
