/* wp-stream.h - a connection of the gate as a GIOStream, for SoupServer. Non-blocking; no source of it has a
 * descriptor. */
#pragma once

#include <gio/gio.h>

#include "runtime/http/wp-soup-input.h"

#define WP_TYPE_STREAM (wp_stream_get_type ())
G_DECLARE_FINAL_TYPE (WpStream, wp_stream, WP, STREAM, GIOStream)

/* Becomes @connection's lane; releases it when the stream is closed or finalized. @vet: of the first request;
 * what it owns is the stream's now */
GIOStream *wp_stream_new (WpConnection *connection, const WpSoupInput *vet);

/* What the client asks for in the request that libsoup is at, as our parser read it; of @connection, whose
 * lane is a stream. */
const WpRequest *wp_stream_get_request (const WpConnection *connection);
void wp_stream_let_go (WpConnection *connection);         /* what is held for it counts no more */
void wp_stream_forget_request (WpConnection *connection); /* it has its job, or none; frees it */
void wp_stream_finish_request (WpConnection *connection); /* it has its answer */
