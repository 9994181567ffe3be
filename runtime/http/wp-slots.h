/* wp-slots.h - the limit of open connections, shared by all threads that accept them. Any thread. */
#pragma once

#include <glib.h>

typedef struct _WpSlots WpSlots;

/* A listening socket. Initially all zero except the first two. */
typedef struct {
  /* A slot is reserved for the taker, who must take it or leave. Called under the lock. */
  void (*granted) (gpointer data);
  gpointer data;
  gboolean waits, kept; /* guarded by the slots' lock */
} WpSlotTaker;

WpSlots *wp_slots_new (guint n);
void wp_slots_free (WpSlots *self);

/* Returns: FALSE if all are taken; then the taker waits in FIFO order, until it is granted a slot. */
gboolean wp_slots_take (WpSlots *self, WpSlotTaker *taker);
void wp_slots_release (WpSlots *self);

/* The taker no longer waits; a slot that is reserved for it goes to the next taker. */
void wp_slots_cancel (WpSlots *self, WpSlotTaker *taker);
