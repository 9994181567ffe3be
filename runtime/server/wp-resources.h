/* wp-resources.h - the process's limits of descriptors, threads and memory, checked before anything is
 * opened. */
#pragma once

#include <glib.h>

/* Raises the limit of descriptors to the hard limit, since every parked request needs one. Returns: the
 * limit.
 */
guint64 wp_resources_raise_files (void);

/**
 * wp_resources_try_threads:
 *
 * Starts @n threads at the same time, and ends them. GLib aborts the program if a thread cannot be started;
 * this check reports a limit of processes or of address space as an error instead.
 *
 * Returns: FALSE with one line
 */
gboolean wp_resources_try_threads (guint n, GError **error);

/**
 * wp_resources_find_memory:
 * @n_threads: number of threads of the running server
 * @bytes: (out): memory for requests and jobs: the least of the machine's memory, the control group's limit
 * and what a limit of address space leaves
 *
 * Call it before the first thread: under a limit of address space malloc gets one arena, since each reserves
 * 64 MB of addresses.
 *
 * Returns: FALSE with one line if the limit leaves too little
 */
gboolean wp_resources_find_memory (guint n_threads, guint64 *bytes, GError **error);
