/* wp-partial.h - a request of which some has come, kept at its connection by the reader. */
#pragma once

#include "runtime/http/wp-chunked.h"
#include "runtime/http/wp-request.h"

typedef struct {
  WpRequestParser parser;
  char *head;
  gsize head_len, head_size;
  gboolean has_head; /* it is whole: what comes is body */
  gboolean asked;    /* the client was told to go on, or has begun with its body */
  WpChunked chunked;
  char *body; /* as far as it is decoded */
  gsize body_len, body_size;
  gsize held_bytes; /* of the budget */
} WpPartial;

void wp_partial_free (WpPartial *self);

/* @self: (nullable). As far as is known, its method is HEAD. */
gboolean wp_partial_is_head (const WpPartial *self);
