/* wp-slots.h - how many connections there may be at once, whatever the number of threads that accept them.
 * Any thread. */
#pragma once

#include <glib.h>

typedef struct _WpSlots WpSlots;

/* A listening socket's claim. All zero at first, but for the first two. */
typedef struct {
  /* A slot is kept for it: it is to take or to leave it. Called under the lock, by whoever gave it back. */
  void (*granted) (gpointer data);
  gpointer data;
  gboolean waits, kept; /* guarded by the slots' lock */
} WpSlotTaker;

WpSlots *wp_slots_new (guint n);
void wp_slots_free (WpSlots *self);

/* FALSE: all are taken. Then the taker waits in line, behind those who came before it, and is told. */
gboolean wp_slots_take (WpSlots *self, WpSlotTaker *taker);
void wp_slots_give (WpSlots *self);

/* The taker no longer wants any: it leaves the line, and what is kept for it goes to the next. */
void wp_slots_leave (WpSlots *self, WpSlotTaker *taker);
