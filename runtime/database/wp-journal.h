/* wp-journal.h - keeps accepted jobs in a file until they are stored, so that a crash loses none. One thread
 * writes it, with group commit. */
#pragma once

#include "runtime/database/wp-journal-file.h"

typedef struct _WpJournal WpJournal;

/* Callbacks, on the writer's thread. */
typedef struct {
  /* An added job is durable (@ok), or cannot be written. Once for each job. */
  void (*written) (WpJob *job, gboolean ok, gpointer data);

  /* The file cannot be written, or can be written again. It is assumed writable before the first call. */
  void (*health) (gboolean ok, gpointer data);

  /* Returns: TRUE if there is room for an unfinished job of an earlier run. After FALSE the listener calls
   * wp_journal_resume() once there may be. */
  gboolean (*has_place) (gpointer data);

  /* An unfinished job of an earlier run, oldest first; NULL after the last one. Not called if the backlog was
   * 0 at the start. */
  void (*recovered) (WpJob *job, gpointer data);
} WpJournalListener;

typedef struct {
  guint64 failed;  /* failed jobs in the file, also of earlier runs */
  guint64 refused; /* jobs that could not be written */
  guint64 commits;
  guint64 file_bytes, log_bytes; /* sizes, as of the last commit */
  guint64 backlog;               /* jobs of an earlier run that are not read yet */
  gboolean writable, readable;
} WpJournalCounts;

/* As wp_journal_file_open(). */
WpJournal *wp_journal_open (const char *path, guint64 max_bytes, GError **error);
void wp_journal_free (WpJournal *self); /* after wp_journal_close(), with no call in progress */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpJournal, wp_journal_free)

/* Starts the writer. @listener: static */
void wp_journal_start (WpJournal *self, const WpJournalListener *listener, gpointer data);

/* The functions below are for any thread and do not block. */

/* There may be room for a job of an earlier run. */
void wp_journal_resume (WpJournal *self);

/* Makes an accepted job durable; written() reports the result. */
void wp_journal_add (WpJournal *self, WpJob *job);

/* The job is stored: removes its row, or writes none if it has none yet. */
void wp_journal_remove (WpJournal *self, WpJob *job);

/* The job has failed: its row stays, with @failure, until it is requeued. */
void wp_journal_fail (WpJournal *self, WpJob *job);

void wp_journal_count (WpJournal *self, WpJournalCounts *counts);
const char *wp_journal_get_path (const WpJournal *self);

/* @job: one that has not ended. Returns: TRUE if its row is durable */
gboolean wp_journal_has (WpJournal *self, const WpJob *job);

/**
 * wp_journal_close:
 * @deadline_ns: CLOCK_MONOTONIC; WP_TIME_NONE: no deadline
 *
 * Writes all pending changes and ends the writer; later changes are dropped. Blocks.
 *
 * Returns: FALSE with an error if not all changes were written. After a missed deadline the writer may still
 * run, and the journal must not be freed.
 */
gboolean wp_journal_close (WpJournal *self, gint64 deadline_ns, GError **error);
