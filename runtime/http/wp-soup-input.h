/* wp-soup-input.h - feeds libsoup one complete request at a time: a head of our own and the validated body.
 * No byte of a client's head, chunks or trailers reaches it.
 *
 * libsoup 3.2.3 ends a chunked body after the first trailer, accepts conflicting lengths, lone line feeds,
 * overflowing chunk sizes and more, and changes paths and invalid UTF-8. So only our parser reads the
 * client's bytes.
 */
#pragma once

#include "runtime/http/wp-response-buffer.h"
#include "runtime/http/wp-reader.h"

/* Initially all zero except the first two, which belong to the HTTP thread. */
typedef struct {
  WpReader *reader;
  WpResponseBuffer *responses;
  WpRequestParser parser; /* of libsoup's current request */
  char *text;             /* the client's head; NULL: none, or forgotten */
  GString *head;          /* our head for libsoup; NULL: head and body are read */
  GBytes *body;           /* (nullable) */
  gsize given;            /* bytes of both that libsoup has read */
  gsize held_bytes;       /* of the budget: twice the body, since libsoup copies it */
  gboolean serving;       /* libsoup has a request to answer; no further one is read */
  gboolean ended;         /* the client has ended its side */
  gboolean saw_end;       /* libsoup has got the byte before the end, see read_end() */
} WpSoupInput;

/* Reads until libsoup has a request to serve, and answers refused requests itself. Reads no new request
 * before all responses are sent. */
void wp_soup_input_advance (WpSoupInput *self, WpConnection *connection);

/* As recv(), for libsoup; -1 with EAGAIN. */
gssize wp_soup_input_read (WpSoupInput *self, WpConnection *connection, char *buffer, gsize size);

/* Returns: TRUE if libsoup can read bytes, or the end. */
gboolean wp_soup_input_is_readable (const WpSoupInput *self, const WpConnection *connection);

/* Gives the request's bytes back to the budget. */
void wp_soup_input_uncharge (WpSoupInput *self, WpConnection *connection);

/* The request has its job or its response: frees it. */
void wp_soup_input_forget (WpSoupInput *self, WpConnection *connection);
/* The request has its response: the next one may be read. */
void wp_soup_input_finish (WpSoupInput *self, WpConnection *connection);
void wp_soup_input_clear (WpSoupInput *self); /* the connection is gone */
