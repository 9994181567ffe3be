#include "sim/base/wp-memory.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sim/base/wp-error.h"

#define LEAST_ROOM 64 /* elements */

/* "max" means no limit, and so does a file that cannot be read. */
static guint64
read_limit (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL), *text = NULL;
  guint64 bytes;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return G_MAXUINT64;
  return g_ascii_string_to_unsigned (g_strstrip (text), 10, 0, G_MAXUINT64, &bytes, NULL) ? bytes
                                                                                          : G_MAXUINT64;
}

static guint64
least_of (const char *folder)
{
  return MIN (MIN (read_limit (folder, "memory.max"), read_limit (folder, "memory.high")),
              read_limit (folder, "memory.limit_in_bytes"));
}

/* @group: "/system.slice/wp-server.service". A namespace may hide the group or those above it; the mount
 * shows the others. */
static guint64
least_up_to (const char *mount, const char *group)
{
  g_autofree char *folder = g_build_filename (mount, group, NULL);
  gsize mount_len = strlen (mount);
  guint64 bytes = least_of (mount);

  while (strlen (folder) > mount_len)
    {
      bytes = MIN (bytes, least_of (folder));
      *strrchr (folder, '/') = '\0';
    }
  return bytes;
}

static gboolean
has_memory (const char *controllers)
{
  g_auto (GStrv) names = g_strsplit (controllers, ",", -1);

  return g_strv_contains ((const char *const *) names, "memory");
}

/* "0::/group" is a line of version 2, "4:memory:/group" one of version 1. */
static guint64
least_of_line (const char *root, const char *line)
{
  static const char *const second[] = { "", "unified" }, *const first[] = { "memory" };
  g_auto (GStrv) words = g_strsplit (line, ":", 3);
  gboolean is_second = g_strv_length (words) == 3 && *words[1] == '\0';
  guint64 bytes = G_MAXUINT64;

  if (g_strv_length (words) < 3 || (!is_second && !has_memory (words[1])))
    return G_MAXUINT64;
  for (guint i = 0; i < (is_second ? G_N_ELEMENTS (second) : G_N_ELEMENTS (first)); i++)
    {
      g_autofree char *mount
          = g_build_filename (*root ? root : "/", "sys/fs/cgroup", is_second ? second[i] : first[i], NULL);

      bytes = MIN (bytes, least_up_to (mount, words[2]));
    }
  return bytes;
}

guint64
wp_control_group_memory_bytes (const char *root)
{
  g_autofree char *path = g_build_filename (*root ? root : "/", "proc/self/cgroup", NULL), *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint64 bytes = G_MAXUINT64;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return G_MAXUINT64;
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line; line++)
    bytes = MIN (bytes, least_of_line (root, *line));

  return bytes;
}

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
  return wp_fail (error, WP_ERROR_IO, "no memory for %" G_GSIZE_FORMAT " rows", n);
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
