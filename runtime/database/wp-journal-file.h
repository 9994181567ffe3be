/* wp-journal-file.h - the journal's file: SQLite's format, one table, for one server at a time. */
#pragma once

#include "runtime/queue/wp-job.h"

typedef struct _WpJournalFile WpJournalFile;

/* A failed job. Valid during the call. */
typedef struct {
  const char *id, *received, *method, *path;
  const char *failed; /* ISO 8601: when it failed */
  const char *reason;
  gint64 bytes;   /* of its payload */
  gint64 updates; /* number of attempts */
} WpFailedJob;

typedef void (*WpFailedJobFunc) (const WpFailedJob *job, gpointer data);

/**
 * wp_journal_file_open:
 * @create: creates a missing file
 * @max_bytes: limit of the file and its write-ahead log together; 0: no limit
 *
 * Not thread-safe, except wp_journal_file_list_failed().
 *
 * Returns: NULL with one line: the file cannot be opened, belongs to another program, has another version, or
 * is in use by another server.
 */
WpJournalFile *wp_journal_file_open (const char *path, gboolean create, guint64 max_bytes, GError **error);
void wp_journal_file_free (WpJournalFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpJournalFile, wp_journal_file_free)

typedef struct {
  gint64 last_row; /* the highest; 0: none */
  gint64 failed;
  gint64 jobs; /* in all */
} WpJournalFileCounts;

/* Returns: FALSE with an error: the file cannot be read, and must not be written */
gboolean wp_journal_file_count (WpJournalFile *self, WpJournalFileCounts *counts, GError **error);

/* One transaction, durable once _commit() returns TRUE. FALSE: it was rolled back, and _why() has the reason.
 * _insert() and _fail() accept an existing row of the same job, and fail for a row of another job. */
gboolean wp_journal_file_begin (WpJournalFile *self, gsize add_bytes); /* of payloads; 0: none */
gboolean wp_journal_file_insert (WpJournalFile *self, gint64 row, WpJob *job);
gboolean wp_journal_file_fail (WpJournalFile *self, gint64 row, WpJob *job);
gboolean wp_journal_file_remove (WpJournalFile *self, gint64 row);
gboolean wp_journal_file_commit (WpJournalFile *self);

/* Checks, outside a transaction, that the names of the file and its log still lead to them, and copies the
 * log into the file if not. _commit() calls it. Returns: FALSE: the next start would not find all jobs, and
 * _why() has the reason. */
gboolean wp_journal_file_check_place (WpJournalFile *self);

/* Limit of the payloads in one transaction; a single job may exceed it. */
gsize wp_journal_file_get_most_bytes (const WpJournalFile *self);

/* Sizes after the last commit. Part of the log may be in the file already. */
void wp_journal_file_get_size (const WpJournalFile *self, guint64 *file_bytes, guint64 *log_bytes);

/* Tries, outside a transaction, to write 256 kB, or a sixteenth of @max_bytes if that is less: with less room
 * the file would be full again at once. */
gboolean wp_journal_file_has_room (WpJournalFile *self);
const char *wp_journal_file_last_error (const WpJournalFile *self);

/**
 * wp_journal_file_next:
 * @after_row, @last_row: the range of rows
 * @job: (out) (transfer full): the first unfinished job of the range, with its row; NULL: none
 *
 * Returns: FALSE: the file cannot be read, and _why() has the reason
 */
gboolean wp_journal_file_next (WpJournalFile *self, gint64 after_row, gint64 last_row, WpJob **job);

/* Marks the failed jobs as unfinished. Returns: their number; -1 with an error */
gint64 wp_journal_file_requeue (WpJournalFile *self, GError **error);

/* Lists the last @max failed jobs, latest first, through a connection of its own. Any thread. */
gboolean wp_journal_file_list_failed (const char *path, guint max, WpFailedJobFunc func, gpointer data,
                                      GError **error);
