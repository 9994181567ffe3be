/* wp-memory.h - large blocks of memory. */
#pragma once

#include <glib.h>

/**
 * wp_control_group_memory_bytes:
 * @root: prefix of /proc/self/cgroup and /sys/fs/cgroup; "" except in tests
 *
 * Reads version 2 (memory.max and memory.high) and version 1 (memory.limit_in_bytes), each at its usual
 * place, or both.
 *
 * Returns: the lowest limit of the process's own group and of all visible groups above it; G_MAXUINT64: none
 *
 * Source: cgroups(7); the kernel's admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst
 */
guint64 wp_control_group_memory_bytes (const char *root);

/* Requests large pages for a large block: page faults cost more than the writes themselves. */
void wp_memory_use_large_pages (gpointer memory, gsize bytes);

/**
 * wp_memory_grow:
 * @memory: (inout): the address of a pointer to @room elements of @size bytes; NULL and 0 at first
 * @n: elements to have room for
 * For arrays that grow with the input and may exceed the memory; on failure the array is unchanged. Free with
 * g_free().
 *
 * Returns: FALSE with WP_ERROR_IO `no memory for 1000 rows`
 */
gboolean wp_memory_grow (gpointer memory, gsize *room, gsize n, gsize size, GError **error);

/* Sets that error for @n rows. Returns FALSE. */
gboolean wp_memory_fail (gsize n, GError **error);

/* The memory that the process may have: the least of the machine's, the control group's, and a limit of
 * address space (RLIMIT_AS). */
guint64 wp_memory_available (void);
