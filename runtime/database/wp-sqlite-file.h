/* wp-sqlite-file.h - the file of an SQLite database. It is opened only if it is ours; a file that is moved
 * while it is open is complete once it is closed. For one thread. */
#pragma once

#include <glib.h>
#include <sqlite3.h>

typedef struct _WpSqliteFile WpSqliteFile;

WpSqliteFile *wp_sqlite_file_new (const char *path); /* not open */
void wp_sqlite_file_free (WpSqliteFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSqliteFile, wp_sqlite_file_free)

/**
 * wp_sqlite_file_open:
 * @busy_ms: how long this call waits for another program's lock
 *
 * Creates a missing file with mode 0600. A file is ours if it has a table "jobs" with our columns, and our
 * application_id or none (as files of 0.1.0); other contents do not matter. Another program's file is not
 * written to.
 *
 * Returns: FALSE with one line that does not name the file, which is closed
 */
gboolean wp_sqlite_file_open (WpSqliteFile *self, int busy_ms, GError **error);

/* Syncs a new file; call it before the first commit of each open. SQLite would discard the log of a file
 * without a first page. The log, which holds the rest of the schema, is synced by each commit, and its folder
 * by the first. Returns: FALSE: the sync failed; abandon the file as distrusted. */
gboolean wp_sqlite_file_sync_new (WpSqliteFile *self);

sqlite3 *wp_sqlite_file_get_db (const WpSqliteFile *self);      /* NULL: it is not open */
const char *wp_sqlite_file_get_path (const WpSqliteFile *self); /* absolute */

/* Returns: TRUE if the names of the file, of its log and of the log's index still lead to the open files.
 * FALSE: committed rows may be lost when the process ends. */
gboolean wp_sqlite_file_is_in_place (const WpSqliteFile *self);

/* The next three need all statements finalized and all other connections closed. */

/**
 * wp_sqlite_file_close_moved:
 *
 * Closes a file that is not in place any more. First the whole log is copied into the file, so that it is
 * complete wherever it is now; its log and index are removed from beside a file that took its name.
 *
 * Returns: FALSE with an error: it is still open
 */
gboolean wp_sqlite_file_close_moved (WpSqliteFile *self, GError **error);

void wp_sqlite_file_close (WpSqliteFile *self); /* wherever it is now */

/* Closes the file and leaves its log as it is. @distrusted: the log could not be copied into the file or
 * synced, and earlier copies may not be on the disk: the next open copies the whole log again, while no other
 * program has the file open. */
void wp_sqlite_file_abandon (WpSqliteFile *self, gboolean distrusted);

/* Describes the last error of a connection, with the system's error where it says more. Returns: (transfer
 * full)
 */
char *wp_sqlite_file_describe_error (sqlite3 *db);
