#include "runtime/server/wp-resources.h"

#include <malloc.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-memory.h"

#define MB          (G_GUINT64_CONSTANT (1) << 20)
#define STACK_BYTES (8 * MB)  /* of a thread, if RLIMIT_STACK is unlimited */
#define OWN_BYTES   (48 * MB) /* heap, caches, and libraries that are loaded later */
#define LEAST_BYTES (16 * MB) /* minimum for requests */

guint64
wp_resources_raise_files (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
    return 1024;
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  getrlimit (RLIMIT_NOFILE, &limit);

  return MIN (limit.rlim_cur, G_MAXINT);
}

/* Keeps all threads alive until the last has started. */
typedef struct {
  GMutex mutex;
  GCond changed;
  gboolean open; /* guarded by mutex */
} Barrier;

static gpointer
wait_at_barrier (gpointer data)
{
  Barrier *self = data;
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  while (!self->open)
    g_cond_wait (&self->changed, &self->mutex);
  return NULL;
}

static void
open_barrier (Barrier *self, GPtrArray *threads)
{
  g_mutex_lock (&self->mutex);
  self->open = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (threads->pdata[i]);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
}

gboolean
wp_resources_try_threads (guint n, GError **error)
{
  Barrier barrier = { .open = FALSE };
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  g_autoptr (GError) reason = NULL;

  g_mutex_init (&barrier.mutex);
  g_cond_init (&barrier.changed);
  while (threads->len < n && !reason)
    {
      GThread *thread = g_thread_try_new ("wp-try", wait_at_barrier, &barrier, &reason);

      if (thread)
        g_ptr_array_add (threads, thread);
    }
  open_barrier (&barrier, threads);
  if (threads->len == n)
    return TRUE;
  return wp_fail (error, WP_ERROR_IO,
                  "%u threads are needed, and the system allows %u (see prlimit(1), --nproc and --as): %s", n,
                  threads->len, reason->message);
}

static guint64
limit_of (int resource, guint64 otherwise)
{
  struct rlimit limit;

  return getrlimit (resource, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY ? otherwise : limit.rlim_cur;
}

/* Address space that the process uses now. */
static guint64
used_bytes (void)
{
  g_autofree char *text = NULL;
  guint64 pages;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL)
      || sscanf (text, "%" G_GUINT64_FORMAT, &pages) != 1)
    return OWN_BYTES;
  return pages * (guint64) sysconf (_SC_PAGESIZE);
}

gboolean
wp_resources_find_memory (guint n_threads, guint64 *bytes, GError **error)
{
  guint64 limit = limit_of (RLIMIT_AS, G_MAXUINT64);
  guint64 own = used_bytes () + OWN_BYTES + n_threads * limit_of (RLIMIT_STACK, STACK_BYTES),
          left = limit - MIN (own, limit);

  *bytes = wp_memory_available ();
  if (limit == G_MAXUINT64)
    return TRUE;
  mallopt (M_ARENA_MAX, 1);
  *bytes = MIN (*bytes, left);
  if (left >= LEAST_BYTES)
    return TRUE;
  return wp_fail (error, WP_ERROR_IO,
                  "the limit of address space, %" G_GUINT64_FORMAT
                  " MB, is too low: %u threads and the minimum "
                  "for requests need %" G_GUINT64_FORMAT " MB (see prlimit(1), --as)",
                  limit / MB, n_threads, (own + LEAST_BYTES) / MB + 1);
}
