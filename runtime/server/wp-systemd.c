#include "runtime/server/wp-systemd.h"

#include <glib-unix.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "sim/base/wp-process.h"
#include "sim/base/wp-error.h"

/* libsystemd takes 5 ms to load, so it is loaded only if systemd has set one of its variables. */
static struct {
  typeof (sd_is_socket) *is_socket;
  typeof (sd_listen_fds_with_names) *listen_fds_with_names;
  typeof (sd_notify) *notify;
  typeof (sd_watchdog_enabled) *watchdog_enabled;
} sd;

/* Returns: TRUE if systemd started us and @sd is filled; FALSE without an error if it did not */
static gboolean
load (GError **error)
{
  static const char library[] = "libsystemd.so.0";

  return (g_getenv ("LISTEN_FDS") || g_getenv ("NOTIFY_SOCKET") || g_getenv ("WATCHDOG_USEC"))
         && (sd.is_socket = wp_module_load (library, "sd_is_socket", error))
         && (sd.listen_fds_with_names = wp_module_load (library, "sd_listen_fds_with_names", error))
         && (sd.watchdog_enabled = wp_module_load (library, "sd_watchdog_enabled", error))
         && (sd.notify = wp_module_load (library, "sd_notify", error));
}

static gboolean
take (int fd, int *place, const char *name, GError **error)
{
  if (sd.is_socket (fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0)
    g_set_error (error, WP_ERROR, WP_ERROR_IO,
                 "descriptor %d (%s) from systemd is not a listening stream socket", fd, name);
  else if (*place >= 0)
    g_set_error (error, WP_ERROR, WP_ERROR_IO,
                 "descriptor %d (%s) from systemd is one too many: the server takes one socket for requests "
                 "and one named admin",
                 fd, name);
  else if (g_unix_set_fd_nonblocking (fd, TRUE, error))
    {
      *place = fd;
      return TRUE;
    }
  return FALSE;
}

gboolean
wp_systemd_take_sockets (int *ingest_fd, int *admin_fd, GError **error)
{
  char **names = NULL;
  g_autoptr (GError) reason = NULL;
  gboolean ok = TRUE;
  int n;

  *ingest_fd = *admin_fd = -1;
  if (!load (&reason))
    {
      ok = !reason;
      if (!ok)
        g_propagate_error (error, g_steal_pointer (&reason));
      return ok;
    }
  n = sd.listen_fds_with_names (TRUE, &names);
  for (int i = 0; i < n; i++)
    {
      ok = ok
           && take (SD_LISTEN_FDS_START + i, g_str_equal (names[i], "admin") ? admin_fd : ingest_fd, names[i],
                    error);
      free (names[i]);
    }
  free (names);

  return ok;
}

static void
notify (const char *state)
{
  if (sd.notify)
    sd.notify (FALSE, state);
}

void
wp_systemd_notify_ready (const char *status)
{
  g_autofree char *state = g_strdup_printf ("READY=1\nSTATUS=%s", status);

  notify (state);
}

void
wp_systemd_notify_reloading (void)
{
  g_autofree char *state
      = g_strdup_printf ("RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());

  notify (state);
}

void
wp_systemd_notify_stopping (void)
{
  notify ("STOPPING=1");
}

static gboolean
on_watchdog (gpointer data)
{
  notify ("WATCHDOG=1");
  return G_SOURCE_CONTINUE;
}

void
wp_systemd_start_watchdog (void)
{
  guint64 interval_us;

  if (sd.watchdog_enabled && sd.watchdog_enabled (TRUE, &interval_us) > 0)
    g_timeout_add ((guint) CLAMP (interval_us / 2000, 1, G_MAXINT), on_watchdog, NULL);
}
