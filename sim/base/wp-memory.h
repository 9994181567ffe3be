/* wp-memory.h - large pieces of memory. */
#pragma once

#include <glib.h>

/* Asks the kernel for large pages where @bytes at @memory are many, for a page fault costs more than what is then written there. Nothing
 * else changes. */
void wp_memory_use_large_pages (gpointer memory, gsize bytes);
