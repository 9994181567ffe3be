/* wp-journal.h - accepted jobs in a file until they are stored, so that a crash loses none. One writer, group commit. */
#pragma once

#include "runtime/database/wp-journal-file.h"

typedef struct _WpJournal WpJournal;

/* A job that was added is durable, or cannot be made so. Once for each; on the writer's thread. */
typedef void (*WpJournalWritten) (WpJob *job, gboolean ok, gpointer data);

/* The file cannot be written, or can be again. On the writer's thread; the first news is a bad one. */
typedef void (*WpJournalHealth) (gboolean ok, gpointer data);

typedef struct {
  guint64 failed;            /* jobs in the file that were given up, in earlier runs too */
  guint64 refused;           /* jobs that could not be written */
  guint64 commits;
  guint64 file_bytes, log_bytes;   /* sizes, as of the last commit */
  gboolean writable;
} WpJournalCounts;

/* As wp_journal_file_open(). */
WpJournal *wp_journal_open (const char *path, guint64 max_bytes, GError **error);
void wp_journal_free (WpJournal *self);   /* closed, and nobody calls any more */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpJournal, wp_journal_free)

/* What an earlier run left unfinished, oldest first; before wp_journal_start(). Returns: (element-type WpJob), NULL with an error. */
GPtrArray *wp_journal_recover (WpJournal *self, GError **error);

/* Starts the writer. */
void wp_journal_start (WpJournal *self, WpJournalWritten written, WpJournalHealth health, gpointer data);

/* An accepted job is to be made durable: @written will be called. Any thread, as the following; none blocks. */
void wp_journal_add (WpJournal *self, WpJob *job);

/* It is stored, and needs its row no more, added or not (yet). */
void wp_journal_remove (WpJournal *self, WpJob *job);

/* It is given up: its row stays, with @failure, until it is queued anew. */
void wp_journal_fail (WpJournal *self, WpJob *job);

void wp_journal_count (WpJournal *self, WpJournalCounts *counts);
const char *wp_journal_get_path (const WpJournal *self);

/* Is its row in the file, durably? Of one that has not ended. */
gboolean wp_journal_keeps (WpJournal *self, const WpJob *job);

/**
 * wp_journal_close:
 * @deadline_ns: CLOCK_MONOTONIC; WP_TIME_NONE: however long it takes
 *
 * Writes what waits, and ends the writer; what comes later is dropped.
 *
 * Returns: FALSE with an error: not all could be written. Past the deadline the writer may go on, and the journal must not be freed.
 */
gboolean wp_journal_close (WpJournal *self, gint64 deadline_ns, GError **error);
