/* wp-checkpointer.h - copies SQLite's write-ahead log into its file in a thread of its own, so that the
 * writer need not stop for it. */
#pragma once

#include "runtime/database/wp-sqlite-file.h"

typedef struct _WpCheckpointer WpCheckpointer;

/* Returns: NULL with an error if no thread can be started. All functions are for the writer's thread. */
WpCheckpointer *wp_checkpointer_new (GError **error);
void wp_checkpointer_free (WpCheckpointer *self);

/* Opens a connection to the files that the writer has just opened, and keeps it: the names of the file and of
 * its log may stand for other files later. */
gboolean wp_checkpointer_open (WpCheckpointer *self, const WpSqliteFile *file, GError **error);
void wp_checkpointer_close (WpCheckpointer *self); /* waits for a copy in progress */

/* Waits while a log of WP_SQLITE_MAX_LOG_PAGES or more is being copied. @db: the writer's connection;
 * @log_pages: in the log after the last commit. Returns: FALSE: a copy failed, and earlier copies may not be
 * on the disk. */
gboolean wp_checkpointer_after_commit (WpCheckpointer *self, sqlite3 *db, int log_pages);
