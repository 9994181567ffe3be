#include "runtime/http/wp-start-lock.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sim/base/wp-error.h"

#define RETRY_US    2000
#define PATIENCE_US (5 * G_USEC_PER_SEC) /* the lock is usually held for 100 us */

/* An abstract name, which the system frees with its process (unix(7)). A digest, since a name may be too
 * long. */
static socklen_t
make_address (const char *name, struct sockaddr_un *address)
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
  socklen_t len = make_address (name, &address);

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
