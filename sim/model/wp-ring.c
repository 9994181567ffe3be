#include "sim/model/wp-ring.h"

#include <string.h>

#include "sim/base/wp-memory.h"

#define FIRST_CAPACITY 64

gpointer
wp_ring_double (gpointer slots, gsize slot_bytes, gsize *mask, gsize *head, gsize length)
{
  gsize before = slots ? *mask + 1 : 0;
  gsize capacity = before > 0 ? 2 * before : FIRST_CAPACITY;
  gsize first = *head & *mask;
  char *bytes = g_realloc_n (slots, capacity, slot_bytes);

  wp_memory_use_large_pages (bytes, capacity * slot_bytes);
  if (first + length > before)
    memcpy (bytes + before * slot_bytes, bytes, (first + length - before) * slot_bytes);
  *mask = capacity - 1;
  *head = first;

  return bytes;
}
