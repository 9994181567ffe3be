/* wp-text.h - texts from outside (ids, file names, what a person typed) in lines that a person reads. */
#pragma once

#include <glib.h>

/**
 * wp_text_append:
 * @text: (nullable): any bytes, or NULL for nothing
 *
 * Appends it with escapes (\n, \x1b, \u202e) for what is not printed but obeyed: control characters, line
 * ends among them, those that turn the direction of writing or have no width, and bytes that are no UTF-8. So
 * it stays on its line, in its order, and tells a terminal nothing.
 */
void wp_text_append (GString *line, const char *text);

/* The same as a text of its own. Free with g_free(). */
char *wp_text_escape (const char *text);
