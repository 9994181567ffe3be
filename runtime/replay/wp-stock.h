/* wp-stock.h - connections that stand before a request needs them: to open one takes longer than to send on
 * it, and in a burst that would be lag. */
#pragma once

#include "runtime/replay/wp-target.h"

typedef struct _WpStock WpStock;

/**
 * wp_stock_new:
 * @target: probed; outlives the stock
 * @size: connections to keep; 0: none, ever
 */
WpStock *wp_stock_new (const WpTarget *target, guint size);
void wp_stock_free (WpStock *self); /* closes what is left */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpStock, wp_stock_free)

/* Opens one connection where one is missing or has stood for so long that a server may be about to close it.
 * Does not block. FALSE: there was nothing to do, or no connection to be had. */
gboolean wp_stock_fill (WpStock *self);

/* The one that has stood longest (a server that takes few connections takes the oldest), now the caller's;
 * -1: none that is alive. */
int wp_stock_take (WpStock *self);

guint wp_stock_length (const WpStock *self);
