/* wp-interrupt.h - Ctrl-C (SIGINT), SIGTERM and SIGHUP: the first asks to stop, one that comes half a second later or more ends the process at
 * once. One a process. */
#pragma once

#include <glib.h>

/* Returns a descriptor that becomes readable at the first signal; owned by the process. -1: the machine has none left. */
int wp_interrupt_install (void);

/* The signal that came, or 0. */
int wp_interrupt_signal (void);

/* A half-written file that the second signal shall remove; NULL: none any more. @path outlives this. */
void wp_interrupt_set_file (const char *path);
void wp_interrupt_remove_file (void);

/* Ends the process by the signal that came, as a shell expects of Ctrl-C. */
void wp_interrupt_die (void) G_GNUC_NORETURN;
