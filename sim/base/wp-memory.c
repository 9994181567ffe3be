#include "sim/base/wp-memory.h"

#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sim/base/wp-control-group.h"
#include "sim/base/wp-error.h"

#define LEAST_ROOM 64 /* elements */
/* Smaller blocks gain nothing: a large page counts as 2 MB at its first use. */
#define MANY_BYTES (8 * 1024 * 1024)

void
wp_memory_use_large_pages (gpointer memory, gsize bytes)
{
#ifdef MADV_HUGEPAGE
  uintptr_t page = (uintptr_t) sysconf (_SC_PAGESIZE);
  /* Whole pages, with the allocator's header: a mapping that is split cannot grow in place. */
  uintptr_t begin = (uintptr_t) memory / page * page;
  uintptr_t end = ((uintptr_t) memory + bytes + page - 1) / page * page;

  if (bytes >= MANY_BYTES)
    /* advice only: a failure is harmless */
    (void) madvise ((gpointer) begin, end - begin, MADV_HUGEPAGE);
#endif
}

gboolean
wp_memory_fail (gsize n, GError **error)
{
  g_set_error (error, WP_ERROR, WP_ERROR_IO, "no memory for %" G_GSIZE_FORMAT " rows", n);
  return FALSE;
}

gboolean
wp_memory_grow (gpointer memory, gsize *room, gsize n, gsize size, GError **error)
{
  gsize more = MAX (MAX (n, *room * 2), LEAST_ROOM);
  gpointer grown;

  if (n <= *room)
    return TRUE;
  grown = g_try_realloc_n (*(gpointer *) memory, more, size);
  if (!grown)
    return wp_memory_fail (n, error);
  *(gpointer *) memory = grown;
  *room = more;

  return TRUE;
}

guint64
wp_memory_available (void)
{
  guint64 machine = (guint64) sysconf (_SC_PHYS_PAGES) * (guint64) sysconf (_SC_PAGESIZE);
  guint64 bytes = MIN (machine, wp_control_group_memory_bytes (""));
  struct rlimit limit;

  if (getrlimit (RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    bytes = MIN (bytes, limit.rlim_cur);

  return bytes;
}
