/* wp-commit.h - the duration of a group commit, in which a database stores all waiting rows at once. */
#pragma once

#include "sim/stats/wp-random.h"
#include "sim/trace/wp-trace.h"

#define WP_COMMIT_MAX 1000 /* rows in one commit, as in wp-server's SQLite writer */

/* A commit of n rows takes fixed + n * row plus a random residual. An idle writer starts @idle_ns after its
 * first row, with all rows that arrived by then. */
typedef struct {
  double fixed_ns, row_ns, idle_ns;
  guint most_rows;
} WpCommitCost;

/* The cost of commits at one load, in rows handed over per second. */
typedef struct {
  double rows_per_s;
  WpCommitCost cost;
  /* (nullable) (element-type gint64): residuals of the commits, in their order; may be negative */
  GArray *late_ns;
} WpCommitLoad;

typedef struct _WpCommit WpCommit;

/* The position of the next residual in the record, and the recent rows, exponentially weighted. */
typedef struct {
  WpRandom random;
  guint at, left;
  double rows, lasted_s;
  gint64 last_ns;
} WpCommitDraws;

/* Residuals are drawn in blocks of some hundred from a random position, which preserves slow periods
 * (Künsch's block bootstrap, Annals of Statistics 17, 1989). @late_ns: takes a reference. @scale: factor of
 * all times. */
WpCommit *wp_commit_new (const WpCommitCost *cost, GArray *late_ns, double scale, guint64 seed);

/**
 * wp_commit_new_for_loads:
 * @loads: @n_loads >= 1, in any order; takes references of their residuals
 *
 * The cost of a commit depends on the load: a busy processor sleeps less between the steps of a commit, a
 * busy disk answers sooner or later. Records at several loads show by how much. Between two loads the cost is
 * interpolated by the rows handed over in the last half second; beyond the lightest and the heaviest it is
 * constant.
 */
WpCommit *wp_commit_new_for_loads (const WpCommitLoad *loads, guint n_loads, double scale, guint64 seed);
/* The same cost, with another scale and other draws. */
WpCommit *wp_commit_copy (const WpCommit *self, double scale, guint64 seed);
WpCommit *wp_commit_ref (WpCommit *self);
void wp_commit_unref (WpCommit *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpCommit, wp_commit_unref)

/* Does a server's @database, as the note of its record has it, commit in groups? NULL: not known, so no. */
gboolean wp_commit_is_of (const char *database);

/* FIXED:PER_ROW[:MAX[:IDLE]]. NULL with WP_ERROR_BAD_VALUE. */
WpCommit *wp_commit_parse (const char *text, double scale, guint64 seed, GError **error);

#define WP_COMMIT_BEYOND                                                                                     \
  1.1 /* times the heaviest load that was measured: from here on a prediction is a guess */

/* Rows per second at the heaviest load that was measured; 0: none was. */
double wp_commit_heaviest (const WpCommit *self);

guint wp_commit_max_rows (const WpCommit *self);
const WpCommitCost *wp_commit_cost (const WpCommit *self); /* at the lightest load, before scaling */
/* restarts the same draws */
void wp_commit_restart (const WpCommit *self, WpCommitDraws *draws);
/* the same, of one of several servers: each has others */
void wp_commit_restart_of (const WpCommit *self, guint server, WpCommitDraws *draws);

/* Counts a row handed to the writer; @now_ns does not decrease. */
void wp_commit_count_row (const WpCommit *self, WpCommitDraws *draws, gint64 now_ns);

/* The delay of an idle writer, and the duration of a commit of @n >= 1 rows, in ns >= 0. */
gint64 wp_commit_idle_delay (const WpCommit *self, const WpCommitDraws *draws);
gint64 wp_commit_draw (const WpCommit *self, WpCommitDraws *draws, guint n);
