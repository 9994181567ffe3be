/* wp-text.h - escapes external text (ids, file names, typed values) for messages and reports. */
#pragma once

#include <glib.h>

/**
 * wp_text_append:
 * @text: (nullable): any bytes, or NULL for nothing
 * Appends @text and escapes (\n, \x1b, \u202e) control characters, line ends, characters that change the
 * writing direction or have no width, and bytes that are not UTF-8. So the text stays on its line, keeps its
 * order, and cannot control a terminal.
 */
void wp_text_append (GString *line, const char *text);

/* Returns the escaped text. Free with g_free(). */
char *wp_text_escape (const char *text);

/* A word of a command line that a shell reads as @word: as it is where it can be, else quoted. Free with
 * g_free(). */
char *wp_text_quote (const char *word);

/* The decimal with the fewest digits that reads back as @value, which is finite. Returns @buffer. */
#define WP_TEXT_NUMBER 40
const char *wp_text_number (char buffer[WP_TEXT_NUMBER], double value);
