/* wp-batch-writer.h - group commit: one thread takes all waiting jobs and stores them in one transaction. */
#pragma once

#include "runtime/database/wp-database.h"

typedef struct _WpBatchWriter WpBatchWriter;

/* Implemented by the database; called on the writer's thread. */
typedef struct {
  /**
   * store:
   * @reason: (out) (transfer full): why the jobs are not stored; not set on success
   *
   * Stores all @jobs in one transaction, or none. Opens the database if needed.
   *
   * Returns: WP_RESULT_STORED: the result of each job is stored, duplicate or conflict;
   * WP_RESULT_TRANSIENT: the database is down, and whether the jobs are stored may be unknown;
   * WP_RESULT_PERMANENT: no job is stored, and at least one cannot be
   */
  WpResult (*store) (WpDatabase *database, WpJob *const *jobs, guint n, char **reason);

  /* (nullable): work that need not delay the jobs, after a commit and done(). */
  void (*after_commit) (WpDatabase *database);

  /**
   * check_files:
   * @reason: (out) (transfer full): why the log could not be copied back
   *
   * (nullable): called while no job waits. If the files were moved or replaced, the log is copied into the
   * file that is open, and that is closed.
   *
   * Returns: TRUE if that was done; FALSE without @reason if it was not necessary
   */
  gboolean (*check_files) (WpDatabase *database, char **reason);
} WpBatchClass;

/**
 * wp_batch_writer_new:
 * @database: stores the batches; the writer uses its pace_ns, retry_for_ns and done, and sets its down time
 * @name: for messages: "sqlite:wp.db"
 *
 * A batch has at most 1,000 jobs and 8 MB of payload, or one larger job. A batch with a permanent failure is
 * halved until the bad job is alone, so that only this job fails. While the database is down its jobs wait
 * here, and are tried again every 50 ms, doubling to 1 s.
 */
WpBatchWriter *wp_batch_writer_new (WpDatabase *database, const WpBatchClass *class, const char *name,
                                    GError **error);
void wp_batch_writer_free (WpBatchWriter *self); /* while no update is in progress */

/* Any thread; does not block. */
void wp_batch_writer_push (WpBatchWriter *self, WpJob *job);

/* Schedules check_files(), unless jobs wait: their commit checks the files too. Any thread; does not block.
 */
void wp_batch_writer_check_files (WpBatchWriter *self);
