#include "runtime/queue/wp-clock.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "sim/wp-error.h"
#include "sim/wp-time.h"

/* A timerfd has no timer slack and is re-armed from any thread without waking the one that waits on it. */
struct _WpClock {
  GThread *thread;
  int fd;
  GMutex mutex;
  GPtrArray *heap;       /* guarded by mutex; binary, the earliest first */
  gint64 armed_ns;       /* guarded by mutex: what the timerfd is set to; G_MAXINT64: nothing */
  gboolean stopping;     /* guarded by mutex */
};

static void
set_fd (WpClock *self, gint64 due_ns)
{
  struct itimerspec spec = { .it_value = { due_ns / WP_NS_PER_S, due_ns % WP_NS_PER_S } };

  timerfd_settime (self->fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void
place (WpClock *self, WpTimer *timer, guint slot)
{
  self->heap->pdata[slot] = timer;
  timer->slot = slot + 1;
}

static void
sift_up_locked (WpClock *self, guint slot)
{
  WpTimer *timer = self->heap->pdata[slot];

  while (slot > 0)
    {
      WpTimer *parent = self->heap->pdata[(slot - 1) / 2];

      if (parent->due_ns <= timer->due_ns)
        break;
      place (self, parent, slot);
      slot = (slot - 1) / 2;
    }
  place (self, timer, slot);
}

static void
sift_down_locked (WpClock *self, guint slot)
{
  WpTimer *timer = self->heap->pdata[slot];
  guint n = self->heap->len;

  for (;;)
    {
      guint child = 2 * slot + 1;
      WpTimer *least;

      if (child >= n)
        break;
      least = self->heap->pdata[child];
      if (child + 1 < n && ((WpTimer *) self->heap->pdata[child + 1])->due_ns < least->due_ns)
        least = self->heap->pdata[++child];
      if (timer->due_ns <= least->due_ns)
        break;
      place (self, least, slot);
      slot = child;
    }
  place (self, timer, slot);
}

static WpTimer *
pop_locked (WpClock *self)
{
  WpTimer *first = self->heap->pdata[0];
  WpTimer *last = g_ptr_array_steal_index_fast (self->heap, self->heap->len - 1);

  if (last != first)
    {
      self->heap->pdata[0] = last;
      sift_down_locked (self, 0);
    }
  first->slot = 0;

  return first;
}

/* Takes the timers that are due; sets the timerfd for the next. */
static void
take_due (WpClock *self, GPtrArray *due)
{
  gint64 now = wp_time_monotonic ();
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  while (self->heap->len > 0 && ((WpTimer *) self->heap->pdata[0])->due_ns <= now)
    g_ptr_array_add (due, pop_locked (self));

  self->armed_ns = self->heap->len > 0 ? ((WpTimer *) self->heap->pdata[0])->due_ns : G_MAXINT64;
  if (self->armed_ns != G_MAXINT64)
    set_fd (self, self->armed_ns);
}

static gboolean
is_stopping (WpClock *self)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

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

      if (read (self->fd, &expirations, sizeof expirations) < 0 && errno != EINTR)
        g_error ("timerfd: %s", g_strerror (errno));
      take_due (self, due);
      for (guint i = 0; i < due->len; i++)
        {
          WpTimer *timer = due->pdata[i];

          timer->fire (timer, timer->data);
        }
      g_ptr_array_set_size (due, 0);
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
  self->heap = g_ptr_array_new ();
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
  g_ptr_array_unref (self->heap);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

void
wp_clock_arm (WpClock *self, WpTimer *timer, gint64 due_ns)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  if (timer->slot != 0 && timer->due_ns <= due_ns)
    return;
  timer->due_ns = due_ns;
  if (timer->slot == 0)
    {
      g_ptr_array_add (self->heap, timer);
      timer->slot = self->heap->len;
    }
  sift_up_locked (self, timer->slot - 1);
  if (due_ns < self->armed_ns && !self->stopping)
    {
      self->armed_ns = due_ns;
      set_fd (self, MAX (due_ns, 1));
    }
}
