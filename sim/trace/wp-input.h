/* wp-input.h - bytes of a file, of standard input or of memory, as they are or out of gzip or zstd, that can
 * be read from the start again. */
#pragma once

#include <glib.h>

typedef struct _WpInput WpInput;

/**
 * wp_input_open:
 * @path: a file, or "-" for standard input
 *
 * Input that can't be rewound (a pipe) is kept, decompressed, in an unlinked temporary file as it is read.
 *
 * Returns: NULL with WP_ERROR_IO, `FILE: No such file or directory`.
 */
WpInput *wp_input_open (const char *path, GError **error);

/* The same from memory; @name stands for the file in messages; @data must outlive the input. */
WpInput *wp_input_open_data (const char *name, const char *data, gsize len);

void wp_input_free (WpInput *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpInput, wp_input_free)

/**
 * wp_input_read:
 * @size: > 0
 *
 * Blocks until there is something. Gzip and zstd are known by their first bytes; members follow one another.
 *
 * Returns: how many bytes were read, 0 at the end; -1 with WP_ERROR_IO, WP_ERROR_BAD_TRACE (gzip data that
 * are corrupt or end early) or WP_ERROR_INTERRUPTED (a signal whose handler was set without SA_RESTART came
 * while it waited). The message does not name the file.
 */
gssize wp_input_read (WpInput *self, char *buffer, gsize size, GError **error);

/* The next read begins at the first byte again. FALSE with WP_ERROR_IO, e.g. where there was no room to keep
 * what came through a pipe. */
gboolean wp_input_rewind (WpInput *self, GError **error);

const char *wp_input_name (const WpInput *self);     /* the path as given; "standard input" for "-" */
gboolean wp_input_is_standard (const WpInput *self); /* it is standard input */
/* share of the (compressed) bytes read, 0 to 1; -1 where the size is unknown */
double wp_input_progress (const WpInput *self);
