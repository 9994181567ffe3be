/* wp-private-file.h - opens a file with a secret, if other users cannot access it. */
#pragma once

#include <glib.h>

/* The file must be a regular file that only its owner and group can read, and only its owner can write.
 * Returns: a descriptor; -1 with WP_ERROR_IO and one line that names the file */
int wp_private_file_open (const char *path, GError **error);
