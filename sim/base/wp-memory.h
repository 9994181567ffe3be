/* wp-memory.h - large pieces of memory. */
#pragma once

#include <glib.h>

/* Asks the kernel for large pages where @bytes at @memory are many, for a page fault costs more than what is
 * then written there. Nothing else changes. */
void wp_memory_use_large_pages (gpointer memory, gsize bytes);

/**
 * wp_memory_grow:
 * @memory: (inout): the address of a pointer to @room elements of @size bytes; NULL and 0 at first
 * @n: elements to have room for
 *
 * For what grows with the input, and can therefore be more than there is: all stays as it was then. What is
 * made is freed with g_free().
 *
 * Returns: FALSE with WP_ERROR_IO `no memory for 1000 rows`
 */
gboolean wp_memory_grow (gpointer memory, gsize *room, gsize n, gsize size, GError **error);

/* Says so for @n rows. Returns FALSE. */
gboolean wp_memory_fail (gsize n, GError **error);

/* What the process may have: the machine's memory, the control group's, or a limit of address space
 * (RLIMIT_AS), whichever is least. */
guint64 wp_memory_available (void);
