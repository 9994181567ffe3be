#include "runtime/secure/wp-private-file.h"

#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-small-file.h"

static gboolean
is_private (const char *path, int fd, GError **error)
{
  struct stat status;

  if (fstat (fd, &status) == 0 && status.st_mode & (S_IROTH | S_IWOTH | S_IWGRP))
    g_set_error (error, WP_ERROR, WP_ERROR_IO, "%s: others can %s it (mode %04o); chmod 600 it", path,
                 status.st_mode & S_IROTH ? "read" : "write", status.st_mode & 07777);
  else
    return TRUE;
  return FALSE;
}

int
wp_private_file_open (const char *path, GError **error)
{
  int fd = wp_small_file_open (path, error);

  if (fd >= 0 && !is_private (path, fd, error))
    {
      close (fd);
      return -1;
    }
  return fd;
}
