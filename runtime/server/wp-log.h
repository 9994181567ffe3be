/* wp-log.h - lines on standard error for GLib's messages; under systemd's journal each with its priority
 * (sd-daemon(3)). */
#pragma once

#include <glib.h>

/* Takes GLib's messages from now on. What GLib cannot do without (memory, threads) ends the program with one
 * line and status 2, not with a core. */
void wp_log_start (const char *program);

/* From now on nobody waits for a program that does not read standard error, but for what ends ours: see
 * wp_log_queue_close(). */
void wp_log_start_thread (void);

/* @name: error, warning, info or debug: what is less grave is not told. Returns: FALSE with
 * WP_ERROR_BAD_VALUE */
gboolean wp_log_set_level (const char *name, GError **error);
