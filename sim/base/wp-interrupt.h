/* wp-interrupt.h - SIGINT (Ctrl-C), SIGTERM, SIGHUP: they end the program at once, or ask it to stop. Partial
 * files are removed. */
#pragma once

#include <glib.h>

/* The program ends at once, by the signal: partial files are removed, and one line reports the rows
 * processed. SIGPIPE does the same without the line. Before any thread. A signal that was ignored stays so.
 */
void wp_interrupt_catch (void);

/* The first signal asks the program to stop. One that comes half a second later or more ends it at once, by
 * the signal. Before any thread. SIGHUP stays ignored where it was (nohup(1)). Returns a descriptor that
 * becomes readable at the first signal; owned by the process. -1: the machine has none left. */
int wp_interrupt_catch_to_stop (void);

/* The signal that asked to stop, or 0. */
int wp_interrupt_signal (void);

/* Ends the process by that signal, as a shell expects of Ctrl-C. */
void wp_interrupt_die (void) G_GNUC_NORETURN;

/* For the message. */
void wp_interrupt_set_rows (guint64 rows);

/* Is there a progress line on the terminal, to be wiped first? */
void wp_interrupt_set_line (gboolean shown);

/* This file is removed on a signal. Returns: a slot for wp_interrupt_forget(), or -1 where they are all taken
 * or the path is too long. */
int wp_interrupt_remember (const char *path);
void wp_interrupt_forget (int slot);

/* Removes the partial files and the progress line, as a signal does. */
void wp_interrupt_clean_up (void);
