/* wp-process.h - start and end of every program. */
#pragma once

#include <glib.h>

/* Call it first, before any file is opened. Opens closed standard descriptors on /dev/null, so that no other
 * file gets their numbers and receives printed text. A write beyond RLIMIT_FSIZE fails (EFBIG) without a
 * signal. */
void wp_process_begin (const char *name);

/* Prints each GLib message as one line on standard error. A message of level ERROR (no memory, no threads)
 * calls
 * @clean_up (nullable; on any thread, must not allocate) and ends the program with status 2. */
void wp_process_catch_messages (void (*clean_up) (void));

/* Rewrites a message of level ERROR for the user: "out of memory: failed to allocate 4096 bytes", without
 * GLib's source line. @lead goes before the returned text. */
const char *wp_process_explain (const char *message, const char **lead);

/* Prints to standard output. Main thread only. */
void wp_process_print (const char *text);

/* Closes standard output. Returns @status, or reports a failed write there and returns 2. */
int wp_process_end (int status);

/**
 * wp_module_load:
 * @file: a system library, or a module of ours, which is beside the program or in its RUNPATH
 * @symbol: the symbol to return
 *
 * Loads modules and system libraries only when they are needed; they stay loaded. Any thread.
 *
 * Returns: (nullable): NULL with WP_ERROR_IO
 */
gpointer wp_module_load (const char *file, const char *symbol, GError **error);
