#include "runtime/wp-service.h"

#include <glib-unix.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "sim/base/wp-error.h"

static gboolean
take (int fd, int *place, const char *name, GError **error)
{
  if (sd_is_socket (fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0)
    g_set_error (error, WP_ERROR, WP_ERROR_IO, "descriptor %d (%s) from systemd is not a listening stream socket", fd, name);
  else if (*place >= 0)
    g_set_error (error, WP_ERROR, WP_ERROR_IO, "descriptor %d (%s) from systemd is one too many: one socket for requests, and one named "
                 "admin", fd, name);
  else if (g_unix_set_fd_nonblocking (fd, TRUE, error))
    {
      *place = fd;
      return TRUE;
    }
  return FALSE;
}

gboolean
wp_service_take_sockets (int *ingest_fd, int *admin_fd, GError **error)
{
  char **names = NULL;
  int n = sd_listen_fds_with_names (TRUE, &names);
  gboolean ok = TRUE;

  *ingest_fd = *admin_fd = -1;
  for (int i = 0; i < n; i++)
    {
      ok = ok && take (SD_LISTEN_FDS_START + i, g_str_equal (names[i], "admin") ? admin_fd : ingest_fd, names[i], error);
      free (names[i]);
    }
  free (names);

  return ok;
}

void
wp_service_tell_ready (const char *status)
{
  sd_notifyf (FALSE, "READY=1\nSTATUS=%s", status);
}

void
wp_service_tell_reloading (void)
{
  sd_notifyf (FALSE, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());
}

void
wp_service_tell_stopping (void)
{
  sd_notify (FALSE, "STOPPING=1");
}

static gboolean
on_watchdog (gpointer data)
{
  sd_notify (FALSE, "WATCHDOG=1");
  return G_SOURCE_CONTINUE;
}

void
wp_service_start_watchdog (void)
{
  guint64 interval_us;

  if (sd_watchdog_enabled (TRUE, &interval_us) > 0)
    g_timeout_add ((guint) CLAMP (interval_us / 2000, 1, G_MAXINT), on_watchdog, NULL);
}
