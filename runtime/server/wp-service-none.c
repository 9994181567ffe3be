/* Built without libsystemd. */
#include "runtime/server/wp-service.h"

gboolean
wp_service_take_sockets (int *ingest_fd, int *admin_fd, GError **error)
{
  *ingest_fd = *admin_fd = -1;
  return TRUE;
}

void
wp_service_tell_ready (const char *status)
{
}

void
wp_service_tell_reloading (void)
{
}

void
wp_service_tell_stopping (void)
{
}

void
wp_service_start_watchdog (void)
{
}
