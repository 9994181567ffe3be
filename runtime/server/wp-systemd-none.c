/* Built without libsystemd. */
#include "runtime/server/wp-systemd.h"

gboolean
wp_systemd_take_sockets (int *ingest_fd, int *admin_fd, GError **error)
{
  *ingest_fd = *admin_fd = -1;
  return TRUE;
}

void
wp_systemd_notify_ready (const char *status)
{
}

void
wp_systemd_notify_reloading (void)
{
}

void
wp_systemd_notify_stopping (void)
{
}

void
wp_systemd_start_watchdog (void)
{
}
