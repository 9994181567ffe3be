/* wp-options.h - reads the command line and the configuration file by one table of options per program. */
#pragma once

#include "sim/base/wp-option.h"

/**
 * wp_options_parse:
 * @data: the program's struct of options
 * @argv: NULL-terminated, starting with the program's name; outlives the result
 *
 * --help, --version and --completion (a script for bash) print and exit, with wp_process_end().
 * Returns: (transfer container): the words that are not options, NULL-terminated; NULL with one line that
 * names the option, and for an unknown option the nearest known one
 */
char **wp_options_parse (const WpCommandLine *self, gpointer data, char *const *argv, GError **error);

/**
 * wp_options_load:
 * @path: a file of lines `key = value`, where key is a long option's name; # begins a comment, blank lines
 * and a byte order mark are ignored
 * To give the command line precedence, parse it again after loading.
 *
 * Returns: FALSE with `wp.conf:12: queue: "abc" is not a number`
 */
gboolean wp_options_load (const WpCommandLine *self, gpointer data, const char *path, GError **error);

/* Sets one option by its long name; @value: NULL for a flag on a command line. FALSE with WP_ERROR_BAD_VALUE,
 * which does not name the option. */
gboolean wp_options_set (const WpOptionGroup *groups, gpointer data, const char *name, const char *value,
                         GError **error);

/* Frees the texts. */
void wp_options_clear (const WpCommandLine *self, gpointer data);

/* Prints "PROGRAM: message" on standard error, in one line (see wp-text.h); returns the exit status of bad
 * input, 2. */
int wp_options_fail (const GError *error);

/* Returns @text without the byte order mark that some editors put first. */
char *wp_options_skip_bom (char *text);

/* Do both names refer to one existing file? NULL and "-" refer to none. */
gboolean wp_options_same_file (const char *a, const char *b);

/* The first of @paths (NULL-terminated) that is the file of one before it, "-" too; or NULL. */
const char *wp_options_find_repeated (const char *const *paths);

/* The name of @names (NULL-terminated) nearest to @typed, or NULL if none is near. Any letter case. */
const char *wp_options_nearest (const char *typed, const char *const *names);

/* Parses a whole decimal number without sign or blanks in [min, max]; else WP_ERROR_BAD_VALUE `"x" is not a
 * number from MIN to MAX`. */
gboolean wp_options_parse_uint (const char *text, guint64 min, guint64 max, guint64 *value, GError **error);

/* The same with suffixes: 10k is 10,000 and 2m is 2,000,000, in either letter case. */
gboolean wp_options_parse_count (const char *text, guint64 min, guint64 max, guint64 *value, GError **error);

/* Parses a finite decimal > 0, with a point in every locale; else WP_ERROR_BAD_VALUE. */
gboolean wp_options_parse_positive (const char *text, double *value, GError **error);
