/* wp-interrupt.h - Ctrl-C: what is half-written goes, one line says how far it came, and the program dies of the signal. */
#pragma once

#include <glib.h>

/* Before any thread; SIGINT, SIGTERM, SIGHUP, and SIGPIPE (which says nothing). A signal that was ignored stays so. */
void wp_interrupt_catch (void);

/* For the message. */
void wp_interrupt_set_rows (guint64 rows);

/* Is there a progress line on the terminal, to be wiped first? */
void wp_interrupt_set_line (gboolean shown);

/* This file is removed on a signal. Returns: a slot for wp_interrupt_forget(), or -1 where they are all taken or the path is too long. */
int wp_interrupt_remember (const char *path);
void wp_interrupt_forget (int slot);

/* What a signal does before the program dies of it. */
void wp_interrupt_clean_up (void);
