/* wp-checkpointer.h - copies a write-ahead log of SQLite's to its file beside the writer, which by itself
 * would stop for it. */
#pragma once

#include "runtime/database/wp-sqlite-file.h"

typedef struct _WpCheckpointer WpCheckpointer;

/* Returns: NULL with a reason if there is no thread to be had. All functions are for the writer's thread. */
WpCheckpointer *wp_checkpointer_new (GError **error);
void wp_checkpointer_free (WpCheckpointer *self);

/* Connects to what the writer has just opened, and keeps it: later the names of the file and its log may
 * stand for others. */
gboolean wp_checkpointer_open (WpCheckpointer *self, const WpSqliteFile *file, GError **error);
void wp_checkpointer_close (WpCheckpointer *self); /* waits for a copy that is under way */

/* Between two commits. Waits while a log of WP_SQLITE_MOST_LOG_PAGES is being copied. @db: the writer's;
 * @log_pages: in the log after the last commit. FALSE: a copy failed, and what was copied before may not be
 * on the disk. */
gboolean wp_checkpointer_look (WpCheckpointer *self, sqlite3 *db, int log_pages);
