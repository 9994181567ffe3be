#include "sim/base/wp-small-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/wp-error.h"

#define MAX_BYTES (1 << 20)

static gboolean
is_small_file (int fd, const char *path, GError **error)
{
  struct stat status;

  if (fstat (fd, &status) < 0 || !S_ISREG (status.st_mode))
    return wp_fail (error, WP_ERROR_IO, "%s: not a regular file", path);
  return status.st_size <= MAX_BYTES || wp_fail (error, WP_ERROR_IO, "%s: larger than 1 MiB", path);
}

/* O_NONBLOCK, or opening a FIFO would block. */
int
wp_small_file_open (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  if (fd < 0)
    g_set_error (error, WP_ERROR, WP_ERROR_IO, "%s: %s", path, g_strerror (errno));
  else if (!is_small_file (fd, path, error))
    {
      close (fd);
      return -1;
    }
  return fd;
}

gboolean
wp_small_file_check (const char *path, GError **error)
{
  int fd = wp_small_file_open (path, error);

  if (fd >= 0)
    close (fd);
  return fd >= 0;
}

/* Returns: -1 with errno */
static gssize
read_all (int fd, char *text, gsize size)
{
  gsize n = 0;
  gssize more;

  while ((more = read (fd, text + n, size - n)) > 0)
    n += (gsize) more;
  return more < 0 ? -1 : (gssize) n;
}

char *
wp_small_file_read (int fd, const char *path, GError **error)
{
  g_autofree char *text = g_malloc0 (MAX_BYTES + 2);
  gssize n = read_all (fd, text, MAX_BYTES + 1);
  int reason = errno;

  close (fd);
  if (n < 0)
    g_set_error (error, WP_ERROR, WP_ERROR_IO, "%s: %s", path, g_strerror (reason));
  else if (n > MAX_BYTES)
    g_set_error (error, WP_ERROR, WP_ERROR_IO, "%s: larger than 1 MiB", path);
  else if (strlen (text) != (gsize) n)
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "%s: not a text file", path);
  else
    return g_steal_pointer (&text);
  return NULL;
}
