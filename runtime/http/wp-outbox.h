/* wp-outbox.h - the answers of the connection at hand, until they are sent in one piece. All connections of a
 * front share one, and each leaves it empty. */
#pragma once

#include "runtime/http/wp-front.h"

typedef struct _WpOutbox WpOutbox;

WpOutbox *wp_outbox_new (WpFront *front);
void wp_outbox_free (WpOutbox *self);

/* @text: the body. During a drain the answer is the connection's last. */
void wp_outbox_answer (WpOutbox *self, WpConnection *connection, guint status, const char *text);

/* The same for a request that was turned away, which it counts. @bodiless: to HEAD. */
void wp_outbox_refuse (WpOutbox *self, WpConnection *connection, WpRefusal why, gboolean bodiless);

/* 100 (Continue) */
void wp_outbox_go_on (WpOutbox *self);

gsize wp_outbox_size (const WpOutbox *self); /* bytes */

/* Sends it; what the socket does not take waits at the connection. FALSE: something waits, or will never be
 * sent. */
gboolean wp_outbox_flush (WpOutbox *self, WpConnection *connection);
