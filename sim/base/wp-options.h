/* wp-options.h - command lines and configurations, read one way by every program: GOption entries, and errors that help. */
#pragma once

#include <glib.h>

/**
 * wp_options_parse:
 * @parameters: what follows the options in the usage line, e.g. "TRACE URL"
 * @summary: one paragraph for --help
 * @tables: NULL-terminated array of entry tables, each ended by a NULL long_name
 * @data: handed to the callbacks of the entries (G_OPTION_ARG_CALLBACK), which set one field each and can be called twice
 * @argc, @argv: (inout): what is left are the program's parameters, after argv[0]
 *
 * --help and --version print and exit, with wp_process_end(). An unknown option names its nearest known one.
 *
 * Returns: FALSE with WP_ERROR_USAGE or what a callback said.
 */
gboolean wp_options_parse (const char *parameters, const char *summary, const GOptionEntry *const *tables,
                           gpointer data, int *argc, char ***argv, GError **error);

/**
 * wp_options_load:
 * @path: a file of lines `key = value`, where key is a long option's name; # begins a comment, blank lines and a byte order mark are ignored
 *
 * Calls the entry of each key as the command line would: load first, parse the command line again after it, and the command line wins.
 *
 * Returns: FALSE with `wp.conf:12: queue: "abc" is not a number`
 */
gboolean wp_options_load (const char *path, const GOptionEntry *const *tables, gpointer data, GError **error);

/* Prints "PROGRAM: message" on standard error, in one line (see wp-text.h); returns the exit status of bad input, 2. */
int wp_options_fail (const GError *error);

/* What follows the byte order mark that some editors put before a text; @text where there is none. */
char *wp_options_skip_mark (char *text);

/* Do both names stand for one file that is there? NULL and "-" stand for none. */
gboolean wp_options_same_file (const char *a, const char *b);

/* The name of @names (NULL-terminated) nearest to @typed, or NULL if none is near. Any letter case. */
const char *wp_options_nearest (const char *typed, const char *const *names);

/* Whole decimal numbers, no sign, no blank, within [min, max]; else WP_ERROR_BAD_VALUE `"x" is not a number from MIN to MAX`. */
gboolean wp_options_parse_uint (const char *text, guint64 min, guint64 max, guint64 *value, GError **error);

/* The same for what is counted: 10k is 10,000 and 2m is 2,000,000, in either letter case. */
gboolean wp_options_parse_count (const char *text, guint64 min, guint64 max, guint64 *value, GError **error);

/* Finite decimals > 0, the whole text, a point in every locale; else WP_ERROR_BAD_VALUE. */
gboolean wp_options_parse_positive (const char *text, double *value, GError **error);
