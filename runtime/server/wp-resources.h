/* wp-resources.h - what the process may have of descriptors, threads and memory, found out before anything is
 * opened. */
#pragma once

#include <glib.h>

/* 10,000 parked requests are 10,000 descriptors: raises the limit to the hard one. Returns: the limit. */
guint64 wp_resources_raise_files (void);

/**
 * wp_resources_try_threads:
 *
 * Starts @n threads at once, and ends them. GLib ends the program where a thread cannot be started, and none
 * is started later than at start, so this is where a limit of processes or of address space is told.
 *
 * Returns: FALSE with one line
 */
gboolean wp_resources_try_threads (guint n, GError **error);

/**
 * wp_resources_find_memory:
 * @n_threads: that the process will have
 * @bytes: (out): what is there for requests and jobs: the machine's memory, the control group's, or what a
 * limit of address space leaves, whichever is least
 *
 * Before the first thread: with such a limit malloc gets one arena, since each has 64 MB of addresses to
 * itself.
 *
 * Returns: FALSE with one line: the limit leaves next to nothing
 */
gboolean wp_resources_find_memory (guint n_threads, guint64 *bytes, GError **error);
