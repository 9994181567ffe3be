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

/* Waking is dear (20 us of two processors' time on a virtual machine; at 100,000 deadlines a second it took
 * half of all the time the server had). So between two wake-ups the thread rests, for longer the closer the
 * deadlines lie: 50 us up to 4,000 a second, 200 us at 15,000 (which takes a third off the CPU of the
 * engine), 250 us from 19,000 on. */
#define MIN_REST_NS (50 * WP_NS_PER_US)
#define MAX_REST_NS (250 * WP_NS_PER_US)
/* ns^2: rest times the time between two deadlines */
#define REST_TIMES_GAP (200 * WP_NS_PER_US * WP_NS_PER_S / 15000)
#define MAX_GAP_NS     WP_NS_PER_MS

/* So often somebody helps that the clock's thread may rest longer. It halves the engine's CPU at 15,000 jobs
 * a second. */
#define HELP_GAP_NS    (80 * WP_NS_PER_US)
#define HELPED_REST_NS (500 * WP_NS_PER_US)
#define GAP_WEIGHT     8 /* of the average that came before, to 1 of the newest */

/* From 30,000 deadlines a second on the clock no longer goes before other work, down to 20,000: then
 * something is saturated, and each time that it takes a processor away costs more (a tenth of wrk's
 * requests/s) than its lateness matters. */
#define CROWDED_GAP_NS (WP_NS_PER_S / 30000)
#define ROOMY_GAP_NS   (WP_NS_PER_S / 20000)

/* The key is here too, so that the heap is compared without a look at the timers. A timer that was armed anew
 * for an earlier moment has left an entry behind: one whose key is not the timer's any more. */
typedef struct {
  gint64 due_ns;
  WpTimer *timer;
} Entry;

/* A timerfd has no timer slack and is re-armed from any thread without waking the one that waits on it. For a
 * rest after which something is due there is no need to arm it: to sleep is one system call instead of two,
 * and none of them is made under the lock (which had the threads that arm timers wait for it, and cost a
 * fifth of the engine's CPU). */
struct _WpClock {
  GThread *thread;
  int fd;
  GMutex mutex;
  GArray *heap;            /* guarded by mutex; the earliest first */
  gint64 armed_ns;         /* guarded by mutex: what the timerfd is set to; G_MAXINT64: nothing */
  WpEarlyTimer alarm;      /* guarded by mutex */
  gint64 rest_until_ns;    /* guarded by mutex: no earlier wake-up than this */
  _Atomic gint64 first_ns; /* written under mutex: when the first is due; G_MAXINT64: nothing is */
  GMutex firing;           /* taken before mutex, and held by the one who fires, so that all fire in order */
  GPtrArray *due;          /* guarded by firing */
  guint n_fired;           /* guarded by firing: since the thread last looked */
  gint n_helped;           /* atomic: calls of help since then */
  gint64 gap_ns;           /* the thread's: average time between two deadlines of late */
  gint64 looked_ns;        /* the thread's: when it last found that no more were due */
  WpRealtimeReview promptness; /* the thread's */
  gboolean stopping;           /* guarded by mutex */
};

static void
set_fd (WpClock *self, gint64 due_ns)
{
  struct itimerspec spec = { .it_value = { due_ns / WP_NS_PER_S, due_ns % WP_NS_PER_S } };

  timerfd_settime (self->fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

/* So that the thread is awake at @due_ns. */
static void
set_alarm_locked (WpClock *self, gint64 due_ns)
{
  set_fd (self, wp_early_timer_set (&self->alarm, due_ns, wp_time_monotonic ()));
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

/* Takes timers that are due, TAKE_AT_ONCE at most. */
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

/* Holding firing. Returns how many. */
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

/* Returns how many have been fired since the last call, by helpers too. */
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
wp_clock_help (WpClock *self)
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
  gint64 passed_ns = now_ns - self->looked_ns, gap_ns = MIN (passed_ns / MAX (n_fired, 1), MAX_GAP_NS);
  gint n_helped = g_atomic_int_exchange (&self->n_helped, 0);

  self->gap_ns = MAX ((GAP_WEIGHT * self->gap_ns + gap_ns) / (GAP_WEIGHT + 1), 1);
  self->looked_ns = now_ns;
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

/* The alarm woke the thread, a little before what it was set for. */
static void
await_armed (WpClock *self)
{
  gint64 due_ns;

  g_mutex_lock (&self->mutex);
  wp_early_timer_woke (&self->alarm, wp_time_monotonic ());
  due_ns = self->armed_ns;
  g_mutex_unlock (&self->mutex);

  wp_early_timer_await (&self->alarm, due_ns);
}

/* Rests, and then until something is due. FALSE: the clock is stopping. */
static gboolean
await_due (WpClock *self, guint n_fired)
{
  gint64 now_ns = wp_time_monotonic (), rest_until_ns = now_ns + choose_rest (self, n_fired, now_ns), due_ns;
  gboolean stopping;

  wp_realtime_review_set (&self->promptness,
                          self->gap_ns > (self->promptness.is_first ? CROWDED_GAP_NS : ROOMY_GAP_NS));
  g_mutex_lock (&self->mutex);
  stopping = self->stopping;
  due_ns = self->heap->len > 0 ? entry_locked (self, 0)->due_ns : G_MAXINT64;
  self->rest_until_ns = rest_until_ns;
  self->armed_ns = MAX (due_ns, rest_until_ns);
  if (due_ns > rest_until_ns && due_ns != G_MAXINT64 && !stopping)
    set_alarm_locked (self, due_ns);
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

  wp_realtime_review_begin (&self->promptness, WP_REALTIME_CLOCK);
  prctl (PR_SET_TIMERSLACK, 1); /* of 50 us, else */
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
      g_set_error (error, WP_ERROR, WP_ERROR_IO, "cannot make a timer: %s", g_strerror (errno));
      return NULL;
    }
  self = g_new0 (WpClock, 1);
  self->fd = fd;
  self->heap = g_array_new (FALSE, FALSE, sizeof (Entry));
  self->due = g_ptr_array_new ();
  self->first_ns = G_MAXINT64;
  self->armed_ns = G_MAXINT64;
  self->gap_ns = MAX_GAP_NS;
  wp_early_timer_init (&self->alarm, 0);
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
      set_alarm_locked (self, due_ns);
    }
}
