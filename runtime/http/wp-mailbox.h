/* wp-mailbox.h - passes items from any thread to a main context, in batches with one wake-up each. */
#pragma once

#include <glib.h>

typedef struct _WpMailbox WpMailbox;
typedef void (*WpMailboxFunc) (gpointer item, gpointer data);

/* @func: called on @context's thread for each item, in the order of the posts. */
WpMailbox *wp_mailbox_new (GMainContext *context, WpMailboxFunc func, gpointer data);
/* on @context's thread, or after its end; items that are not delivered are dropped */
void wp_mailbox_free (WpMailbox *self);

/* Any thread; @item is not NULL. */
void wp_mailbox_post (WpMailbox *self, gpointer item);
