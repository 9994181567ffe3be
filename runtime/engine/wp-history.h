/* wp-history.h - what the server did: the last hour second by second, and the last day minute by minute. A
 * ring of 1 MB, allocated once. Any thread. */
#pragma once

#include "runtime/queue/wp-channel.h"

typedef struct _WpHistory WpHistory;

/* The counters of the server, which only grow, and its state. */
typedef struct {
  WpLedger ledger;
  guint64 refused;                   /* requests that never became a job */
  double queue_limit, workers_limit; /* the present sizes; NaN: no limit */
  double depth_forecast;             /* ten seconds ago for now; NaN: none */
  const WpChannelTimes *times;
  const WpDecimalHistogram *commit_ns, *commit_rows;
} WpHistorySource;

/* CLOCK_BOOTTIME in nanoseconds, which goes on while the machine sleeps: @now_ns of the functions below. */
gint64 wp_history_clock (void);

/**
 * wp_history_new:
 * @unix_ns: the same moment as unix time
 *
 * A step ends at each whole second of @unix_ns, or whole minute; later changes of the system's time move
 * none.
 */
WpHistory *wp_history_new (gint64 now_ns, gint64 unix_ns);
void wp_history_free (WpHistory *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpHistory, wp_history_free)

/**
 * wp_history_add:
 * @now_ns: soon after the end of a step of a second
 *
 * Adds the row of the step that has ended. After a step that was longer by half a second or more, since the
 * machine slept or the process was stopped, a row has the state at its end only, and the steps between have
 * none.
 */
void wp_history_add (WpHistory *self, gint64 now_ns, const WpHistorySource *source);

/* Returns: the end of the current step of a second. */
gint64 wp_history_next (const WpHistory *self, gint64 now_ns);

/* The most that was queued at once in the last @span_s seconds that are whole, at most an hour. */
guint64 wp_history_peak (WpHistory *self, gint64 now_ns, guint span_s);

typedef struct {
  gint64 now_ns, unix_ns; /* as above, at the time of the call */
  guint step_s;           /* 1 or 60 */
  guint period_s;
  double since_s; /* unix time; only rows that end later */
} WpHistoryQuery;

/* Appends `"started": ..., "time": [...], "depth": [...], ...`, members of a JSON object: a column each, and
 * null where a step has no value. */
void wp_history_append_json (WpHistory *self, const WpHistoryQuery *query, GString *text);
