#include "runtime/queue/wp-clock.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "runtime/queue/wp-early-timer.h"
#include "runtime/queue/wp-realtime.h"
#include "runtime/queue/wp-wakeup-batch.h"
#include "sim/base/wp-error.h"
#include "sim/base/wp-time.h"

#define ARITY        4
#define TAKE_AT_ONCE 256

/* A wake-up is expensive: 20 us of two processors' time on a virtual machine, and at 100,000 deadlines per
 * second half of the server's CPU time. So the thread rests between two wake-ups, longer for more deadlines:
 * 50 us up to 4,000 per second, 200 us at 15,000 (which saves a third of the engine's CPU time), 250 us from
 * 19,000 on. */
#define MIN_REST_NS (50 * WP_NS_PER_US)
#define MAX_REST_NS (250 * WP_NS_PER_US)
/* ns^2: the rest times the gap between two deadlines */
#define REST_TIMES_GAP (200 * WP_NS_PER_US * WP_NS_PER_S / 15000)
#define MAX_GAP_NS     WP_NS_PER_MS

/* If calls of wp_clock_fire_due() are at most this far apart, the thread rests longer. This halves the
 * engine's CPU time at 15,000 jobs per second. */
#define HELP_GAP_NS    (80 * WP_NS_PER_US)
#define HELPED_REST_NS (500 * WP_NS_PER_US)
#define GAP_WEIGHT     8 /* of the previous average, to 1 of the newest gap */

/* The thread gives up its real-time priority from 30,000 deadlines per second on, and takes it again below
 * 20,000. At such rates the machine is saturated: preempting other threads costs a tenth of the throughput
 * (measured with wrk), more than punctual timers are worth. */
#define CROWDED_GAP_NS (WP_NS_PER_S / 30000)
#define ROOMY_GAP_NS   (WP_NS_PER_S / 20000)

/* The key is copied, so that comparisons need not read the timers. A timer that was armed again for an
 * earlier time leaves a stale entry, whose key differs from the timer's. */
typedef struct {
  gint64 due_ns;
  WpTimer *timer;
} Entry;

/* A timerfd has no timer slack, and any thread can re-arm it without waking its reader. It is not armed for a
 * rest after which a timer is due anyway: a sleep is one system call instead of two, and is made outside the
 * lock (arming it under the lock blocked other threads and cost a fifth of the engine's CPU time). */
struct _WpClock {
  GThread *thread;
  int fd;
  GMutex mutex;
  GArray *heap;              /* guarded by mutex; the earliest first */
  gint64 armed_ns;           /* guarded by mutex: time for which the timerfd is set; G_MAXINT64: none */
  WpEarlyTimer early;        /* guarded by mutex */
  gint64 rest_until_ns;      /* guarded by mutex: no earlier wake-up than this */
  _Atomic gint64 first_ns;   /* written under mutex: the first deadline; G_MAXINT64: none */
  GMutex firing;             /* taken before mutex; held while timers fire, so that they fire in order */
  GPtrArray *due;            /* guarded by firing */
  guint n_fired;             /* guarded by firing: since the thread's last rest */
  gint n_helped;             /* atomic: calls of wp_clock_fire_due() since then */
  gint64 gap_ns;             /* used by the thread: moving average of the gap between two deadlines */
  gint64 rested_ns;          /* used by the thread: when its last rest began */
  WpRealtimeReview realtime; /* used by the thread */
  gboolean stopping;         /* guarded by mutex */
};

static void
set_fd (WpClock *self, gint64 due_ns)
{
  struct itimerspec spec = { .it_value = { due_ns / WP_NS_PER_S, due_ns % WP_NS_PER_S } };

  timerfd_settime (self->fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

/* Sets the timerfd early enough that the thread is awake at @due_ns. */
static void
set_early_locked (WpClock *self, gint64 due_ns)
{
  set_fd (self, wp_early_timer_set (&self->early, due_ns, wp_time_monotonic ()));
}

static Entry *
entry_locked (WpClock *self, guint slot)
{
  return &g_array_index (self->heap, Entry, slot);
}

static void
push_locked (WpClock *self, Entry entry)
{
  guint slot = self->heap->len;

  g_array_set_size (self->heap, slot + 1);
  while (slot > 0 && entry_locked (self, (slot - 1) / ARITY)->due_ns > entry.due_ns)
    {
      *entry_locked (self, slot) = *entry_locked (self, (slot - 1) / ARITY);
      slot = (slot - 1) / ARITY;
    }
  *entry_locked (self, slot) = entry;
}

static guint
least_child_locked (WpClock *self, guint slot)
{
  guint least = ARITY * slot + 1, end = MIN (least + ARITY, self->heap->len);

  for (guint child = least + 1; child < end; child++)
    if (entry_locked (self, child)->due_ns < entry_locked (self, least)->due_ns)
      least = child;
  return least;
}

static Entry
pop_locked (WpClock *self)
{
  Entry first = *entry_locked (self, 0), last = *entry_locked (self, self->heap->len - 1);
  guint slot = 0;

  g_array_set_size (self->heap, self->heap->len - 1);
  for (;;)
    {
      guint child = least_child_locked (self, slot);

      if (child >= self->heap->len || last.due_ns <= entry_locked (self, child)->due_ns)
        break;
      *entry_locked (self, slot) = *entry_locked (self, child);
      slot = child;
    }
  if (self->heap->len > 0)
    *entry_locked (self, slot) = last;

  return first;
}

static void
note_first_locked (WpClock *self)
{
  self->first_ns = self->heap->len > 0 ? entry_locked (self, 0)->due_ns : G_MAXINT64;
}

/* Takes up to TAKE_AT_ONCE timers that are due. */
static void
take_due (WpClock *self)
{
  gint64 now_ns = wp_time_monotonic ();
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  g_ptr_array_set_size (self->due, 0);
  while (self->due->len < TAKE_AT_ONCE && self->heap->len > 0 && entry_locked (self, 0)->due_ns <= now_ns
         && !self->stopping)
    {
      Entry entry = pop_locked (self);

      if (!entry.timer->armed || entry.timer->due_ns != entry.due_ns)
        continue;
      entry.timer->armed = FALSE;
      g_ptr_array_add (self->due, entry.timer);
    }
  note_first_locked (self);
}

/* Call it with @firing held. Returns: the number of timers that fired. */
static guint
fire_some (WpClock *self)
{
  take_due (self);
  wp_wakeup_batch_hold ();
  for (guint i = 0; i < self->due->len; i++)
    {
      WpTimer *timer = self->due->pdata[i];

      timer->fire (timer, timer->data);
    }
  wp_wakeup_batch_release ();
  self->n_fired += self->due->len;

  return self->due->len;
}

/* Returns: the number of timers that fired since the last call, also by wp_clock_fire_due(). */
static guint
fire_due (WpClock *self)
{
  guint n_fired;

  g_mutex_lock (&self->firing);
  while (fire_some (self) > 0)
    ;
  n_fired = self->n_fired;
  self->n_fired = 0;
  g_mutex_unlock (&self->firing);

  return n_fired;
}

void
wp_clock_fire_due (WpClock *self)
{
  g_atomic_int_inc (&self->n_helped);
  if (self->first_ns > wp_time_monotonic () || !g_mutex_trylock (&self->firing))
    return;
  fire_some (self);
  g_mutex_unlock (&self->firing);
}

static gint64
choose_rest (WpClock *self, guint n_fired, gint64 now_ns)
{
  gint64 passed_ns = now_ns - self->rested_ns, gap_ns = MIN (passed_ns / MAX (n_fired, 1), MAX_GAP_NS);
  gint n_helped = g_atomic_int_exchange (&self->n_helped, 0);

  self->gap_ns = MAX ((GAP_WEIGHT * self->gap_ns + gap_ns) / (GAP_WEIGHT + 1), 1);
  self->rested_ns = now_ns;
  if (n_helped * HELP_GAP_NS >= passed_ns)
    return HELPED_REST_NS;

  return CLAMP (REST_TIMES_GAP / self->gap_ns, MIN_REST_NS, MAX_REST_NS);
}

static void
sleep_until (gint64 moment_ns)
{
  struct timespec moment = { moment_ns / WP_NS_PER_S, moment_ns % WP_NS_PER_S };

  while (clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, NULL) == EINTR)
    ;
}

static void
await_fd (WpClock *self)
{
  guint64 expirations;

  if (read (self->fd, &expirations, sizeof expirations) < 0 && errno != EINTR)
    g_error ("timerfd: %s", g_strerror (errno));
}

/* The timerfd woke the thread, a little before the deadline. */
static void
await_armed (WpClock *self)
{
  gint64 due_ns;

  g_mutex_lock (&self->mutex);
  wp_early_timer_note_wakeup (&self->early, wp_time_monotonic ());
  due_ns = self->armed_ns;
  g_mutex_unlock (&self->mutex);

  wp_early_timer_spin_until (&self->early, due_ns);
}

/* Rests, and then waits until a timer is due. FALSE: the clock is stopping. */
static gboolean
await_due (WpClock *self, guint n_fired)
{
  gint64 now_ns = wp_time_monotonic (), rest_until_ns = now_ns + choose_rest (self, n_fired, now_ns), due_ns;
  gboolean stopping;

  wp_realtime_review_set_first (&self->realtime,
                                self->gap_ns > (self->realtime.is_first ? CROWDED_GAP_NS : ROOMY_GAP_NS));
  g_mutex_lock (&self->mutex);
  stopping = self->stopping;
  due_ns = self->heap->len > 0 ? entry_locked (self, 0)->due_ns : G_MAXINT64;
  self->rest_until_ns = rest_until_ns;
  self->armed_ns = MAX (due_ns, rest_until_ns);
  if (due_ns > rest_until_ns && due_ns != G_MAXINT64 && !stopping)
    set_early_locked (self, due_ns);
  g_mutex_unlock (&self->mutex);

  if (stopping)
    return FALSE;
  if (due_ns > rest_until_ns)
    {
      await_fd (self);
      await_armed (self);
    }
  else
    sleep_until (rest_until_ns);
  return TRUE;
}

static gpointer
run (gpointer data)
{
  WpClock *self = data;

  wp_realtime_review_init (&self->realtime, WP_REALTIME_CLOCK);
  prctl (PR_SET_TIMERSLACK, 1); /* the default is 50 us */
  while (await_due (self, fire_due (self)))
    ;
  return NULL;
}

WpClock *
wp_clock_new (GError **error)
{
  int fd = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC);
  WpClock *self;

  if (fd < 0)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_IO, "cannot create a timer: %s", g_strerror (errno));
      return NULL;
    }
  self = g_new0 (WpClock, 1);
  self->fd = fd;
  self->heap = g_array_new (FALSE, FALSE, sizeof (Entry));
  self->due = g_ptr_array_new ();
  self->first_ns = G_MAXINT64;
  self->armed_ns = G_MAXINT64;
  self->gap_ns = MAX_GAP_NS;
  wp_early_timer_init (&self->early, 0);
  g_mutex_init (&self->mutex);
  g_mutex_init (&self->firing);
  self->thread = g_thread_new ("wp-clock", run, self);

  return self;
}

void
wp_clock_free (WpClock *self)
{
  g_mutex_lock (&self->mutex);
  self->stopping = TRUE;
  set_fd (self, 1);
  g_mutex_unlock (&self->mutex);
  g_thread_join (self->thread);

  close (self->fd);
  g_array_unref (self->heap);
  g_ptr_array_unref (self->due);
  g_mutex_clear (&self->mutex);
  g_mutex_clear (&self->firing);
  g_free (self);
}

void
wp_clock_arm (WpClock *self, WpTimer *timer, gint64 due_ns)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  if (timer->armed && timer->due_ns <= due_ns)
    return;
  timer->armed = TRUE;
  timer->due_ns = due_ns;
  push_locked (self, (Entry){ due_ns, timer });
  note_first_locked (self);
  due_ns = MAX (due_ns, self->rest_until_ns);
  if (due_ns < self->armed_ns && !self->stopping)
    {
      self->armed_ns = due_ns;
      set_early_locked (self, due_ns);
    }
}
