/* wp-private-file.h - a file that holds a secret: it is read only where others cannot. */
#pragma once

#include <glib.h>

/* Opens a regular file that others than its owner and group cannot read, and nobody but its owner can write.
 * Returns: a descriptor; -1 with WP_ERROR_IO and one line that names the file. */
int wp_private_file_open (const char *path, GError **error);
