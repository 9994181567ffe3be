/* wp-trace-buffer-block.h - some rows of a buffer: as they are read, and packed to half of that. */
#pragma once

#include <glib.h>

#define WP_TRACE_BUFFER_BLOCK_ROWS 4096

typedef struct {
  gint64 arrivals_ns[WP_TRACE_BUFFER_BLOCK_ROWS];   /* in order */
  gint64 services_ns[WP_TRACE_BUFFER_BLOCK_ROWS];
} WpTraceBufferBlock;

/* @packed: aligned for a gint64, with room for sizeof (WpTraceBufferBlock). Returns: the bytes used, 8.1 a row where arrivals are dense (64 in
 * 4.29 s) and services shorter than that, else 16. */
gsize wp_trace_buffer_block_pack (const WpTraceBufferBlock *self, gpointer packed);

/* The reverse, without a copy where nothing was packed: returns @packed then, else @room. */
const WpTraceBufferBlock *wp_trace_buffer_block_unpack (gconstpointer packed, gsize bytes, WpTraceBufferBlock *room);
