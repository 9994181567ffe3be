/* wp-heap.h - a binary heap of plain values, the least first. */
#pragma once

#include <glib.h>

/**
 * WP_DEFINE_HEAP:
 * @before: a function or macro of two pointers to @Item: is the first less?
 * Defines @Heap and its inline functions. A heap is a plain value; all zero is empty. heap_first() and
 * heap_pop() need a length > 0. heap_clear() frees the memory and leaves an empty heap.
 */
#define WP_DEFINE_HEAP(Heap, heap, Item, before)                                                             \
  typedef struct {                                                                                           \
    Item *items;                                                                                             \
    gsize length, capacity;                                                                                  \
  } Heap;                                                                                                    \
                                                                                                             \
  G_GNUC_UNUSED static inline const Item *heap##_first (const Heap *self)                                    \
  {                                                                                                          \
    return &self->items[0];                                                                                  \
  }                                                                                                          \
                                                                                                             \
  G_GNUC_UNUSED static inline void heap##_push (Heap *self, Item item)                                       \
  {                                                                                                          \
    gsize i = self->length++;                                                                                \
                                                                                                             \
    if (G_UNLIKELY (i == self->capacity))                                                                    \
      {                                                                                                      \
        self->capacity = MAX (16, 2 * self->capacity);                                                       \
        self->items = g_renew (Item, self->items, self->capacity);                                           \
      }                                                                                                      \
    for (; i > 0 && before (&item, &self->items[(i - 1) / 2]); i = (i - 1) / 2)                              \
      self->items[i] = self->items[(i - 1) / 2];                                                             \
    self->items[i] = item;                                                                                   \
  }                                                                                                          \
                                                                                                             \
  G_GNUC_UNUSED static inline Item heap##_pop (Heap *self)                                                   \
  {                                                                                                          \
    Item *items = self->items, first = items[0], last = items[--self->length];                               \
    gsize n = self->length, i = 0;                                                                           \
                                                                                                             \
    for (gsize child = 1; child < n; child = 2 * i + 1)                                                      \
      {                                                                                                      \
        child += child + 1 < n && before (&items[child + 1], &items[child]);                                 \
        if (!before (&items[child], &last))                                                                  \
          break;                                                                                             \
        items[i] = items[child];                                                                             \
        i = child;                                                                                           \
      }                                                                                                      \
    items[i] = last;                                                                                         \
                                                                                                             \
    return first;                                                                                            \
  }                                                                                                          \
                                                                                                             \
  G_GNUC_UNUSED static inline void heap##_clear (Heap *self)                                                 \
  {                                                                                                          \
    g_free (self->items);                                                                                    \
    *self = (Heap){ 0 };                                                                                     \
  }
