/* wp-commit.h - what a commit costs: of a database that takes all that waits, and is done with all of it at
 * once (group commit). */
#pragma once

#include "sim/stats/wp-random.h"
#include "sim/trace/wp-trace.h"

#define WP_COMMIT_MOST 1000 /* rows in one commit, as wp-server's SQLite has it */

/* A commit of n rows takes fixed + n * row, and what chance adds; a writer that had nothing to do begins only
 * @idle_ns after it is given something, and takes what has come by then. */
typedef struct {
  double fixed_ns, row_ns, idle_ns;
  guint most_rows;
} WpCommitCost;

/* What commits cost while so many rows a second are handed over. */
typedef struct {
  double rows_per_s;
  WpCommitCost cost;
  /* (nullable) (element-type gint64): what commits took beyond the cost, may be negative, in the order in
   * which they were */
  GArray *late_ns;
} WpCommitLoad;

typedef struct _WpCommit WpCommit;

/* Where in the record the next lateness is taken from; and how many rows were handed over of late, the older
 * the less. */
typedef struct {
  WpRandom random;
  guint at, left;
  double rows, lasted_s;
  gint64 last_ns;
} WpCommitDraws;

/* What is late is drawn in runs of some hundred, from a place drawn at random, so that slow spells stay
 * spells (Künsch's block bootstrap, Annals of Statistics 17, 1989). Takes a reference of it. @scale: all
 * times are multiplied by it. */
WpCommit *wp_commit_new (const WpCommitCost *cost, GArray *late_ns, double scale, guint64 seed);

/**
 * wp_commit_new_for_loads:
 * @loads: @n_loads >= 1, in any order; references of their lateness are taken
 *
 * A processor that has more to do sleeps less between the steps of a commit, and a disk that has more to do
 * is ready sooner, or later: how much is only known from records at several loads. Between two of them the
 * cost is interpolated, by the rows that were handed over in the last half second; beyond them it stays what
 * it was.
 */
WpCommit *wp_commit_new_for_loads (const WpCommitLoad *loads, guint n_loads, double scale, guint64 seed);
WpCommit *wp_commit_ref (WpCommit *self); /* not from several threads at once */
void wp_commit_unref (WpCommit *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpCommit, wp_commit_unref)

/* FIXED:PER_ROW[:MOST[:IDLE]]. NULL with WP_ERROR_BAD_VALUE. */
WpCommit *wp_commit_parse (const char *text, double scale, guint64 seed, GError **error);

guint wp_commit_most (const WpCommit *self);
const WpCommitCost *wp_commit_cost (const WpCommit *self); /* at the lightest load, before scaling */
/* the same draws again from the first */
void wp_commit_restart (const WpCommit *self, WpCommitDraws *draws);

/* A row is handed to the writer; @now_ns never goes back. */
void wp_commit_handed_over (const WpCommit *self, WpCommitDraws *draws, gint64 now_ns);

/* How late a writer begins that was idle, and how long a commit of @n >= 1 rows takes, ns >= 0. */
gint64 wp_commit_idle (const WpCommit *self, const WpCommitDraws *draws);
gint64 wp_commit_draw (const WpCommit *self, WpCommitDraws *draws, guint n);
