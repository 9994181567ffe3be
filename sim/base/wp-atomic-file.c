#include "sim/base/wp-atomic-file.h"

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

struct _WpAtomicFile {
  char *path; /* for messages: as typed, or "standard output" */
  int fd;
  int stream;      /* copied to on commit; -1 for a plain file */
  char *target;    /* of a plain file, links resolved */
  char *temporary; /* beside it; NULL once it is renamed */
  int slot;        /* of wp_interrupt_add_file() */
};

gboolean
wp_atomic_file_fail (const WpAtomicFile *self, int reason, GError **error)
{
  return wp_fail (error, WP_ERROR_IO, "%s: cannot write: %s", self->path, g_strerror (reason));
}

static gboolean
open_stream (WpAtomicFile *self, gboolean is_stdout, GError **error)
{
  g_autofree char *name = NULL;

  if (is_stdout)
    self->stream = fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
  else
    self->stream = g_open (self->path, O_WRONLY | O_CLOEXEC, 0);
  if (self->stream < 0)
    return wp_atomic_file_fail (self, errno, error);
  self->fd = g_file_open_tmp ("wp-XXXXXX", &name, error);
  if (self->fd < 0)
    return FALSE;
  g_unlink (name);

  return TRUE;
}

static gboolean
open_beside (WpAtomicFile *self, const struct stat *existing, gboolean is_private, GError **error)
{
  g_autofree char *folder = NULL;
  g_autofree char *name = NULL;
  char *resolved;

  if (existing && access (self->path, W_OK) != 0)
    return wp_atomic_file_fail (self, errno, error);
  resolved = existing ? realpath (self->path, NULL) : NULL;
  self->target = g_strdup (resolved ? resolved : self->path);
  free (resolved);
  folder = g_path_get_dirname (self->target);
  name = g_path_get_basename (self->target);
  self->temporary = g_strdup_printf ("%s/.%s.XXXXXX", folder, name);
  /* less the umask */
  self->fd = g_mkstemp_full (self->temporary, O_RDWR | O_CLOEXEC, is_private ? 0600 : 0666);
  if (self->fd < 0)
    {
      g_clear_pointer (&self->temporary, g_free);
      return wp_atomic_file_fail (self, errno, error);
    }
  self->slot = wp_interrupt_add_file (self->temporary);
  if ((existing || is_private) && fchmod (self->fd, existing ? existing->st_mode & 07777 : 0600) != 0)
    return wp_atomic_file_fail (self, errno, error);

  return TRUE;
}

WpAtomicFile *
wp_atomic_file_new (const char *path, gboolean is_private, GError **error)
{
  g_autoptr (WpAtomicFile) self = g_new0 (WpAtomicFile, 1);
  gboolean is_stdout = g_str_equal (path, "-"), is_open;
  struct stat status;
  gboolean exists = !is_stdout && stat (path, &status) == 0;

  self->path = g_strdup (is_stdout ? "standard output" : path);
  self->fd = self->stream = self->slot = -1;
  if (exists && S_ISDIR (status.st_mode))
    is_open = wp_atomic_file_fail (self, EISDIR, error);
  else if (is_stdout || (exists && !S_ISREG (status.st_mode)))
    is_open = open_stream (self, is_stdout, error);
  else
    is_open = open_beside (self, exists ? &status : NULL, is_private, error);

  return is_open ? g_steal_pointer (&self) : NULL;
}

void
wp_atomic_file_free (WpAtomicFile *self)
{
  if (self->temporary)
    g_unlink (self->temporary);
  wp_interrupt_remove_file (self->slot);
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
wp_atomic_file_fd (const WpAtomicFile *self)
{
  return self->fd;
}

static gboolean
write_all (WpAtomicFile *self, int fd, const char *data, gsize length, GError **error)
{
  while (length > 0)
    {
      gssize written = write (fd, data, length);

      if (written < 0 && errno != EINTR)
        return wp_atomic_file_fail (self, errno, error);
      if (written > 0)
        {
          data += written;
          length -= (gsize) written;
        }
    }

  return TRUE;
}

gboolean
wp_atomic_file_write (WpAtomicFile *self, const char *data, gsize length, GError **error)
{
  return write_all (self, self->fd, data, length, error);
}

gboolean
wp_atomic_file_restart (WpAtomicFile *self, GError **error)
{
  if (ftruncate (self->fd, 0) != 0 || lseek (self->fd, 0, SEEK_SET) < 0)
    return wp_atomic_file_fail (self, errno, error);

  return TRUE;
}

static gboolean
copy_to_stream (WpAtomicFile *self, GError **error)
{
  char buffer[64 * 1024];
  gssize length;

  if (lseek (self->fd, 0, SEEK_SET) < 0)
    return wp_atomic_file_fail (self, errno, error);
  while ((length = read (self->fd, buffer, sizeof buffer)) > 0)
    if (!write_all (self, self->stream, buffer, (gsize) length, error))
      return FALSE;
  if (length < 0)
    return wp_atomic_file_fail (self, errno, error);

  return TRUE;
}

gboolean
wp_atomic_file_commit (WpAtomicFile *self, GError **error)
{
  if (self->stream >= 0)
    return copy_to_stream (self, error);
  if (!g_close (g_steal_fd (&self->fd), error)) /* some file systems report a full disk only here */
    {
      g_prefix_error (error, "%s: ", self->path);
      return FALSE;
    }
  if (g_rename (self->temporary, self->target) != 0)
    return wp_atomic_file_fail (self, errno, error);
  g_clear_pointer (&self->temporary, g_free);
  wp_interrupt_remove_file (self->slot);
  self->slot = -1;

  return TRUE;
}

const char *
wp_atomic_file_path (const WpAtomicFile *self)
{
  return self->path;
}
