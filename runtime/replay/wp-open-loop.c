#include "runtime/replay/wp-open-loop.h"

#define SPARE_WINDOW_NS (50 * WP_NS_PER_MS)

typedef struct {
  WpWorkload base;
  const WpSchedule *schedule;
  gsize first, stride;
  gsize n_requests;
  gsize next;   /* the first one not sent */
  gsize oldest; /* all before it have ended */
  guint n_spares;
} OpenLoop;

static const WpRow *
row (WpWorkload *base, gsize slot)
{
  const OpenLoop *self = (OpenLoop *) base;

  return wp_schedule_row (self->schedule, self->first + slot * self->stride);
}

static gint64
next_due (WpWorkload *base)
{
  const OpenLoop *self = (OpenLoop *) base;

  return self->next < self->n_requests ? row (base, self->next)->arrival_ns : G_MAXINT64;
}

static gsize
begin (WpWorkload *base)
{
  return ((OpenLoop *) base)->next++;
}

static void
end (WpWorkload *base, gsize slot, gint64 now_ns)
{
  OpenLoop *self = (OpenLoop *) base;

  self->next = MAX (self->next, slot + 1); /* it may still have been waiting for a connection */
}

/* All wait equally long after their planned times, and these are in order. */
static gboolean
oldest (WpWorkload *base, gsize *slot)
{
  OpenLoop *self = (OpenLoop *) base;

  while (self->oldest < self->n_requests
         && wp_tally_result (base->tally, self->oldest)->ended_ns != WP_TIME_NONE)
    self->oldest++;
  *slot = self->oldest;
  return self->oldest < self->n_requests;
}

static guint
n_spares (WpWorkload *base)
{
  const OpenLoop *self = (OpenLoop *) base;

  return (guint) MIN (self->n_spares, self->n_requests - self->next);
}

/* To open a connection takes longer than to send on it, and in a burst that would be lag: as many stand
 * before as the fullest moment of the schedule needs, within the limit. */
static guint
count_spares (OpenLoop *self, guint connections)
{
  gsize from = 0, most = 0;

  for (gsize i = 0; i < self->n_requests; i++)
    {
      while (row (&self->base, from)->arrival_ns < row (&self->base, i)->arrival_ns - SPARE_WINDOW_NS)
        from++;
      most = MAX (most, i - from + 1);
    }
  return (guint) MIN (most, connections);
}

gsize
wp_open_loop_share (const WpSchedule *schedule, gsize first, gsize stride)
{
  gsize n = wp_schedule_length (schedule);

  return n > first ? (n - first - 1) / stride + 1 : 0;
}

WpWorkload *
wp_open_loop_new (const WpSchedule *schedule, gsize first, gsize stride, guint connections, WpTally *tally)
{
  static const WpWorkloadClass class = { next_due, begin, end, oldest, row, n_spares };
  OpenLoop *self = g_new0 (OpenLoop, 1);

  self->base = (WpWorkload){ &class, tally };
  self->schedule = schedule;
  self->first = first;
  self->stride = stride;
  self->n_requests = wp_open_loop_share (schedule, first, stride);
  self->n_spares = count_spares (self, connections);

  return &self->base;
}

void
wp_open_loop_free (WpWorkload *self)
{
  g_free (self);
}
