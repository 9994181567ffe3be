/* wp-output.h - a file that is there whole, or not at all: written beside its place under another name, and renamed when complete. */
#pragma once

#include <glib.h>

typedef struct _WpOutput WpOutput;

/**
 * wp_output_new:
 * @path: "-" is standard output. That, and what is no plain file (a pipe, a device), is kept in an unlinked temporary file, and copied
 *   when complete.
 *
 * Returns: NULL with WP_ERROR_IO
 */
WpOutput *wp_output_new (const char *path, GError **error);

/* Drops what was not committed. */
void wp_output_free (WpOutput *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpOutput, wp_output_free)

/* To write to; it stays the output's own. */
int wp_output_fd (const WpOutput *self);

/* Writes it all; FALSE with WP_ERROR_IO, naming the path. */
gboolean wp_output_write (WpOutput *self, const char *data, gsize length, GError **error);

/* Empties it. */
gboolean wp_output_restart (WpOutput *self, GError **error);

/* Puts it in its place. FALSE with WP_ERROR_IO. */
gboolean wp_output_commit (WpOutput *self, GError **error);

/* As typed. */
const char *wp_output_path (const WpOutput *self);
