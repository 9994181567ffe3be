/* wp-journal.h - accepted jobs in a file until they are stored, so that a crash loses none. One writer, group
 * commit. */
#pragma once

#include "runtime/database/wp-journal-file.h"

typedef struct _WpJournal WpJournal;

/* Whom the writer calls, on its thread. */
typedef struct {
  /* A job that was added is durable, or cannot be made so. Once for each. */
  void (*written) (WpJob *job, gboolean ok, gpointer data);

  /* The file cannot be written, or can be again. The first news is a bad one. */
  void (*health) (gboolean ok, gpointer data);

  /* Is there a place for a job that an earlier run left unfinished? If not, wp_journal_read_on() is called
   * once there may be. */
  gboolean (*has_place) (gpointer data);

  /* Such a job, oldest first; NULL: there are no more: not called where the backlog was 0 at the start. */
  void (*recovered) (WpJob *job, gpointer data);
} WpJournalListener;

typedef struct {
  guint64 failed;  /* jobs in the file that were given up, in earlier runs too */
  guint64 refused; /* jobs that could not be written */
  guint64 commits;
  guint64 file_bytes, log_bytes; /* sizes, as of the last commit */
  guint64 backlog;               /* jobs of an earlier run that are not read yet */
  gboolean writable, readable;
} WpJournalCounts;

/* As wp_journal_file_open(). */
WpJournal *wp_journal_open (const char *path, guint64 max_bytes, GError **error);
void wp_journal_free (WpJournal *self); /* closed, and nobody calls any more */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpJournal, wp_journal_free)

/* Starts the writer. @listener: static */
void wp_journal_start (WpJournal *self, const WpJournalListener *listener, gpointer data);

/* A place for a job of an earlier run may be free. Any thread, as the following; none blocks. */
void wp_journal_read_on (WpJournal *self);

/* An accepted job is to be made durable: its listener hears when. */
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
 * Returns: FALSE with an error: not all could be written. Past the deadline the writer may go on, and the
 * journal must not be freed.
 */
gboolean wp_journal_close (WpJournal *self, gint64 deadline_ns, GError **error);
