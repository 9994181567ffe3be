#include "runtime/secure/wp-private-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/wp-error.h"

static gboolean
is_private (const char *path, int fd, GError **error)
{
  struct stat status;

  if (fstat (fd, &status) < 0 || !S_ISREG (status.st_mode))
    g_set_error (error, WP_ERROR, WP_ERROR_IO, "%s: not a regular file", path);
  else if (status.st_mode & (S_IROTH | S_IWOTH | S_IWGRP))
    g_set_error (error, WP_ERROR, WP_ERROR_IO, "%s: others can %s it (mode %04o); chmod 600 it", path,
                 status.st_mode & S_IROTH ? "read" : "write", status.st_mode & 07777);
  else
    return TRUE;
  return FALSE;
}

/* O_NONBLOCK, or opening a FIFO would block. */
int
wp_private_file_open (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  if (fd < 0)
    g_set_error (error, WP_ERROR, WP_ERROR_IO, "%s: %s", path, g_strerror (errno));
  else if (!is_private (path, fd, error))
    {
      close (fd);
      return -1;
    }
  return fd;
}
