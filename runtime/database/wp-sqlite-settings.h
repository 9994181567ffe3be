/* wp-sqlite-settings.h - the settings and statements of SQLite, shared by the server and by the bare loop
 * that it is measured against. */
#pragma once

/* In the file's header, see file(1): "wpdb". Files of 0.1.0 have 0. */
#define WP_SQLITE_APPLICATION_ID 0x77706462

/* For a new file. With pages of 8 kB a commit of many rows of 1 kB takes a third less time than with 4 kB,
 * and one of a single row takes no longer; with 16 kB the latter takes longer. An empty file need not be on
 * the disk before the server listens (its seven syncs take 10 to 30 ms), only before the first row: see
 * wp_sqlite_file_sync_new(). */
#define WP_SQLITE_SCHEMA                                                                                     \
  "PRAGMA page_size=8192;"                                                                                   \
  "PRAGMA synchronous=OFF;"                                                                                  \
  "PRAGMA journal_mode=WAL;"                                                                                 \
  "BEGIN IMMEDIATE;"                                                                                         \
  "CREATE TABLE IF NOT EXISTS jobs (id TEXT NOT NULL PRIMARY KEY, received TEXT NOT NULL,"                   \
  " method TEXT NOT NULL, path TEXT NOT NULL, content_type TEXT, body BLOB);"                                \
  "PRAGMA application_id=" G_STRINGIFY (WP_SQLITE_APPLICATION_ID) ";"                                        \
                                                                  "COMMIT;"

/* For each connection that writes. The size limit applies to the log's file once its contents are in the main
 * file. */
#define WP_SQLITE_SETTINGS                                                                                   \
  "PRAGMA synchronous=FULL;"                                                                                 \
  "PRAGMA journal_size_limit=16777216;"

/* Maximum wait for another program's lock. After that the database counts as down, and is tried again. */
#define WP_SQLITE_BUSY_MS 500

#define WP_SQLITE_BEGIN "BEGIN IMMEDIATE"
#define WP_SQLITE_INSERT                                                                                     \
  "INSERT INTO jobs (id, received, method, path, content_type, body) VALUES (?,?,?,?,?,?)"                   \
  " ON CONFLICT (id) DO NOTHING"
#define WP_SQLITE_COMMIT "COMMIT"

/* Pages in the write-ahead log from which on it is copied into the file: SQLite's own default. */
#define WP_SQLITE_CHECKPOINT_PAGES 1000

/* Pages from which on the writer waits for the copy: 64 MB in our files. At full load the log has 11 MB. */
#define WP_SQLITE_MAX_LOG_PAGES (8 * WP_SQLITE_CHECKPOINT_PAGES)
