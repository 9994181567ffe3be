/* wp-options.h - command lines and configurations, read by one table of options for each program. */
#pragma once

#include "sim/base/wp-option.h"

/**
 * wp_options_parse:
 * @data: the program's struct of options
 * @argv: NULL-terminated, from the program's name on; the words outlive @parameters
 *
 * --help, --version and --completion (a script for bash) print and exit, with wp_process_end().
 *
 * Returns: (transfer container): the words that are no options, NULL-terminated; NULL with one line that
 * names the option, or the nearest one to an unknown one
 */
char **wp_options_parse (const WpCommandLine *self, gpointer data, char *const *argv, GError **error);

/**
 * wp_options_load:
 * @path: a file of lines `key = value`, where key is a long option's name; # begins a comment, blank lines
 * and a byte order mark are ignored
 *
 * Load first, parse the command line again after it, and the command line wins.
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

/* What follows the byte order mark that some editors put before a text; @text where there is none. */
char *wp_options_skip_mark (char *text);

/* Do both names stand for one file that is there? NULL and "-" stand for none. */
gboolean wp_options_same_file (const char *a, const char *b);

/* The name of @names (NULL-terminated) nearest to @typed, or NULL if none is near. Any letter case. */
const char *wp_options_nearest (const char *typed, const char *const *names);

/* Whole decimal numbers, no sign, no blank, within [min, max]; else WP_ERROR_BAD_VALUE `"x" is not a number
 * from MIN to MAX`. */
gboolean wp_options_parse_uint (const char *text, guint64 min, guint64 max, guint64 *value, GError **error);

/* The same for what is counted: 10k is 10,000 and 2m is 2,000,000, in either letter case. */
gboolean wp_options_parse_count (const char *text, guint64 min, guint64 max, guint64 *value, GError **error);

/* Finite decimals > 0, the whole text, a point in every locale; else WP_ERROR_BAD_VALUE. */
gboolean wp_options_parse_positive (const char *text, double *value, GError **error);
