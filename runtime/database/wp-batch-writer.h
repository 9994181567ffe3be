/* wp-batch-writer.h - group commit for a database: one thread takes all that waits, and stores it in one
 * transaction. */
#pragma once

#include "runtime/database/wp-database.h"

typedef struct _WpBatchWriter WpBatchWriter;

/* The database's side, on the writer's thread. */
typedef struct {
  /**
   * store:
   * @reason: (out) (transfer full): why not all are stored; not set where they are
   *
   * Stores all of @jobs in one transaction, or none; opens first what is not open.
   *
   * Returns: WP_RESULT_STORED: the result of each job is stored, duplicate or conflict;
   * WP_RESULT_TRANSIENT: the database is down, and what became of them may be unknown;
   * WP_RESULT_PERMANENT: none is stored, and one at least is at fault
   */
  WpResult (*store) (WpDatabase *database, WpJob *const *jobs, guint n, char **reason);

  /* (nullable): after a commit and done() for its jobs: work that need not delay them. */
  void (*rest) (WpDatabase *database);

  /**
   * look:
   * @reason: (out) (transfer full): why it cannot be brought there
   *
   * (nullable): nothing is to be stored: is what was stored still where the next start looks for it? If not,
   * it is brought there.
   *
   * Returns: TRUE: it was; FALSE without @reason: it had not to be
   */
  gboolean (*look) (WpDatabase *database, char **reason);
} WpBatchClass;

/**
 * wp_batch_writer_new:
 * @database: stores the batches; its pace_ns, retry_for_ns and done are used, and its down time is set
 * @name: for messages: "sqlite:wp.db"
 *
 * A batch has 1,000 jobs at most, and 8 MB of payload, but for a single job that has more. A batch with a
 * permanent failure is halved until the job at fault stands alone: it alone has failed. While the database is
 * down its jobs wait here, and are offered again every 50 ms, doubling to 1 s.
 */
WpBatchWriter *wp_batch_writer_new (WpDatabase *database, const WpBatchClass *class, const char *name,
                                    GError **error);
void wp_batch_writer_free (WpBatchWriter *self); /* with no update under way */

/* Any thread; does not block. */
void wp_batch_writer_push (WpBatchWriter *self, WpJob *job);

/* The same: has the database looked after, unless there are jobs, each commit of which does that. */
void wp_batch_writer_look (WpBatchWriter *self);
