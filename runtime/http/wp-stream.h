/* wp-stream.h - a connection as a GIOStream, for SoupServer. Non-blocking; its sources have no descriptors.
 */
#pragma once

#include <gio/gio.h>

#include "runtime/http/wp-soup-input.h"

#define WP_TYPE_STREAM (wp_stream_get_type ())
G_DECLARE_FINAL_TYPE (WpStream, wp_stream, WP, STREAM, GIOStream)

/* Becomes the protocol of @connection, which it releases when it is closed or finalized. @input: with the
 * first request; its members are (transfer full) */
GIOStream *wp_stream_new (WpConnection *connection, const WpSoupInput *input);

/* The functions below are for a @connection whose protocol is a stream. */

/* Returns: libsoup's current request, as our parser has read it. */
const WpRequest *wp_stream_get_request (const WpConnection *connection);
void wp_stream_uncharge (WpConnection *connection);       /* gives its bytes back to the budget */
void wp_stream_forget_request (WpConnection *connection); /* the request has its job, or none: frees it */
void wp_stream_finish_request (WpConnection *connection); /* the request has its response */
