/* wp-process.h - how each of the programs begins and ends. */
#pragma once

#include <glib.h>

/* First of all, before anything opens a file: standard descriptors that are closed are opened on /dev/null,
 * so that no file of ours gets their numbers and what is printed with them. A file that passes RLIMIT_FSIZE
 * is an error (EFBIG) and no signal. */
void wp_process_begin (const char *name);

/* Takes GLib's messages, one line each on standard error. One of level ERROR (no memory, no threads) ends the
 * program with status 2, after
 * @clean_up (nullable; any thread, and without memory). */
void wp_process_catch_messages (void (*clean_up) (void));

/* What a message of level ERROR says to a person: "out of memory: failed to allocate 4096 bytes", without the
 * line of GLib's source. @lead is put before what is returned. */
const char *wp_process_explain (const char *message, const char **lead);

/* On standard output. The first thread's. */
void wp_process_print (const char *text);

/* Closes standard output. Returns @status, or 2 with a line that says so where something printed there was
 * lost. */
int wp_process_end (int status);
