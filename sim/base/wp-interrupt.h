/* wp-interrupt.h - SIGINT (Ctrl-C), SIGTERM and SIGHUP terminate the program or request an orderly stop.
 * Partial files are removed. */
#pragma once

#include <glib.h>

/* A signal removes partial files, reports the rows processed in one line, and terminates the program. SIGPIPE
 * does the same without the line. Ignored signals stay ignored. Call it before any thread starts. */
void wp_interrupt_catch (void);

/* The first signal requests a stop; another one at least half a second later terminates the program. An
 * ignored SIGHUP stays ignored (nohup(1)). Call it before any thread starts. Returns a descriptor that
 * becomes readable at the first signal; owned by the process. -1: no descriptor is left. */
int wp_interrupt_catch_to_stop (void);

/* The signal that requested the stop, or 0. */
int wp_interrupt_signal (void);

/* Terminates the process by that signal, as a shell expects of Ctrl-C. */
void wp_interrupt_terminate (void) G_GNUC_NORETURN;

/* Sets the number of rows for the message. */
void wp_interrupt_set_rows (guint64 rows);

/* @shown: the terminal shows a progress line, which a signal erases first. */
void wp_interrupt_set_line (gboolean shown);

/* A signal removes this file. Returns a slot for wp_interrupt_remove_file(), or -1 if none is free or the
 * path is too long. */
int wp_interrupt_add_file (const char *path);
void wp_interrupt_remove_file (int slot);

/* Removes the partial files and erases the progress line, as a signal does. */
void wp_interrupt_clean_up (void);
