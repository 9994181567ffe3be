/* wp-memory.h - large pieces of memory. */
#pragma once

#include <glib.h>

/* Asks the kernel for large pages where @bytes at @memory are many, for a page fault costs more than what is then written there. Nothing
 * else changes. */
void wp_memory_use_large_pages (gpointer memory, gsize bytes);

/* Many bytes, all 0, in large pages; only what is written to is there. Never NULL: the program ends where there is no room, as g_malloc() has
 * it. Freed with the same number. */
gpointer wp_memory_map (gsize bytes);
void wp_memory_unmap (gpointer memory, gsize bytes);
