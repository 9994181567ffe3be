/* wp-reader.h - reads complete requests from connections, one at a time, on every listener and for both
 * protocols. It refuses requests that are malformed, too large, unauthorized or not supported. One for each
 * HTTP thread, used by it only.
 *
 * An idle connection owns no buffer: all share one of the reader's. An incomplete request is kept at its
 * connection: its head is parsed incrementally, and its body is kept decoded, without chunk framing and
 * trailers. Its memory is taken from the budget. */
#pragma once

#include "runtime/http/wp-connection.h"
#include "runtime/http/wp-request.h"
#include "runtime/secure/wp-tokens.h"

typedef struct _WpReader WpReader;

typedef struct {
  WpTokens *tokens;    /* NULL: no token is required; not owned */
  gboolean any_method; /* otherwise GET, POST and PUT */
} WpReaderRules;

typedef enum {
  WP_READER_MORE,  /* no complete request for now */
  WP_READER_GO_ON, /* the client waits for 100 (Continue); send it and call again */
  WP_READER_REQUEST,
  WP_READER_REFUSED, /* answer with @why; connection->last is set if the connection must close */
  WP_READER_ENDED    /* the client has ended its side */
} WpReading;

/* All members but the body are valid until the next call for any connection. */
typedef struct {
  const WpRequestParser *head;
  const char *text; /* of the head */
  GBytes *body;     /* (transfer full) (nullable): none, or empty */
  WpHttpError why;
  gboolean bodiless; /* the refused request is HEAD: its response has no body */
} WpReadResult;

WpReader *wp_reader_new (const WpReaderRules *rules);
void wp_reader_free (WpReader *self);

/* Reads the next request; sets last, asked_end and keeps_alive of the connection. Before the next call, all
 * earlier responses should be sent, except a few kB. */
WpReading wp_reader_next (WpReader *self, WpConnection *connection, WpReadResult *result);

/* Returns: TRUE if bytes of the current connection were read and not parsed yet. */
gboolean wp_reader_has_bytes (const WpReader *self);

/* Ends the turn of the connection: keeps its unparsed bytes. Returns: TRUE if the turn was cut short, and
 * there may be more to read. */
gboolean wp_reader_end_turn (WpReader *self, WpConnection *connection);

/* After the responses were sent: enters the state of the next or incomplete request. */
void wp_reader_resume (WpConnection *connection);
