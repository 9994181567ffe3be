/* wp-response-buffer.h - the answers of the connection at hand, until they are sent in one piece. All
 * connections of a front share one, and each leaves it empty. */
#pragma once

#include "runtime/http/wp-http-thread.h"

typedef struct _WpResponseBuffer WpResponseBuffer;

WpResponseBuffer *wp_response_buffer_new (WpHttpThread *http_thread);
void wp_response_buffer_free (WpResponseBuffer *self);

/* @text: the body. During a drain the answer is the connection's last. */
void wp_response_buffer_answer (WpResponseBuffer *self, WpConnection *connection, guint status,
                                const char *text);

/* The same for a request that was turned away, which it counts. @bodiless: to HEAD. */
void wp_response_buffer_refuse (WpResponseBuffer *self, WpConnection *connection, WpHttpError why,
                                gboolean bodiless);

/* 100 (Continue) */
void wp_response_buffer_go_on (WpResponseBuffer *self);

gsize wp_response_buffer_size (const WpResponseBuffer *self); /* bytes */

/* Sends it; what the socket does not take waits at the connection. FALSE: something waits, or will never be
 * sent. */
gboolean wp_response_buffer_flush (WpResponseBuffer *self, WpConnection *connection);
