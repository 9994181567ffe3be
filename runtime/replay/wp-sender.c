#include "runtime/replay/wp-sender.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "runtime/queue/wp-early-timer.h"
#include "runtime/queue/wp-realtime.h"
#include "runtime/replay/wp-connection-pool.h"
#include "runtime/replay/wp-request-template.h"
#include "sim/base/wp-error.h"
#include "sim/base/wp-memory.h"

#define WARM_UP_NS     (400 * WP_NS_PER_US) /* a twelfth of a long sleep at most: see wp-early-timer.h */
#define SLEEP_COSTS_NS (20 * WP_NS_PER_US)  /* of CPU on a virtual machine: a shorter time is passed awake */
/* sends, or events, before the other has its turn: a fraction of a millisecond */
#define BATCH                32
#define BATCHES_OF_RESPONSES 32                   /* and before clients leave: a few milliseconds */
#define TIME_TO_OPEN_NS      (300 * WP_NS_PER_US) /* a connection, at leisure */

struct _WpSender {
  WpWorkload *load;
  WpTally *tally; /* the load's */
  WpSenderOptions options;
  const WpRequestTemplate *template;
  WpConnectionPool *pool;
  WpPooledConnection **places; /* of each request that is under way, by its slot; NULL */
  gsize n_busy;
  gint64 tick_ns;
  WpSenderTick tick; /* or NULL */
  gpointer tick_data;
  gint64 start_ns;     /* CLOCK_MONOTONIC of planned time 0 */
  gint64 next_tick_ns; /* CLOCK_MONOTONIC, as all below */
  gint64 armed_ns;     /* the event that the timer wakes us for */
  WpEarlyTimer alarm;
  int epoll_fd;
  int timer_fd;
  gboolean stopped;
};

/* A time that would not fit is never. */
static gint64
later (gint64 when_ns, gint64 by_ns)
{
  gint64 sum_ns;

  return __builtin_add_overflow (when_ns, by_ns, &sum_ns) ? G_MAXINT64 : sum_ns;
}

static gint64
now_on_schedule (const WpSender *self)
{
  return wp_time_monotonic () - self->start_ns;
}

static const WpRow *
row_of (const WpSender *self, gsize slot)
{
  return self->load->class->row (self->load, slot);
}

static void
compose (gpointer data, gsize slot, WpMessage *message)
{
  const WpSender *self = data;

  wp_request_template_compose (self->template, row_of (self, slot), message);
}

static void
on_sent (gpointer data, gsize slot)
{
  WpSender *self = data;

  wp_tally_sent (self->tally, slot, row_of (self, slot)->arrival_ns, now_on_schedule (self));
}

static void
on_ended (gpointer data, gsize slot, const WpResponse *response, const char *error)
{
  WpSender *self = data;
  gint64 now_ns = now_on_schedule (self);

  if (response)
    wp_tally_answered (self->tally, slot, row_of (self, slot)->arrival_ns, now_ns, response->status,
                       response->has_retry);
  else
    wp_tally_failed (self->tally, slot, now_ns, error);
  self->n_busy--;
  self->load->class->end (self->load, slot, now_ns);
}

static const WpConnectionPoolClass pool_class = { compose, on_sent, on_ended };

WpSender *
wp_sender_new (WpWorkload *load, const WpTarget *target, const WpRequestTemplate *template,
               const WpSenderOptions *options, GError **error)
{
  gsize n_slots = wp_tally_length (load->tally);
  g_autofree WpPooledConnection **places = g_try_new0 (WpPooledConnection *, n_slots);
  WpSender *self;

  if (!places)
    {
      wp_memory_fail (n_slots, error);
      return NULL;
    }
  self = g_new0 (WpSender, 1);
  self->load = load;
  self->tally = load->tally;
  self->options = *options;
  wp_early_timer_init (&self->alarm, WARM_UP_NS);
  self->template = template;
  self->places = g_steal_pointer (&places);
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  self->timer_fd = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  self->pool = wp_connection_pool_new (target, options->connections, self->epoll_fd, &pool_class, self);

  return self;
}

void
wp_sender_free (WpSender *self)
{
  wp_connection_pool_free (self->pool);
  if (self->epoll_fd >= 0)
    close (self->epoll_fd);
  if (self->timer_fd >= 0)
    close (self->timer_fd);
  g_free (self->places);
  g_free (self);
}

/* FALSE: none is missing, or there can be none. */
static gboolean
open_spare (WpSender *self)
{
  return wp_connection_pool_open_spare (self->pool, self->load->class->n_spares (self->load));
}

void
wp_sender_set_tick (WpSender *self, gint64 tick_ns, WpSenderTick tick, gpointer data)
{
  self->tick_ns = tick_ns;
  self->tick = tick;
  self->tick_data = data;
}

void
wp_sender_prepare (WpSender *self)
{
  while (open_spare (self))
    ;
}

/* FALSE if a request is due and no connection is free for it. */
static gboolean
send_due (WpSender *self)
{
  const WpWorkloadClass *class = self->load->class;
  gint64 now_ns = now_on_schedule (self);

  for (guint n = 0; n < BATCH && class->next_due (self->load) <= now_ns; n++)
    {
      gsize slot;

      if (wp_connection_pool_is_full (self->pool))
        return FALSE;
      slot = class->begin (self->load);
      self->n_busy++;
      wp_connection_pool_send (self->pool, slot, &self->places[slot]);
    }
  return TRUE;
}

/* Of the planned time, whichever comes first; G_MAXINT64: none. */
static gint64
give_up_after (const WpSender *self)
{
  gint64 patience_ns = self->options.patience_ns == WP_TIME_NONE ? G_MAXINT64 : self->options.patience_ns;
  gint64 timeout_ns = self->options.timeout_ns == WP_TIME_NONE ? G_MAXINT64 : self->options.timeout_ns;

  return MIN (patience_ns, timeout_ns);
}

static void
give_up (WpSender *self, gsize slot)
{
  gboolean leaves = self->options.patience_ns == give_up_after (self);
  gint64 now_ns = now_on_schedule (self);

  if (self->places[slot])
    {
      wp_connection_pool_cancel (self->pool, self->places[slot]);
      self->n_busy--;
    }
  if (leaves)
    wp_tally_left (self->tally, slot, now_ns);
  else
    wp_tally_failed (self->tally, slot, now_ns, "no response in time");
  self->load->class->end (self->load, slot, now_ns);
}

/* On multiples of the interval, so that several threads tick together. */
static void
tick_if_due (WpSender *self)
{
  gint64 now_ns = wp_time_monotonic (), passed_ns;

  if (now_ns < self->next_tick_ns)
    return;
  passed_ns = now_ns - self->start_ns;
  passed_ns -= passed_ns % self->tick_ns;
  self->next_tick_ns = later (self->start_ns, passed_ns + self->tick_ns);
  self->tick (self->tick_data, passed_ns, self->n_busy);
}

static void
arm_timer (WpSender *self, gint64 when_ns, gint64 now_ns)
{
  struct itimerspec spec = { .it_value = { 0, 0 } };
  gint64 wake_ns;

  if (when_ns == self->armed_ns)
    return;
  self->armed_ns = when_ns;
  wake_ns = wp_early_timer_set (&self->alarm, when_ns, now_ns);
  if (when_ns != G_MAXINT64)
    spec.it_value = (struct timespec){ wake_ns / WP_NS_PER_S, wake_ns % WP_NS_PER_S };
  timerfd_settime (self->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void
woke (WpSender *self)
{
  wp_early_timer_note_wakeup (&self->alarm, wp_time_monotonic ());
  wp_early_timer_spin_until (&self->alarm, self->armed_ns);
  self->armed_ns = 0;
}

/* Waits until @when_ns (CLOCK_MONOTONIC) at most, and hands out what happened: BATCH events at most. Returns
 * how many. */
static int
wait_and_dispatch (WpSender *self, gint64 when_ns)
{
  struct epoll_event events[BATCH];
  gint64 now_ns = wp_time_monotonic ();
  gboolean is_late = when_ns <= now_ns + SLEEP_COSTS_NS;
  int n;

  if (!is_late)
    arm_timer (self, when_ns, now_ns);
  n = epoll_wait (self->epoll_fd, events, BATCH, is_late ? 0 : -1);
  for (int i = 0; i < n; i++)
    if (events[i].data.ptr == &self->timer_fd)
      woke (self);
    else if (events[i].data.ptr == &self->stopped)
      self->stopped = TRUE;
    else
      wp_connection_pool_dispatch (self->pool, events[i].data.ptr, events[i].events);
  wp_connection_pool_end_batch (self->pool);

  return n;
}

/* A response that has arrived counts, even if patience ended before it was read: else the server would report
 * a stored job, and the client one that it abandoned. */
static void
take_what_came (WpSender *self)
{
  for (guint i = 0; i < BATCHES_OF_RESPONSES && wait_and_dispatch (self, 0) == BATCH; i++)
    ;
}

/* Is there a request of @limit_ns or more? Which is the oldest? */
static gboolean
oldest_is_due (WpSender *self, gint64 limit_ns, gint64 now_ns, gsize *slot)
{
  return limit_ns != G_MAXINT64 && self->load->class->oldest (self->load, slot)
         && row_of (self, *slot)->arrival_ns <= now_ns - limit_ns;
}

/* Returns CLOCK_MONOTONIC of the next one to give up; G_MAXINT64: none. */
static gint64
give_up_due (WpSender *self)
{
  gint64 limit_ns = give_up_after (self);
  gint64 now_ns = now_on_schedule (self);
  gsize slot;

  if (oldest_is_due (self, limit_ns, now_ns, &slot))
    take_what_came (self);
  while (oldest_is_due (self, limit_ns, now_ns, &slot))
    give_up (self, slot);
  if (limit_ns == G_MAXINT64 || !self->load->class->oldest (self->load, &slot))
    return G_MAXINT64;

  return later (later (self->start_ns, row_of (self, slot)->arrival_ns), limit_ns);
}

static gboolean
watch (WpSender *self, int stop_fd, GError **error)
{
  struct epoll_event timer = { EPOLLIN | EPOLLET, { .ptr = &self->timer_fd } }; /* edge: it need not be read
                                                                                 */
  struct epoll_event stop = { EPOLLIN, { .ptr = &self->stopped } };

  if (self->epoll_fd >= 0 && self->timer_fd >= 0
      && epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, self->timer_fd, &timer) == 0
      && (stop_fd < 0 || epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, stop_fd, &stop) == 0))
    return TRUE;

  return wp_fail (error, WP_ERROR_IO, "cannot wait for events: %s", g_strerror (errno));
}

/* The next thing to do is at the returned CLOCK_MONOTONIC. */
static gint64
do_what_is_due (WpSender *self)
{
  gint64 when_ns = give_up_due (self);

  /* after all that frees a connection: where there is none, only an event can bring one */
  if (send_due (self))
    when_ns = MIN (when_ns, later (self->start_ns, self->load->class->next_due (self->load)));
  tick_if_due (self);

  return MIN (when_ns, self->next_tick_ns);
}

gboolean
wp_sender_run (WpSender *self, gint64 start_ns, int stop_fd, GError **error)
{
  if (!watch (self, stop_fd, error))
    return FALSE;

  prctl (PR_SET_TIMERSLACK, 1); /* ns; the default of 50 us is lag */
  if (self->options.is_realtime)
    wp_realtime_thread (WP_REALTIME_CLIENT);
  self->start_ns = start_ns;
  self->next_tick_ns = self->tick ? later (start_ns, self->tick_ns) : G_MAXINT64;
  while (!self->stopped)
    {
      gint64 when_ns = do_what_is_due (self);
      gboolean has_time = when_ns > later (wp_time_monotonic (), TIME_TO_OPEN_NS);

      if (self->n_busy == 0 && self->load->class->next_due (self->load) == G_MAXINT64)
        break;
      wait_and_dispatch (self, has_time && open_spare (self) ? 0 : when_ns);
    }

  return TRUE;
}

guint64
wp_sender_n_connections (const WpSender *self)
{
  return wp_connection_pool_n_opened (self->pool);
}
