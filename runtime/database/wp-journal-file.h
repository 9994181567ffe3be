/* wp-journal-file.h - the journal's file: SQLite's format, one table, for one server at a time. */
#pragma once

#include "runtime/queue/wp-job.h"

typedef struct _WpJournalFile WpJournalFile;

/* A job that was given up, as it is listed. Valid during the call. */
typedef struct {
  const char *id, *received, *method, *path;
  const char *failed; /* ISO 8601: when it was given up */
  const char *reason;
  gint64 bytes;   /* of its payload */
  gint64 updates; /* how often it was tried */
} WpFailedJob;

typedef void (*WpFailedJobFunc) (const WpFailedJob *job, gpointer data);

/**
 * wp_journal_file_open:
 * @create: makes it if it is not there
 * @max_bytes: its size at most, with its write-ahead log; 0: no limit
 *
 * One at a time: for all functions but wp_journal_file_list_failed() the caller sees to that.
 *
 * Returns: NULL with one line: it cannot be opened, is another program's, of another version, or another
 * server's now.
 */
WpJournalFile *wp_journal_file_open (const char *path, gboolean create, guint64 max_bytes, GError **error);
void wp_journal_file_free (WpJournalFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpJournalFile, wp_journal_file_free)

typedef struct {
  gint64 last_row; /* the highest; 0: none */
  gint64 failed;   /* jobs that were given up */
  gint64 jobs;     /* in all */
} WpJournalFileCounts;

/* FALSE with an error: it cannot be read, and nothing may be written to it. */
gboolean wp_journal_file_count (WpJournalFile *self, WpJournalFileCounts *counts, GError **error);

/* All within one transaction. FALSE: it was rolled back, and _why() says why: a row that is another job's
 * too. Durable once _commit() is TRUE. */
gboolean wp_journal_file_begin (WpJournalFile *self, gsize add_bytes);         /* of payloads; 0: none */
gboolean wp_journal_file_insert (WpJournalFile *self, gint64 row, WpJob *job); /* or its row is there */
gboolean wp_journal_file_fail (WpJournalFile *self, gint64 row, WpJob *job);   /* the same */
gboolean wp_journal_file_remove (WpJournalFile *self, gint64 row);
gboolean wp_journal_file_commit (WpJournalFile *self);

/* Are file and log where the next start looks for them? All that the log holds is brought into the file else;
 * _commit() looks by itself. FALSE: the next start would not find all, and _why() says why. */
gboolean wp_journal_file_look (WpJournalFile *self);

/* Of payloads in one transaction, at most; but one job goes in any case. */
gsize wp_journal_file_get_most_bytes (const WpJournalFile *self);

/* After the last commit. What the log holds is in part in the file already. */
void wp_journal_file_get_size (const WpJournalFile *self, guint64 *file_bytes, guint64 *log_bytes);

/* Outside a transaction: may 256 kB be written, or a sixteenth of @max_bytes? What is only just no longer
 * full would be full at once. */
gboolean wp_journal_file_has_room (WpJournalFile *self);
const char *wp_journal_file_why (const WpJournalFile *self);

/**
 * wp_journal_file_next:
 * @after_row, @last_row: the range of rows
 * @job: (out) (transfer full): the first of them that is not failed, with its row; NULL: there is none
 *
 * Returns: FALSE: it cannot be read, and _why() says why
 */
gboolean wp_journal_file_next (WpJournalFile *self, gint64 after_row, gint64 last_row, WpJob **job);

/* Makes the failed ones unfinished. Returns: how many, -1 with an error. */
gint64 wp_journal_file_requeue (WpJournalFile *self, GError **error);

/* The last @max that failed, latest first; by a connection of its own. Any thread. */
gboolean wp_journal_file_list_failed (const char *path, guint max, WpFailedJobFunc func, gpointer data,
                                      GError **error);
