/* wp-systemd.h - the protocol between a service and systemd (sd-daemon(3)). It does nothing without systemd,
 * and if built without libsystemd. Main thread. */
#pragma once

#include <glib.h>

/**
 * wp_systemd_take_sockets:
 * @ingest_fd: (out): listening, non-blocking; -1: systemd passed none
 * @admin_fd: (out): as @ingest_fd: the socket that the unit names "admin"
 *
 * Returns: FALSE with WP_ERROR_IO if a descriptor cannot be used
 */
gboolean wp_systemd_take_sockets (int *ingest_fd, int *admin_fd, GError **error);

void wp_systemd_notify_ready (const char *status); /* also after a reload; @status: shown by systemctl */
void wp_systemd_notify_reloading (void);
void wp_systemd_notify_stopping (void);

/* Notifies the watchdog from the default main context, at half the interval that systemd asks for. */
void wp_systemd_start_watchdog (void);
