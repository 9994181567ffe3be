#include "runtime/http/wp-socket-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "sim/base/wp-error.h"

struct _WpSocketFile {
  char *path;
  int file_fd; /* of the file itself (O_PATH): while it is open, its inode number is not reused */
};

static int
lock (const char *path, GError **error)
{
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);

  return wp_start_lock (absolute, error);
}

gboolean
wp_socket_file_check (const char *path, GError **error)
{
  const gsize room = sizeof ((struct sockaddr_un *) NULL)->sun_path;

  if (*path != '\0' && strlen (path) < room)
    return TRUE;
  return wp_fail (error, WP_ERROR_BAD_VALUE, "\"unix:%s\" is not unix: and a path of 1 to %zu bytes", path,
                  room - 1);
}

static gboolean
make_address (const char *path, struct sockaddr_un *address, GError **error)
{
  *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
  if (!wp_socket_file_check (path, error))
    return FALSE;
  memcpy (address->sun_path, path, strlen (path) + 1);
  return TRUE;
}

/* Removes a socket file without a listener. */
static void
remove_stale (const struct sockaddr_un *address)
{
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct stat status;

  if (lstat (address->sun_path, &status) == 0 && S_ISSOCK (status.st_mode) && fd >= 0
      && connect (fd, (const struct sockaddr *) address, sizeof *address) < 0 && errno == ECONNREFUSED)
    unlink (address->sun_path);
  if (fd >= 0)
    close (fd);
}

/* Uses the descriptor, since the name may lead to another file by now. chmod() needs a name: that of the
 * descriptor in /proc. */
static gboolean
set_access (const WpSocketFile *self, const WpSocketAccess *access)
{
  char name[64];

  g_snprintf (name, sizeof name, "/proc/self/fd/%d", self->file_fd);
  return self->file_fd >= 0
         && (!access->has_group
             || fchownat (self->file_fd, "", (uid_t) -1, access->group, AT_EMPTY_PATH) == 0)
         && chmod (name, access->mode) == 0;
}

static gboolean
open_locked (WpSocketFile *self, const struct sockaddr_un *address, const WpSocketAccess *access,
             int *listen_fd, GError **error)
{
  const char *why = NULL;

  remove_stale (address);
  *listen_fd = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (*listen_fd < 0 || bind (*listen_fd, (const struct sockaddr *) address, sizeof *address) < 0)
    why = errno == EADDRINUSE ? "; another server listens on it, or it is not a socket" : "";
  else if ((self->file_fd = open (address->sun_path, O_PATH | O_NOFOLLOW | O_CLOEXEC)) < 0
           || !set_access (self, access))
    why = "; its group or mode cannot be set (see --socket-group)";
  else if (listen (*listen_fd, WP_LISTEN_BACKLOG) < 0)
    why = "";
  if (why)
    g_set_error (error, WP_ERROR, WP_ERROR_IO, "cannot listen on unix:%s: %s%s", self->path,
                 g_strerror (errno), why);
  return why == NULL;
}

WpSocketFile *
wp_socket_file_open (const char *path, const WpSocketAccess *access, int *listen_fd, GError **error)
{
  WpSocketFile *self = g_new0 (WpSocketFile, 1);
  struct sockaddr_un address;
  int lock_fd = -1;
  gboolean ok;

  *self = (WpSocketFile){ g_strdup (path), -1 };
  *listen_fd = -1;
  ok = make_address (path, &address, error) && (lock_fd = lock (path, error)) >= 0
       && open_locked (self, &address, access, listen_fd, error);
  if (lock_fd >= 0)
    close (lock_fd);
  if (ok)
    return self;
  wp_socket_file_free (self);
  if (*listen_fd >= 0)
    close (*listen_fd);
  return NULL;
}

/* Does the path still lead to the file that we created? */
static gboolean
is_ours (const WpSocketFile *self)
{
  struct stat ours, there;

  return self->file_fd >= 0 && fstat (self->file_fd, &ours) == 0 && lstat (self->path, &there) == 0
         && ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

void
wp_socket_file_free (WpSocketFile *self)
{
  int lock_fd = lock (self->path, NULL);

  if (is_ours (self))
    unlink (self->path);
  if (lock_fd >= 0)
    close (lock_fd);
  if (self->file_fd >= 0)
    close (self->file_fd);
  g_free (self->path);
  g_free (self);
}

#define RETRY_US    2000
#define PATIENCE_US (5 * G_USEC_PER_SEC) /* the lock is usually held for 100 us */

/* An abstract name, which the system frees with its process (unix(7)). A digest, since a name may be too
 * long. */
static socklen_t
make_lock_address (const char *name, struct sockaddr_un *address)
{
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, name, -1);

  *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
  return G_STRUCT_OFFSET (struct sockaddr_un, sun_path) + 1
         + (socklen_t) g_snprintf (address->sun_path + 1, sizeof address->sun_path - 1, "wp-server/%s",
                                   digest);
}

int
wp_start_lock (const char *name, GError **error)
{
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), reason = errno;
  gint64 until_us = g_get_monotonic_time () + PATIENCE_US;
  struct sockaddr_un address;
  socklen_t len = make_lock_address (name, &address);

  while (fd >= 0 && bind (fd, (const struct sockaddr *) &address, len) < 0)
    {
      reason = errno;
      if (reason == EADDRINUSE && g_get_monotonic_time () < until_us)
        {
          g_usleep (RETRY_US);
          continue;
        }
      close (fd);
      fd = -1;
    }
  if (fd < 0)
    g_set_error (error, WP_ERROR, WP_ERROR_IO, "cannot lock %s: %s", name,
                 reason == EADDRINUSE ? "another server has held the lock for 5 s" : g_strerror (reason));
  return fd;
}
