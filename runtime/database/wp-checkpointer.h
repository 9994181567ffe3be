/* wp-checkpointer.h - copies a write-ahead log of SQLite's to its file beside the writer, which by itself would stop for it. */
#pragma once

#include <glib.h>
#include <sqlite3.h>

typedef struct _WpCheckpointer WpCheckpointer;

/* @path: of the database. Returns: NULL with a reason if there is no thread to be had. */
WpCheckpointer *wp_checkpointer_new (const char *path, GError **error);

/* Waits until it is done. */
void wp_checkpointer_free (WpCheckpointer *self);

/* Between two commits, on the writer's thread, which waits here while a log of WP_SQLITE_MOST_LOG_PAGES is being copied. @db: the writer's;
 * @log_pages: in the log after the last commit. */
void wp_checkpointer_look (WpCheckpointer *self, sqlite3 *db, int log_pages);
