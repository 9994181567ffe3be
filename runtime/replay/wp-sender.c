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
#define HEAD_START_NS  (200 * WP_NS_PER_MS) /* so that the first request is not late */
#define SLEEP_COSTS_NS (20 * WP_NS_PER_US)  /* of CPU on a virtual machine: a shorter time is passed awake */
/* sends, or events, before the other has its turn: a fraction of a millisecond */
#define BATCH                32
#define BATCHES_OF_RESPONSES 32 /* and before clients leave: a few milliseconds */
#define SPARE_WINDOW_NS      (50 * WP_NS_PER_MS)
#define TIME_TO_OPEN_NS      (300 * WP_NS_PER_US) /* a connection, at leisure */

struct _WpSender {
  const WpSchedule *schedule;
  WpSenderOptions options;
  WpTally *tally;
  const WpRequestTemplate *template;
  WpConnectionPool *pool;
  guint n_spares;              /* connections that are to stand idle */
  WpPooledConnection **places; /* of each request that is under way, by its number; NULL */
  gsize n_requests;
  gsize next;   /* the first request not sent */
  gsize oldest; /* all before it have ended */
  gsize n_busy;
  gint64 start_ns; /* CLOCK_MONOTONIC of planned time 0 */
  gint64 start_unix_ns;
  gint64 next_tick_ns; /* CLOCK_MONOTONIC, as all below */
  gint64 armed_ns;     /* what the timer is to wake us for */
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

static gint64
planned (const WpSender *self, gsize i)
{
  return wp_schedule_row (self->schedule, i)->arrival_ns;
}

static void
compose (gpointer data, gsize request, WpMessage *message)
{
  const WpSender *self = data;

  wp_request_template_compose (self->template, wp_schedule_row (self->schedule, request), message);
}

static void
on_sent (gpointer data, gsize request)
{
  WpSender *self = data;

  wp_tally_sent (self->tally, request, planned (self, request), now_on_schedule (self));
}

static void
on_ended (gpointer data, gsize request, const WpResponse *response, const char *error)
{
  WpSender *self = data;

  if (response)
    wp_tally_answered (self->tally, request, planned (self, request), now_on_schedule (self),
                       response->status, response->has_retry);
  else
    wp_tally_failed (self->tally, request, now_on_schedule (self), error);
  self->n_busy--;
}

static const WpConnectionPoolClass pool_class = { compose, on_sent, on_ended };

/* To open a connection takes longer than to send on it, and in a burst that would be lag: as many stand
 * before as the fullest moment of the schedule needs, within the limit. */
static guint
count_spares (const WpSchedule *schedule, guint connections)
{
  gsize first = 0, most = 0;

  for (gsize i = 0; i < wp_schedule_length (schedule); i++)
    {
      while (wp_schedule_row (schedule, first)->arrival_ns
             < wp_schedule_row (schedule, i)->arrival_ns - SPARE_WINDOW_NS)
        first++;
      most = MAX (most, i - first + 1);
    }
  return (guint) MIN (most, connections);
}

WpSender *
wp_sender_new (const WpSchedule *schedule, const WpTarget *target, const WpRequestTemplate *template,
               const WpSenderOptions *options, WpTally *tally, GError **error)
{
  gsize n_requests = wp_schedule_length (schedule);
  g_autofree WpPooledConnection **places = g_try_new0 (WpPooledConnection *, n_requests);
  WpSender *self;

  if (!places)
    {
      wp_memory_fail (n_requests, error);
      return NULL;
    }
  self = g_new0 (WpSender, 1);
  self->schedule = schedule;
  self->options = *options;
  wp_early_timer_init (&self->alarm, WARM_UP_NS);
  self->tally = tally;
  self->template = template;
  self->n_requests = n_requests;
  self->places = g_steal_pointer (&places);
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  self->timer_fd = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  self->n_spares = count_spares (schedule, options->connections);
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

/* Opens a connection for later if there is time before @when_ns (CLOCK_MONOTONIC). FALSE: none is missing, or
 * there is none. */
static gboolean
open_spare (WpSender *self, gint64 when_ns)
{
  gsize n = MIN (self->n_spares, self->n_requests - self->next);

  return when_ns > later (wp_time_monotonic (), TIME_TO_OPEN_NS)
         && wp_connection_pool_open_spare (self->pool, (guint) n);
}

/* FALSE if a request is due and no connection is free for it. */
static gboolean
send_due (WpSender *self)
{
  gint64 now_ns = now_on_schedule (self);

  for (guint n = 0; n < BATCH && self->next < self->n_requests && planned (self, self->next) <= now_ns; n++)
    {
      gsize i = self->next++;

      self->n_busy++;
      if (!wp_connection_pool_send (self->pool, i, &self->places[i]))
        {
          self->next--;
          self->n_busy--;
          return FALSE;
        }
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
give_up (WpSender *self, gsize i)
{
  gboolean leaves = self->options.patience_ns == give_up_after (self);

  if (self->places[i])
    {
      wp_connection_pool_cancel (self->pool, self->places[i]);
      self->n_busy--;
    }
  self->next = MAX (self->next, i + 1); /* it may still have been waiting for a connection */
  if (leaves)
    wp_tally_left (self->tally, i, now_on_schedule (self));
  else
    wp_tally_failed (self->tally, i, now_on_schedule (self), "no response in time");
}

static void
tick_if_due (WpSender *self)
{
  gint64 now_ns = wp_time_monotonic ();

  if (now_ns < self->next_tick_ns)
    return;
  self->next_tick_ns = now_ns + self->options.tick_ns;
  self->options.tick (self->options.tick_data, now_ns - self->start_ns, self->n_busy);
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

/* A response that is here is one, though patience ended before it was looked at: else the server would tell
 * of it, and we of a client that left. */
static void
take_what_came (WpSender *self)
{
  for (guint i = 0; i < BATCHES_OF_RESPONSES && wait_and_dispatch (self, 0) == BATCH; i++)
    ;
}

/* All wait equally long after their planned times, and these are in order: only the oldest need be looked at.
 */
static gboolean
oldest_is_due (WpSender *self, gint64 limit_ns, gint64 now_ns)
{
  while (self->oldest < self->n_requests
         && wp_tally_result (self->tally, self->oldest)->ended_ns != WP_TIME_NONE)
    self->oldest++;

  return self->oldest < self->n_requests && limit_ns != G_MAXINT64
         && planned (self, self->oldest) <= now_ns - limit_ns;
}

/* Returns CLOCK_MONOTONIC of the next one to give up; G_MAXINT64: none. */
static gint64
give_up_due (WpSender *self)
{
  gint64 limit_ns = give_up_after (self);
  gint64 now_ns = now_on_schedule (self);

  if (oldest_is_due (self, limit_ns, now_ns))
    take_what_came (self);
  for (; oldest_is_due (self, limit_ns, now_ns); self->oldest++)
    give_up (self, self->oldest);
  if (limit_ns == G_MAXINT64 || self->oldest >= self->n_requests)
    return G_MAXINT64;

  return later (later (self->start_ns, planned (self, self->oldest)), limit_ns);
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

  g_set_error (error, WP_ERROR, WP_ERROR_IO, "cannot wait for events: %s", g_strerror (errno));
  return FALSE;
}

gboolean
wp_sender_run (WpSender *self, int stop_fd, GError **error)
{
  if (!watch (self, stop_fd, error))
    return FALSE;

  while (wp_connection_pool_open_spare (self->pool, self->n_spares))
    ;
  prctl (PR_SET_TIMERSLACK, 1); /* ns; the default of 50 us is lag */
  wp_realtime_thread (WP_REALTIME_CLIENT);
  self->start_unix_ns = g_get_real_time () * WP_NS_PER_US + HEAD_START_NS;
  self->start_ns = wp_time_monotonic () + HEAD_START_NS;
  self->next_tick_ns = self->options.tick ? later (self->start_ns, self->options.tick_ns) : G_MAXINT64;

  while (!self->stopped)
    {
      gboolean has_room;
      gint64 when_ns;

      when_ns = give_up_due (self);
      /* after all that frees a connection: where there is none, only an event can bring one */
      has_room = send_due (self);
      if (self->next == self->n_requests && self->n_busy == 0)
        break;
      if (has_room && self->next < self->n_requests)
        when_ns = MIN (when_ns, later (self->start_ns, planned (self, self->next)));
      tick_if_due (self);
      when_ns = MIN (when_ns, self->next_tick_ns);
      wait_and_dispatch (self, open_spare (self, when_ns) ? 0 : when_ns);
    }

  return TRUE;
}

guint64
wp_sender_n_connections (const WpSender *self)
{
  return wp_connection_pool_n_opened (self->pool);
}

gint64
wp_sender_started (const WpSender *self)
{
  return self->start_unix_ns;
}
