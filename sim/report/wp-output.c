#include "sim/report/wp-output.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-interrupt.h"

struct _WpOutput {
  char *path;        /* as typed */
  int fd;
  int stream;        /* copied to on commit; -1 for a plain file */
  char *target;      /* of a plain file, links resolved */
  char *temporary;   /* beside it; NULL once it is renamed */
  int slot;          /* of wp_interrupt_remember() */
};

static gboolean
fail (const WpOutput *self, int reason, GError **error)
{
  g_set_error (error, WP_ERROR, WP_ERROR_IO, "%s: %s", self->path, g_strerror (reason));

  return FALSE;
}

static gboolean
open_stream (WpOutput *self, GError **error)
{
  g_autofree char *name = NULL;

  if (g_str_equal (self->path, "-"))
    self->stream = fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
  else
    self->stream = g_open (self->path, O_WRONLY | O_CLOEXEC, 0);
  if (self->stream < 0)
    return fail (self, errno, error);
  self->fd = g_file_open_tmp ("wp-sim-XXXXXX", &name, error);
  if (self->fd < 0)
    return FALSE;
  g_unlink (name);

  return TRUE;
}

static gboolean
open_beside (WpOutput *self, const struct stat *existing, GError **error)
{
  g_autofree char *folder = NULL;
  g_autofree char *name = NULL;
  char *resolved = existing ? realpath (self->path, NULL) : NULL;

  self->target = g_strdup (resolved ? resolved : self->path);
  free (resolved);
  folder = g_path_get_dirname (self->target);
  name = g_path_get_basename (self->target);
  self->temporary = g_strdup_printf ("%s/.%s.XXXXXX", folder, name);
  self->fd = g_mkstemp_full (self->temporary, O_RDWR | O_CLOEXEC, 0666);   /* less the umask */
  if (self->fd < 0)
    {
      g_clear_pointer (&self->temporary, g_free);
      return fail (self, errno, error);
    }
  self->slot = wp_interrupt_remember (self->temporary);
  if (existing && fchmod (self->fd, existing->st_mode & 07777) != 0)
    return fail (self, errno, error);

  return TRUE;
}

WpOutput *
wp_output_new (const char *path, GError **error)
{
  g_autoptr(WpOutput) self = g_new0 (WpOutput, 1);
  struct stat status;
  gboolean exists;

  self->path = g_strdup (path);
  self->fd = self->stream = self->slot = -1;
  exists = !g_str_equal (path, "-") && stat (path, &status) == 0;
  if (exists && S_ISDIR (status.st_mode))
    {
      fail (self, EISDIR, error);
      return NULL;
    }
  if (g_str_equal (path, "-") || (exists && !S_ISREG (status.st_mode)) ? !open_stream (self, error)
      : !open_beside (self, exists ? &status : NULL, error))
    return NULL;

  return g_steal_pointer (&self);
}

void
wp_output_free (WpOutput *self)
{
  if (self->temporary)
    g_unlink (self->temporary);
  wp_interrupt_forget (self->slot);
  if (self->fd >= 0)
    close (self->fd);
  if (self->stream >= 0)
    close (self->stream);
  g_free (self->path);
  g_free (self->target);
  g_free (self->temporary);
  g_free (self);
}

int
wp_output_fd (const WpOutput *self)
{
  return self->fd;
}

static gboolean
write_all (WpOutput *self, int fd, const char *data, gsize length, GError **error)
{
  while (length > 0)
    {
      gssize written = write (fd, data, length);

      if (written < 0 && errno != EINTR)
        return fail (self, errno, error);
      if (written > 0)
        {
          data += written;
          length -= (gsize) written;
        }
    }

  return TRUE;
}

gboolean
wp_output_write (WpOutput *self, const char *data, gsize length, GError **error)
{
  return write_all (self, self->fd, data, length, error);
}

gboolean
wp_output_restart (WpOutput *self, GError **error)
{
  if (ftruncate (self->fd, 0) != 0 || lseek (self->fd, 0, SEEK_SET) < 0)
    return fail (self, errno, error);

  return TRUE;
}

static gboolean
copy_to_stream (WpOutput *self, GError **error)
{
  char buffer[64 * 1024];
  gssize length;

  if (lseek (self->fd, 0, SEEK_SET) < 0)
    return fail (self, errno, error);
  while ((length = read (self->fd, buffer, sizeof buffer)) > 0)
    if (!write_all (self, self->stream, buffer, (gsize) length, error))
      return FALSE;
  if (length < 0)
    return fail (self, errno, error);

  return TRUE;
}

gboolean
wp_output_commit (WpOutput *self, GError **error)
{
  if (self->stream >= 0)
    return copy_to_stream (self, error);
  if (!g_close (g_steal_fd (&self->fd), error))   /* some file systems tell of a full disk only here */
    {
      g_prefix_error (error, "%s: ", self->path);
      return FALSE;
    }
  if (g_rename (self->temporary, self->target) != 0)
    return fail (self, errno, error);
  g_clear_pointer (&self->temporary, g_free);
  wp_interrupt_forget (self->slot);
  self->slot = -1;

  return TRUE;
}

const char *
wp_output_path (const WpOutput *self)
{
  return self->path;
}
