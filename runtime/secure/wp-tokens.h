/* wp-tokens.h - checks bearer tokens (RFC 6750) against a file with one token a line. Any thread. */
#pragma once

#include <glib.h>

typedef struct _WpTokens WpTokens;

/**
 * wp_tokens_new:
 * @path: a text file that only its owner and group can read; empty lines and those that begin with # are
 * skipped
 *
 * Returns: (nullable): NULL with WP_ERROR_IO or WP_ERROR_BAD_VALUE and one line that names the file and the
 * line, never the token
 */
WpTokens *wp_tokens_new (const char *path, GError **error);
void wp_tokens_free (WpTokens *self);

/* Reads the file again. FALSE with an error: the old tokens stay in use. */
gboolean wp_tokens_reload (WpTokens *self, GError **error);

/* @credentials: the value of Authorization, @len bytes; NULL: none. The time does not depend on how much of a
 * token is right. */
gboolean wp_tokens_admit (WpTokens *self, const char *credentials, gsize len);

/* The first token of such a file, for a client: it is a secret, and the caller's. NULL as wp_tokens_new(). */
char *wp_tokens_read_first (const char *path, GError **error);
