/* wp-vet.h - lets libsoup's parser see bodies that ours has read and found well formed, each behind a head that we write, and nothing else.
 *
 * libsoup 3.2.3 takes conflicting lengths, lone line feeds, overflowing chunk sizes and more; of an HTTP/1.0 request it forgets the fields
 * that Connection names, its length too; it mends paths and what is no UTF-8. So no byte of a client's head reaches it: what we read there
 * is the request. */
#pragma once

#include "runtime/http/wp-chunked.h"
#include "runtime/http/wp-connection.h"
#include "runtime/http/wp-request.h"

/* All zero at first. */
typedef struct {
  enum { WP_VET_HEAD, WP_VET_COUNTED, WP_VET_CHUNKED } expects;
  gsize passed_bytes;        /* vetted, not yet read by libsoup: the rest of @head, else of the connection's @in */
  GString *head;             /* in place of the client's; NULL once read */
  WpRequest request;         /* the client's; its slices are of @text */
  char *text;                /* NULL: none, or forgotten */
  guint64 left_bytes;        /* of a counted body, not yet vetted */
  WpChunked *chunked;
  gboolean waits;            /* what is in @in was looked at, and is not whole */
} WpVet;

void wp_vet_clear (WpVet *self);

/* The job is made: who waits long is to hold no head of up to 32 kB for it. */
void wp_vet_forget_head (WpVet *self);

/* As recv(), of vetted bytes; -1 with EAGAIN where there are none now. Refuses and kills the connection where they are malformed. */
gssize wp_vet_read (WpVet *self, WpConnection *connection, char *buffer, gsize size);

/* Would a read do more than say EAGAIN, as far as we know? */
gboolean wp_vet_is_readable (const WpVet *self, const WpConnection *connection);
