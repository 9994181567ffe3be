/* wp-small-file.h - files that are read whole, and some of them again while the program runs: it must neither
 * wait for one nor read without an end. */
#pragma once

#include <glib.h>

/* FIFOs, devices and folders are refused, since reading them may block or never end, and files larger than
 * 1 MiB. Returns: a descriptor; -1 with WP_ERROR_IO, one line that begins with @path */
int wp_small_file_open (const char *path, GError **error);

/* The same, before a library opens the file by its name. */
gboolean wp_small_file_check (const char *path, GError **error);

/* The text of @fd, which is closed. Returns: NULL with WP_ERROR_IO or WP_ERROR_BAD_VALUE: it cannot be read,
 * grew beyond 1 MiB, or contains a zero byte; the line begins with @path */
char *wp_small_file_read (int fd, const char *path, GError **error);
