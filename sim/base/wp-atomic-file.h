/* wp-atomic-file.h - a file that is there whole, or not at all: written beside its place under another name,
 * and renamed when complete. */
#pragma once

#include <glib.h>

typedef struct _WpAtomicFile WpAtomicFile;

/**
 * wp_atomic_file_new:
 * @path: "-" is standard output. That, and what is no plain file (a pipe, a device), is kept in an unlinked
 * temporary file, and copied when complete. A file that exists keeps its mode.
 * @is_private: a new file has mode 0600; else 0666 less the umask
 *
 * Returns: NULL with WP_ERROR_IO, so that a path that cannot be written to is known before the work
 */
WpAtomicFile *wp_atomic_file_new (const char *path, gboolean is_private, GError **error);

/* Drops what was not committed. */
void wp_atomic_file_free (WpAtomicFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpAtomicFile, wp_atomic_file_free)

/* To write to; it stays the output's own. */
int wp_atomic_file_fd (const WpAtomicFile *self);

/* Writes it all; FALSE with WP_ERROR_IO, naming the path. */
gboolean wp_atomic_file_write (WpAtomicFile *self, const char *data, gsize length, GError **error);

/* Empties it. */
gboolean wp_atomic_file_restart (WpAtomicFile *self, GError **error);

/* Puts it in its place. FALSE with WP_ERROR_IO. */
gboolean wp_atomic_file_commit (WpAtomicFile *self, GError **error);

/* For messages: as typed, or "standard output". */
const char *wp_atomic_file_path (const WpAtomicFile *self);

/* Reports that writing to it failed by @reason, an errno. Returns FALSE. */
gboolean wp_atomic_file_fail (const WpAtomicFile *self, int reason, GError **error);
