/* wp-logged-search.h - how well each number of workers explains a log, and the best one; wp-logged-workers.h
 * has the rule. */
#pragma once

#include <glib.h>

#define WP_LOGGED_WINDOWS    3
#define WP_LOGGED_LEAST_GAIN 40.0 /* nats, over nobody waiting; with less nothing is found */

/* Constant services of all busy workers look alike for k times as many that take k times as long. */
#define WP_LOGGED_MAX_PARTS 10

/* A log's times, in ns since any origin. */
typedef struct {
  const gint64 *arrivals_ns;  /* in order */
  const gint64 *responses_ns; /* >= 0; WP_TIME_NONE: such a row is left out of everything */
  gsize n;
  gboolean is_spread; /* the stamps were whole seconds, and are spread evenly over theirs */
} WpLoggedTimes;

/* A value to be sorted, and the row that it is of. */
typedef struct {
  guint64 value;
  guint32 row;
} WpLoggedKey;

/* Rows of the log that follow one another, without those that have no response. */
typedef struct {
  guint n, first, end; /* rows, and those from first on and before end that are looked at */
  gint64 *arrivals, *departures, *dither; /* ns */
  guint32 *in_system;                     /* on arrival, without itself */
  guint peak;                             /* most in the system */
  gint64 *services;                       /* as last recovered */
  guint8 *waited;                         /* then */
  WpLoggedKey *keys, *spare;
} WpLoggedWindow;

/* A number of workers, and how well it explains the log. */
typedef struct {
  guint workers;
  double score, z;
  double scores[WP_LOGGED_WINDOWS];
  gboolean is_constant; /* all services are equal, as far as the stamps show */
  gboolean is_ordered;  /* and hardly any of those that waited differs, as where another order was served */
  gboolean is_shown;    /* and those that did not wait take as long: no other number of workers has that */
} WpLoggedPoint;

typedef struct {
  WpLoggedWindow windows[WP_LOGGED_WINDOWS];
  guint n_windows;
  double resolution;
  guint peak;
  guint least;    /* so many workers there are, as one request overtook all but one of them */
  GArray *points; /* of WpLoggedPoint */
} WpLoggedSearch;

/* @keys by value; the sorted keys may end in @spare, with which it is exchanged. */
void wp_logged_sort_keys (WpLoggedKey **keys, WpLoggedKey **spare, guint n);

/* Sets services and waited, behind that many workers. */
void wp_logged_window_recover (WpLoggedWindow *self, guint workers);

/* Counts, for each request, those in the system when it arrives (without those of the same stamp, which stand
 * in the order of their ends, shortest first), and finds the most that one overtook: so many workers, and one
 * more, there are at least. A Fenwick tree over the order of departures. */
guint wp_logged_window_count (WpLoggedWindow *self);

/* In order, to be freed. */
gint64 *wp_logged_window_departures (const WpLoggedWindow *self);

/* The windows of @log; @resolution: of its stamps, ns. */
void wp_logged_search_init (WpLoggedSearch *self, const WpLoggedTimes *log, double resolution);
void wp_logged_search_clear (WpLoggedSearch *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (WpLoggedSearch, wp_logged_search_clear)

/* How well so many workers explain the log; looked up where it is known. */
WpLoggedPoint wp_logged_search_measure (WpLoggedSearch *self, guint workers);

/* Returns the number that explains the log best; @low, @high: (out): the range that explains it nearly as
 * well; @gain: (out): over nobody waiting, nats. */
guint wp_logged_search_run (WpLoggedSearch *self, guint *low, guint *high, double *gain);

/* After that: do all windows that allow a decision agree on this number, or nearly? */
gboolean wp_logged_search_agrees (WpLoggedSearch *self, guint workers);

/* The difference up to which two numbers of workers count as the same. */
guint wp_logged_tolerance (guint workers);
