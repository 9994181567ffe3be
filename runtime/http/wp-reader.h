/* wp-reader.h - turns the bytes of connections into whole requests, one at a time: the only reader of HTTP on
 * every listener, whoever answers. What is malformed, too large, too slow, not let in or not for us ends
 * here. One a front, on its thread.
 *
 * An idle connection owns no buffer: bytes are read into one of the reader's. What is here of a request that
 * is not whole is kept at its connection: its head is parsed as it comes, and of its body only the payload is
 * held, counted or chunked alike; trailers are read and thrown away. What is held is taken from the gate's
 * budget. */
#pragma once

#include "runtime/http/wp-connection.h"
#include "runtime/http/wp-request.h"
#include "runtime/secure/wp-tokens.h"

typedef struct _WpReader WpReader;

typedef struct {
  WpTokens *tokens;    /* NULL: whoever comes is let in; not owned */
  gboolean any_method; /* else GET, POST and PUT */
} WpReaderRules;

typedef enum {
  WP_READER_MORE,  /* there is no whole request for now */
  WP_READER_GO_ON, /* the client waits to be told to send its body: 100 (Continue); then there is more */
  WP_READER_REQUEST,
  WP_READER_REFUSED, /* one is to be answered with @why; it is the last where the connection says so */
  WP_READER_ENDED    /* the client has ended its side */
} WpReading;

/* What a request was read to. All but the body is there until the next call for any connection. */
typedef struct {
  const WpRequestParser *head;
  const char *text; /* of the head */
  GBytes *body;     /* (transfer full) (nullable): none, or empty */
  WpHttpError why;
  gboolean bodiless; /* the refused one is HEAD: no body follows its answer, whatever it is */
} WpReadResult;

WpReader *wp_reader_new (const WpReaderRules *rules);
void wp_reader_free (WpReader *self);

/* To be called for a connection until it has no more, or the lane wants none. Says at the connection what its
 * request does to it: last, asked_end, keeps_alive. Before a next request is asked for, the answers to those
 * before are to be sent, but for a few kB. */
WpReading wp_reader_next (WpReader *self, WpConnection *connection, WpReadResult *result);

/* There are bytes of the connection at hand that were read, and not looked at yet. */
gboolean wp_reader_has_bytes (const WpReader *self);

/* The connection has had its turn: keeps what was read of it and not taken. TRUE: it has had enough of a
 * turn, and there may be more. */
gboolean wp_reader_rest (WpReader *self, WpConnection *connection);

/* Its answers are sent: it is idle again, or in the midst of a request. */
void wp_reader_resume (WpConnection *connection);
