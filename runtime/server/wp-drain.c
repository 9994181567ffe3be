#include "runtime/server/wp-drain.h"

#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "sim/base/wp-time.h"

#define POLL_MS 10
/* reserved for the 503s of parked requests, or half of the timeout if that is less, */
#define RESPONSE_NS WP_NS_PER_S
#define RESPONSE_EACH_NS                                                                                     \
  (100 * WP_NS_PER_US) /* or this for each request, if more: one takes a third of it                         \
                        */
/* reserved for the exit: the last reports and thousands of sockets, 10 us each; or a fifth of the timeout.
 * Each job that has not ended is a row of the record then */
#define EXIT_NS      (200 * WP_NS_PER_MS)
#define EXIT_EACH_NS (50 * WP_NS_PER_US)
#define STOP_NS      (500 * WP_NS_PER_MS) /* the whole timeout after a second signal */
#define OVERDUE_NS   WP_NS_PER_S          /* the process is ended this long after the timeout */

guint
wp_drain_count_connections (const WpDrain *self)
{
  guint n = 0;

  for (guint i = 0; i < self->http_threads->len; i++)
    n += wp_http_thread_count_connections (self->http_threads->pdata[i]);
  return n;
}

static gboolean
is_empty (const WpDrain *self)
{
  for (guint i = 0; i < self->http_threads->len; i++)
    if (!wp_http_thread_is_drained (self->http_threads->pdata[i]))
      return FALSE;
  return wp_engine_wait_empty (self->engine, 0)
         && (!self->source || self->source->class->is_drained (self->source));
}

/* Time reserved for the 503s of the requests that are parked now. */
static gint64
time_to_respond (const WpDrain *self)
{
  WpLedger ledger;

  wp_engine_count (self->engine, &ledger, NULL);
  return MAX (MIN (RESPONSE_NS, self->timeout_ns / 2), (gint64) ledger.parked * RESPONSE_EACH_NS);
}

static gint64
time_to_exit (const WpDrain *self)
{
  WpLedger ledger;

  wp_engine_count (self->engine, &ledger, NULL);
  return MIN (EXIT_NS + (gint64) (ledger.queued + ledger.in_service + ledger.parked) * EXIT_EACH_NS,
              self->timeout_ns / 5);
}

static void
end (WpDrain *self, WpDrainState state)
{
  self->state = state;
  self->ended_ns = wp_time_monotonic ();
  g_main_loop_quit (self->loop);
}

static gboolean
on_poll (gpointer data)
{
  WpDrain *self = data;
  gint64 left_ns = self->begun_ns + self->timeout_ns - wp_time_monotonic ();

  if (is_empty (self))
    end (self, WP_DRAIN_EMPTY);
  else if (left_ns <= time_to_exit (self))
    end (self, WP_DRAIN_TIMED_OUT);
  else if (left_ns <= time_to_respond (self))
    wp_engine_close (self->engine);

  return self->state == WP_DRAIN_GOES_ON ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* A signal handler. */
static void
on_time_up (int number)
{
  static const char line[]
      = "wp-server: the drain did not end in time; the process exits now without closing its files\n";
  struct pollfd log = { STDERR_FILENO, POLLOUT, 0 };

  if (poll (&log, 1, 0) == 1 && (log.revents & POLLOUT))
    (void) !write (STDERR_FILENO, line, sizeof line - 1);
  _exit (1);
}

/* For waits without a timeout of their own, such as one for a disk that does not respond. */
static void
limit_exit (gint64 timeout_ns)
{
  gint64 until_us = (timeout_ns + OVERDUE_NS) / WP_NS_PER_US;
  struct itimerval timer = { .it_value = { until_us / G_USEC_PER_SEC, until_us % G_USEC_PER_SEC } };

  signal (SIGALRM, on_time_up);
  setitimer (ITIMER_REAL, &timer, NULL);
}

void
wp_drain_begin (WpDrain *self)
{
  self->state = WP_DRAIN_GOES_ON;
  self->begun_ns = wp_time_monotonic ();
  limit_exit (self->timeout_ns);
  for (guint i = 0; i < self->http_threads->len; i++)
    wp_http_thread_drain (self->http_threads->pdata[i]);
  if (self->source)
    self->source->class->cancel (self->source);
  g_timeout_add (POLL_MS, on_poll, self);
}

void
wp_drain_stop (WpDrain *self)
{
  self->begun_ns = wp_time_monotonic ();
  self->timeout_ns = STOP_NS;
  limit_exit (STOP_NS);
  end (self, WP_DRAIN_STOPPED);
}

gint64
wp_drain_get_deadline (const WpDrain *self)
{
  return MAX (self->begun_ns + self->timeout_ns, self->ended_ns + EXIT_NS);
}
