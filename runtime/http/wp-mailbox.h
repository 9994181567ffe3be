/* wp-mailbox.h - things that other threads hand to a main context, delivered in batches: one wake-up for
 * many. */
#pragma once

#include <glib.h>

typedef struct _WpMailbox WpMailbox;
typedef void (*WpMailboxFunc) (gpointer item, gpointer data);

/* @func is called on @context's thread for each item, in the order in which they were posted. */
WpMailbox *wp_mailbox_new (GMainContext *context, WpMailboxFunc func, gpointer data);
/* on @context's thread, or when that has ended; what was not delivered is dropped */
void wp_mailbox_free (WpMailbox *self);

/* Any thread; @item is not NULL. */
void wp_mailbox_post (WpMailbox *self, gpointer item);
