/* thread-sanitizer.c - what TSan cannot see of a GLib that was not built with it: that its locks order what
 * their holders do. Linked into each test of a build with -Db_sanitize=thread; our calls come here, do what
 * they would have done, and say so. What GLib does inside itself stays unseen, but for its queues, thread
 * pools and sources; see tsan-suppressions. */
#include <dlfcn.h>
#include <glib.h>

/* Of gcc's and clang's libtsan (sanitizer/tsan_interface.h). */
void __tsan_acquire (void *address);
void __tsan_release (void *address);

#undef g_mutex_lock
#undef g_mutex_trylock
#undef g_mutex_unlock

static struct {
  typeof (g_mutex_lock) *lock, *unlock;
  typeof (g_mutex_trylock) *trylock;
  typeof (g_cond_wait) *wait;
  typeof (g_cond_wait_until) *wait_until;
  typeof (g_async_queue_push) *queue_push;
  typeof (g_async_queue_try_pop) *queue_pop, *queue_try_pop;
  typeof (g_async_queue_lock) *queue_lock, *queue_unlock;
  typeof (g_thread_pool_new) *pool_new;
  typeof (g_thread_pool_push) *pool_push;
  typeof (g_thread_pool_free) *pool_free;
  typeof (g_source_set_callback) *set_callback;
} real;

#define FIND(field, name) real.field = (typeof (real.field)) dlsym (RTLD_NEXT, #name)

/* Before main(), and so before any thread. The constructors of libraries that GLib's own use come earlier
 * still, where the program exports these. */
__attribute__ ((constructor)) static void
find_real (void)
{
  if (real.lock)
    return;
  FIND (lock, g_mutex_lock);
  FIND (unlock, g_mutex_unlock);
  FIND (trylock, g_mutex_trylock);
  FIND (wait, g_cond_wait);
  FIND (wait_until, g_cond_wait_until);
  FIND (queue_push, g_async_queue_push);
  FIND (queue_pop, g_async_queue_pop);
  FIND (queue_try_pop, g_async_queue_try_pop);
  FIND (queue_lock, g_async_queue_lock);
  FIND (queue_unlock, g_async_queue_unlock);
  FIND (pool_new, g_thread_pool_new);
  FIND (pool_push, g_thread_pool_push);
  FIND (pool_free, g_thread_pool_free);
  FIND (set_callback, g_source_set_callback);
}

void
g_mutex_lock (GMutex *mutex)
{
  find_real ();
  real.lock (mutex);
  __tsan_acquire (mutex);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  gboolean locked;

  find_real ();
  locked = real.trylock (mutex);
  if (locked)
    __tsan_acquire (mutex);
  return locked;
}

void
g_mutex_unlock (GMutex *mutex)
{
  __tsan_release (mutex);
  real.unlock (mutex);
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  __tsan_release (mutex);
  real.wait (cond, mutex);
  __tsan_acquire (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  gboolean signalled;

  __tsan_release (mutex);
  signalled = real.wait_until (cond, mutex, end_time);
  __tsan_acquire (mutex);

  return signalled;
}

/* Queues have their mutex within. */

void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  __tsan_release (queue);
  real.queue_push (queue, data);
  __tsan_acquire (queue);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  gpointer data;

  __tsan_release (queue);
  data = real.queue_pop (queue);
  __tsan_acquire (queue);

  return data;
}

gpointer
g_async_queue_try_pop (GAsyncQueue *queue)
{
  gpointer data;

  __tsan_release (queue);
  data = real.queue_try_pop (queue);
  __tsan_acquire (queue);

  return data;
}

void
g_async_queue_lock (GAsyncQueue *queue)
{
  real.queue_lock (queue);
  __tsan_acquire (queue);
}

void
g_async_queue_unlock (GAsyncQueue *queue)
{
  __tsan_release (queue);
  real.queue_unlock (queue);
}

/* A task begins after it was pushed, and its pool is freed after it has ended. */
typedef struct {
  GFunc func;
  gpointer data;
} Work;

static void
work (gpointer task, gpointer data)
{
  const Work *self = data;

  __tsan_acquire (data);
  self->func (task, self->data);
  __tsan_release (data);
}

GThreadPool *
g_thread_pool_new (GFunc func, gpointer data, gint max_threads, gboolean exclusive, GError **error)
{
  Work *self = g_new (Work, 1); /* lives as long as the program */

  *self = (Work){ func, data };
  return real.pool_new (work, self, max_threads, exclusive, error);
}

/* The pool itself is freed by its last thread, of which we see nothing. */
__attribute__ ((no_sanitize ("thread"))) gboolean
g_thread_pool_push (GThreadPool *pool, gpointer data, GError **error)
{
  __tsan_release (pool->user_data);
  return real.pool_push (pool, data, error);
}

__attribute__ ((no_sanitize ("thread"))) void
g_thread_pool_free (GThreadPool *pool, gboolean immediate, gboolean wait)
{
  gpointer data = pool->user_data;

  real.pool_free (pool, immediate, wait);
  __tsan_acquire (data);
}

/* An idle or timeout source runs after it was attached to the context of another thread. Other sources
 * are attached by the thread that serves them, or before it runs. */
typedef struct {
  GSourceFunc func;
  gpointer data;
  GDestroyNotify notify;
} Call;

static gboolean
call (gpointer data)
{
  const Call *self = data;

  __tsan_acquire (data);
  return self->func (self->data);
}

static void
call_free (gpointer data)
{
  Call *self = data;

  __tsan_acquire (data);
  if (self->notify)
    self->notify (self->data);
  g_free (self);
}

void
g_source_set_callback (GSource *source, GSourceFunc func, gpointer data, GDestroyNotify notify)
{
  Call *self;

  find_real ();
  if (source->source_funcs != &g_idle_funcs && source->source_funcs != &g_timeout_funcs)
    {
      real.set_callback (source, func, data, notify);
      return;
    }
  self = g_new (Call, 1);
  *self = (Call){ func, data, notify };
  __tsan_release (self);
  real.set_callback (source, call, self, call_free);
}
