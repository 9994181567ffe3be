/* wp-atomic-file.h - writes a temporary file beside its target and renames it when complete. */
#pragma once

#include <glib.h>

typedef struct _WpAtomicFile WpAtomicFile;

/**
 * wp_atomic_file_new:
 * @path: "-" is standard output. For standard output, a pipe or a device, an unlinked temporary file holds
 * the data, which is copied when complete. An existing file keeps its mode.
 * @is_private: a new file has mode 0600; else 0666 less the umask
 * Returns: NULL with WP_ERROR_IO: a path that cannot be written fails before the work starts
 */
WpAtomicFile *wp_atomic_file_new (const char *path, gboolean is_private, GError **error);

/* Removes the temporary file unless it was committed. */
void wp_atomic_file_free (WpAtomicFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpAtomicFile, wp_atomic_file_free)

/* The descriptor to write to; owned by @self. */
int wp_atomic_file_fd (const WpAtomicFile *self);

/* Writes all of @data. FALSE with WP_ERROR_IO, which names the path. */
gboolean wp_atomic_file_write (WpAtomicFile *self, const char *data, gsize length, GError **error);

/* Truncates the file to 0 bytes. */
gboolean wp_atomic_file_restart (WpAtomicFile *self, GError **error);

/* Renames the file to its target, or copies it to its stream. FALSE with WP_ERROR_IO. */
gboolean wp_atomic_file_commit (WpAtomicFile *self, GError **error);

/* The path as typed, or "standard output", for messages. */
const char *wp_atomic_file_path (const WpAtomicFile *self);

/* Sets the error of a failed write; @reason is an errno. Returns FALSE. */
gboolean wp_atomic_file_fail (const WpAtomicFile *self, int reason, GError **error);
