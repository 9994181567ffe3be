/* wp-partial.h - an incomplete request, which the reader keeps at its connection. */
#pragma once

#include "runtime/http/wp-chunked.h"
#include "runtime/http/wp-request.h"

typedef struct {
  WpRequestParser parser;
  char *head;
  gsize head_len, head_size;
  gboolean has_head; /* the head is complete */
  gboolean asked;    /* 100 (Continue) was sent, or is not needed */
  WpChunked chunked;
  char *body; /* decoded so far */
  gsize body_len, body_size;
  gsize held_bytes; /* of the budget */
} WpPartial;

void wp_partial_free (WpPartial *self);

/* @self: (nullable). Returns: TRUE if its method is known to be HEAD. */
gboolean wp_partial_is_head (const WpPartial *self);
