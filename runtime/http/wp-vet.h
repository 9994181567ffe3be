/* wp-vet.h - lets libsoup's parser see whole heads and bodies that ours has read and found well formed, and nothing else.
 *
 * libsoup 3.2.3 takes conflicting lengths, lone line feeds, overflowing chunk sizes and more. What is malformed is refused here and
 * never reaches it. */
#pragma once

#include "runtime/http/wp-chunked.h"
#include "runtime/http/wp-connection.h"

/* All zero at first. */
typedef struct {
  enum { WP_VET_HEAD, WP_VET_COUNTED, WP_VET_CHUNKED } expects;
  gsize passed_bytes;        /* of the connection's @in: vetted, not yet read by libsoup */
  guint64 left_bytes;        /* of a counted body, not yet vetted */
  WpChunked *chunked;
  gboolean waits;            /* what is in @in was looked at, and is not whole */
} WpVet;

void wp_vet_clear (WpVet *self);

/* As recv(), of vetted bytes; -1 with EAGAIN where there are none now. Refuses and kills the connection where they are malformed. */
gssize wp_vet_read (WpVet *self, WpConnection *connection, char *buffer, gsize size);

/* Would a read do more than say EAGAIN, as far as we know? */
gboolean wp_vet_is_readable (const WpVet *self, const WpConnection *connection);
