/* wp-log.h - writes GLib's messages to standard error, under systemd's journal with their priority
 * (sd-daemon(3)). */
#pragma once

#include <glib.h>

/* Installs the log writer. A fatal error of GLib (no memory, no thread) ends the program with one line and
 * status 2, without a core dump. */
void wp_log_start (const char *program);

/* From now on a slow reader of standard error blocks only the end of the program: see wp_log_queue_close().
 */
void wp_log_start_thread (void);

/* @name: error, warning, info or debug; less severe messages are not written. Returns: FALSE with
 * WP_ERROR_BAD_VALUE */
gboolean wp_log_set_level (const char *name, GError **error);
