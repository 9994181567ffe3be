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

typedef enum { WP_LOG_LEVEL_ERROR, WP_LOG_LEVEL_WARNING, WP_LOG_LEVEL_INFO, WP_LOG_LEVEL_DEBUG } WpLogLevel;

extern const char *const wp_log_level_names[]; /* NULL-terminated */

/* Before the first thread: less severe messages are not written. */
void wp_log_set_level (WpLogLevel level);
