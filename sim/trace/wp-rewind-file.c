#include "sim/trace/wp-rewind-file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "sim/base/wp-error.h"

static int
open_unlinked (void)
{
  g_autofree char *name = NULL;
  int fd = open (g_get_tmp_dir (), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

  if (fd >= 0)
    return fd;
  name = g_build_filename (g_get_tmp_dir (), "wp-XXXXXX", NULL);
  fd = g_mkstemp_full (name, O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0)
    unlink (name);

  return fd;
}

void
wp_rewind_file_open (WpRewindFile *self)
{
  self->fd = open_unlinked ();
  if (self->fd < 0)
    self->error = errno;
}

void
wp_rewind_file_close (WpRewindFile *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

void
wp_rewind_file_keep (WpRewindFile *self, const char *buffer, gsize size)
{
  for (gsize at = 0; at < size && self->fd >= 0;)
    {
      gssize n = pwrite (self->fd, buffer + at, size - at, self->bytes);

      if (n > 0)
        {
          at += (gsize) n;
          self->bytes += n;
        }
      else if (errno != EINTR)
        {
          self->error = errno;
          close (self->fd);
          self->fd = -1;
        }
    }
  self->at = self->bytes;
}

gboolean
wp_rewind_file_has_more (const WpRewindFile *self)
{
  return self->at < self->bytes;
}

gssize
wp_rewind_file_read (WpRewindFile *self, char *buffer, gsize size, GError **error)
{
  gssize n;

  do
    n = pread (self->fd, buffer, MIN (size, (gsize) (self->bytes - self->at)), self->at);
  while (n < 0 && errno == EINTR);
  if (n <= 0)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_IO, "reading it again: %s", g_strerror (n < 0 ? errno : EIO));
      return -1;
    }
  self->at += n;

  return n;
}

gboolean
wp_rewind_file_rewind (WpRewindFile *self, const char *name, GError **error)
{
  if (self->error != 0)
    return wp_fail (error, WP_ERROR_IO, "%s: cannot keep the bytes read so far in %s: %s", name,
                    g_get_tmp_dir (), g_strerror (self->error));
  self->at = 0;

  return TRUE;
}
