/* wp-program.h - runs a program to its end. */
#pragma once

#include <glib.h>

/**
 * wp_program_run:
 * @program: below the build's root, "sim/wp-sim"; or one of the system's, "wrk"
 * @words: NULL-terminated
 * @output: (out) (nullable): what it wrote
 * @errors: (out) (nullable): to standard error; NULL: that goes to ours
 *
 * Returns: its exit status, or -1 if it did not end by itself.
 */
int wp_program_run (const char *program, const char *const *words, char **output, char **errors);

/* The time that stands behind @what in @text, with its unit ("1.54 ms"); fails the test where there is none.
 * Returns: seconds. */
double wp_program_seconds (const char *text, const char *what);
