/* wp-response-buffer.h - collects the responses of the current connection, to send them in one piece. All
 * connections of an HTTP thread share one, and each leaves it empty. */
#pragma once

#include "runtime/http/wp-http-thread.h"

typedef struct _WpResponseBuffer WpResponseBuffer;

WpResponseBuffer *wp_response_buffer_new (WpHttpThread *http_thread);
void wp_response_buffer_free (WpResponseBuffer *self);

/* @text: the body. During a drain the response is the connection's last. */
void wp_response_buffer_add (WpResponseBuffer *self, WpConnection *connection, guint status,
                             const char *text);

/* Appends the response to a refused request, and counts it. @bodiless: to HEAD, whose method is no refusal to
 * count: balancers and wp-replay only look with it whether a server answers. */
void wp_response_buffer_add_error (WpResponseBuffer *self, WpConnection *connection, WpHttpError why,
                                   gboolean bodiless);

/* 100 (Continue) */
void wp_response_buffer_add_continue (WpResponseBuffer *self);

gsize wp_response_buffer_size (const WpResponseBuffer *self); /* bytes */

/* Sends the responses; bytes that the socket does not take are appended to the connection's. Returns: FALSE
 * if bytes wait, or the connection is dead. */
gboolean wp_response_buffer_flush (WpResponseBuffer *self, WpConnection *connection);
