/* wp-systemd.h - what a service and its systemd tell each other (sd-daemon(3)); nothing at all where it runs
 * without, or was built without libsystemd. Main thread. */
#pragma once

#include <glib.h>

/**
 * wp_systemd_take_sockets:
 * @ingest_fd, @admin_fd: (out): listening, non-blocking; -1: none was handed over. The one named "admin" is
 * for the admin listener.
 *
 * Returns: FALSE with WP_ERROR_IO where what was handed over cannot be used
 */
gboolean wp_systemd_take_sockets (int *ingest_fd, int *admin_fd, GError **error);

void wp_systemd_notify_ready (const char *status); /* a line for people; and again after a reload */
void wp_systemd_notify_reloading (void);
void wp_systemd_notify_stopping (void);

/* Tells from the default main context, as often as systemd asks, that it still turns. */
void wp_systemd_start_watchdog (void);
