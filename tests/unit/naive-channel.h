/* naive-channel.h - WpChannel again, written from SPEC section 2 with arrays and linear searches and no
 * thought of speed. */
#pragma once

#include "runtime/queue/wp-channel.h"

#define NAIVE_NEVER (-1)

/* Jobs are known by their index. */
typedef struct {
  WpJobState state;
  WpOutcome outcome;
  gboolean blocked;
  gint64 timeout_ns; /* at its arrival */
  gint64 arrival_ns, accepted_ns, started_ns, finished_ns, ended_ns;
} NaiveJob;

typedef struct {
  guint capacity_jobs, workers;
  gboolean rejects, closed;
  gint64 timeout_ns;   /* WP_TIME_NONE: none */
  gint64 now_ns;       /* the moment of the next operation; the test's to set */
  GArray *jobs;        /* (element-type NaiveJob): all there ever were, in order of arrival */
  GArray *turned_away; /* (element-type int): parked jobs that the last operation ended, the oldest first */
  WpLedger peaks;      /* parked_peak, queued_peak, recent ones, in_service_peak, full_ns */
  gboolean was_full;   /* at seen_ns, when the ledger was last read: after every operation */
  gint64 seen_ns;      /* first: when it began */
  guint had_workers;   /* at seen_ns */
} NaiveChannel;

NaiveChannel *naive_channel_new (guint capacity_jobs, guint workers, gboolean rejects, gint64 timeout_ns);
void naive_channel_free (NaiveChannel *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (NaiveChannel, naive_channel_free)

NaiveJob *naive_channel_job (NaiveChannel *self, int i);
guint naive_channel_count_state (NaiveChannel *self, WpJobState state);
/* the oldest job in that state, or NAIVE_NEVER */
int naive_channel_first (NaiveChannel *self, WpJobState state);

/* Each is one operation. Jobs returned are indices, or NAIVE_NEVER. */
WpSend naive_channel_send (NaiveChannel *self);
int naive_channel_take (NaiveChannel *self, int done, WpOutcome outcome, int *admitted);
gboolean naive_channel_abandon (NaiveChannel *self, int i, gboolean queued_too, int *admitted);
void naive_channel_expire (NaiveChannel *self);
void naive_channel_close (NaiveChannel *self);

/* Changes the sizes. @admitted, @started: (element-type int): the jobs that got a place or a worker */
void naive_channel_resize (NaiveChannel *self, guint capacity_jobs, guint workers, gboolean rejects,
                           gint64 timeout_ns, GArray *admitted, GArray *started);

/* When the first of the parked jobs times out; WP_TIME_NONE: none does. */
gint64 naive_channel_next_due (NaiveChannel *self);

void naive_channel_ledger (NaiveChannel *self, WpLedger *ledger); /* but for duplicates */
