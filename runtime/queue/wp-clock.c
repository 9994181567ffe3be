#include "runtime/queue/wp-clock.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-time.h"

#define ARITY 4
#define TAKE_AT_ONCE 256

/* Waking is dear (20 us of two processors' time on a virtual machine; at 100,000 deadlines a second it took half of all the time the
 * server had). So between two wake-ups the thread rests, for longer the more there was to do: 20,000 wake-ups a second at most, and
 * 5,000 at 150,000 deadlines. */
#define REST_NS (50 * WP_NS_PER_US)
#define REST_PER_TIMER_NS (5 * WP_NS_PER_US)
#define MAX_REST_NS (250 * WP_NS_PER_US)

/* The key is here too, so that the heap is compared without a look at the timers. A timer that was armed anew for an earlier moment has
 * left an entry behind: one whose key is not the timer's any more. */
typedef struct {
  gint64 due_ns;
  WpTimer *timer;
} Entry;

/* A timerfd has no timer slack and is re-armed from any thread without waking the one that waits on it. */
struct _WpClock {
  GThread *thread;
  int fd;
  GMutex mutex;
  GArray *heap;          /* guarded by mutex; the earliest first */
  gint64 armed_ns;       /* guarded by mutex: what the timerfd is set to; G_MAXINT64: nothing */
  gint64 rest_until_ns;  /* guarded by mutex: no earlier wake-up than this */
  gboolean stopping;     /* guarded by mutex */
};

static void
set_fd (WpClock *self, gint64 due_ns)
{
  struct itimerspec spec = { .it_value = { due_ns / WP_NS_PER_S, due_ns % WP_NS_PER_S } };

  timerfd_settime (self->fd, TFD_TIMER_ABSTIME, &spec, NULL);
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

/* Takes timers that are due; when there are no more, sets the timerfd for the next. @n_fired: since the thread woke. */
static void
take_due (WpClock *self, GPtrArray *due, guint n_fired)
{
  gint64 now_ns = wp_time_monotonic ();
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  while (due->len < TAKE_AT_ONCE && self->heap->len > 0 && entry_locked (self, 0)->due_ns <= now_ns)
    {
      Entry entry = pop_locked (self);

      if (!entry.timer->armed || entry.timer->due_ns != entry.due_ns)
        continue;
      entry.timer->armed = FALSE;
      g_ptr_array_add (due, entry.timer);
    }
  if (due->len > 0)
    return;

  self->rest_until_ns = now_ns + MIN (REST_NS + n_fired * REST_PER_TIMER_NS, MAX_REST_NS);
  self->armed_ns = self->heap->len > 0 ? MAX (entry_locked (self, 0)->due_ns, self->rest_until_ns) : G_MAXINT64;
  if (self->armed_ns != G_MAXINT64)
    set_fd (self, self->armed_ns);
}

static gboolean
is_stopping (WpClock *self)
{
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  return self->stopping;
}

static gpointer
run (gpointer data)
{
  WpClock *self = data;
  g_autoptr(GPtrArray) due = g_ptr_array_new ();

  while (!is_stopping (self))
    {
      guint64 expirations;
      guint n_fired = 0;

      if (read (self->fd, &expirations, sizeof expirations) < 0 && errno != EINTR)
        g_error ("timerfd: %s", g_strerror (errno));
      for (take_due (self, due, 0); due->len > 0 && !is_stopping (self); take_due (self, due, n_fired))
        {
          n_fired += due->len;
          for (guint i = 0; i < due->len; i++)
            {
              WpTimer *timer = due->pdata[i];

              timer->fire (timer, timer->data);
            }
          g_ptr_array_set_size (due, 0);
        }
    }
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
  self->armed_ns = G_MAXINT64;
  g_mutex_init (&self->mutex);
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
  g_mutex_clear (&self->mutex);
  g_free (self);
}

void
wp_clock_arm (WpClock *self, WpTimer *timer, gint64 due_ns)
{
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  if (timer->armed && timer->due_ns <= due_ns)
    return;
  timer->armed = TRUE;
  timer->due_ns = due_ns;
  push_locked (self, (Entry) { due_ns, timer });
  due_ns = MAX (due_ns, self->rest_until_ns);
  if (due_ns < self->armed_ns && !self->stopping)
    {
      self->armed_ns = due_ns;
      set_fd (self, due_ns);
    }
}
