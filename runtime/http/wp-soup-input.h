/* wp-soup-input.h - lets libsoup see one request at a time that ours has read whole: a head that we write,
 * and the payload with its length. No byte of a client's head, chunks or trailers reaches it.
 *
 * libsoup 3.2.3 ends a chunked body after the first trailer, takes conflicting lengths, lone line feeds,
 * overflowing chunk sizes and more; it mends paths and what is no UTF-8. So what we read is the request. */
#pragma once

#include "runtime/http/wp-response-buffer.h"
#include "runtime/http/wp-reader.h"

/* All zero at first, but for the first two, which are the front's. */
typedef struct {
  WpReader *reader;
  WpResponseBuffer *responses;
  WpRequestParser parser; /* of the request that libsoup is at */
  char *text;             /* its head, as the client wrote it; NULL: there is none, or it was forgotten */
  GString *head;          /* what libsoup gets; NULL: it has it all, with the body */
  GBytes *body;           /* (nullable) */
  gsize given;            /* bytes of both that it has */
  gsize held_bytes;       /* of the budget: the body twice, for libsoup gathers it anew */
  gboolean serving;       /* libsoup has one to answer; nothing is read meanwhile */
  gboolean ended;         /* the client has ended its side */
  gboolean saw_end;       /* see wp-soup-input.c */
} WpSoupInput;

/* Reads what is there, until libsoup has something to do; answers by itself what is refused. Nothing new is
 * read before all answers are sent. */
void wp_soup_input_look (WpSoupInput *self, WpConnection *connection);

/* As recv(), of what libsoup is to see; -1 with EAGAIN where there is nothing now. */
gssize wp_soup_input_read (WpSoupInput *self, WpConnection *connection, char *buffer, gsize size);

/* There is something to see, or the end. */
gboolean wp_soup_input_is_readable (const WpSoupInput *self, const WpConnection *connection);

/* What is held for the request counts no more. */
void wp_soup_input_let_go (WpSoupInput *self, WpConnection *connection);

/* The request has a job that holds what is needed of it, or its answer: nothing is held for it any more. */
void wp_soup_input_forget (WpSoupInput *self, WpConnection *connection);
/* its answer: the next one may come */
void wp_soup_input_finish (WpSoupInput *self, WpConnection *connection);
void wp_soup_input_clear (WpSoupInput *self); /* the connection is gone */
