/* naive-model.h - the three modes again, event by event, written from SPEC section 2 with no thought of
 * speed. */
#pragma once

#include "sim/model/wp-model.h"

/* Simulates @n_rows requests (arrival_ns of each row, small times only: figures over time go through every
 * nanosecond). */
void naive_model_run (const WpPolicy *policy, gint64 patience_ns, const WpRow *rows,
                      const gint64 *services_ns, gsize n_rows, WpRequestResult *results, WpSummary *summary);

/* The same where each job starts that long after a worker has taken it out of the queue. */
void naive_model_run_dispatched (const WpPolicy *policy, gint64 patience_ns, const WpRow *rows,
                                 const gint64 *services_ns, const gint64 *dispatches_ns, gsize n_rows,
                                 WpRequestResult *results, WpSummary *summary);

/* A database that commits in groups; times in ns. */
typedef struct {
  gint64 fixed_ns, row_ns, idle_ns;
  guint most;
} NaiveCommit;

/* The same before such a database. */
void naive_model_run_batch (const WpPolicy *policy, gint64 patience_ns, const WpRow *rows,
                            const NaiveCommit *commit, gsize n_rows, WpRequestResult *results,
                            WpSummary *summary);
