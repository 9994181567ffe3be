/* wp-tally.h - what became of each request, and the figures of them all. Times are ns on the schedule's
 * clock: 0 is the run's start, when a row of arrival 0 is due. */
#pragma once

#include "sim/stats/wp-histogram.h"
#include "sim/trace/wp-trace.h"

typedef struct {
  gint64 sent_ns;  /* when its first byte was handed to the kernel; WP_TIME_NONE: never */
  gint64 ended_ns; /* answered, or given up; WP_TIME_NONE: neither yet */
  /* why there was no response, interned; NULL: there was one, or it left, or it has not ended */
  const char *error;
  guint16 status; /* 0: none */
  guint8 outcome; /* WpOutcome */
} WpTallyResult;

typedef struct _WpTally WpTally;

/* A piece of the run. */
typedef struct {
  WpHistogram *latency, *lag; /* of the requests answered, and sent, in it */
  guint64 n_failed, n_left;
} WpTallyInterval;
WpTallyInterval *wp_tally_interval_new (void);
void wp_tally_interval_add (WpTallyInterval *self, const WpTallyInterval *other);
void wp_tally_interval_free (WpTallyInterval *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTallyInterval, wp_tally_interval_free)

/* @n_requests: 0: the counts alone. NULL with WP_ERROR_IO: there is no memory for them */
WpTally *wp_tally_new (gsize n_requests, GError **error);
void wp_tally_free (WpTally *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTally, wp_tally_free)

/* One of these for each request, in the schedule's numbering; @planned_ns is when it was due. */
/* again (a retry): the first counts */
void wp_tally_sent (WpTally *self, gsize i, gint64 planned_ns, gint64 now_ns);
/* @has_retry: with Retry-After */
void wp_tally_answered (WpTally *self, gsize i, gint64 planned_ns, gint64 now_ns, guint status,
                        gboolean has_retry);
void wp_tally_left (WpTally *self, gsize i, gint64 now_ns);                      /* patience was over */
void wp_tally_failed (WpTally *self, gsize i, gint64 now_ns, const char *error); /* interns @error */

/* The place of a request that has ended is another one's from now on. */
void wp_tally_restart (WpTally *self, gsize i);

/* Adds the counts and distributions of @other, not its results. */
void wp_tally_add (WpTally *self, const WpTally *other);

/* The counts since the last call; NULL the first time, which starts the counting. Owned by the caller. */
WpTallyInterval *wp_tally_take_interval (WpTally *self);

const WpTallyResult *wp_tally_result (const WpTally *self, gsize i);
gsize wp_tally_length (const WpTally *self);
guint64 wp_tally_n_sent (const WpTally *self);
guint64 wp_tally_n_answered (const WpTally *self);
guint64 wp_tally_n_left (const WpTally *self);
guint64 wp_tally_n_failed (const WpTally *self);
guint64 wp_tally_n_status (const WpTally *self, guint status); /* 0 to 999 */
gint64 wp_tally_last_sent (const WpTally *self);               /* WP_TIME_NONE: nothing was */
gint64 wp_tally_last_ended (const WpTally *self);              /* WP_TIME_NONE: nothing has */
GHashTable *wp_tally_failures (const WpTally *self);           /* (transfer none): reason to guint64 * */
const WpHistogram *wp_tally_latency (const WpTally *self);     /* answered - planned, whatever the status */
double wp_tally_latency_deviation (const WpTally *self);       /* ns */
const WpHistogram *wp_tally_response (const WpTally *self);    /* answered - sent */
const WpHistogram *wp_tally_lag (const WpTally *self);         /* sent - planned */
