/* wp-trace-buffer-private.h - what a buffer and its readers share. */
#pragma once

#include "sim/plan/wp-trace-buffer-block.h"
#include "sim/plan/wp-trace-buffer.h"

#define WP_TRACE_BUFFER_CHUNK_BYTES (32 * 1024 * 1024)   /* of which only what is used is there */

/* Of a packed block: in a chunk, at offset % WP_TRACE_BUFFER_CHUNK_BYTES, or in the file. */
typedef struct {
  guint64 offset;
  gsize bytes;
  gboolean is_filed;
  gint64 first_ns;                    /* its first arrival */
  double services_ns;                 /* of all its rows */
} WpTraceBufferPlace;

typedef enum { WP_TRACE_BUFFER_WHOLE, WP_TRACE_BUFFER_GROWS, WP_TRACE_BUFFER_RESTARTS, WP_TRACE_BUFFER_GIVEN_UP } WpTraceBufferState;

/* What readers and who records agree by. */
typedef struct {
  GMutex mutex;           /* guards the rest, and the buffer's places and chunks */
  GCond changed;
  WpTraceBufferState state;
  guint n_readers;
} WpTraceBufferGuard;

struct _WpTraceBuffer {
  WpTraceBufferGuard *guard;
  GArray *places;         /* of every block that is full */
  GPtrArray *chunks;
  guint64 memory_bytes, used_bytes;   /* may be, and are, in chunks; the ends of chunks too */
  int fd;                 /* of the blocks for which there is no memory; -1: there are none */
  guint64 file_bytes;
  WpTraceBufferBlock last, packed;           /* the rows after those; and room to pack them */
  guint64 n_rows;
  WpTraceBufferRead read;        /* NULL: nobody asks */
  gpointer data;
};

static inline gpointer
wp_trace_buffer_in_memory (const WpTraceBuffer *self, const WpTraceBufferPlace *place)
{
  char *chunk = g_ptr_array_index (self->chunks, place->offset / WP_TRACE_BUFFER_CHUNK_BYTES);

  return chunk + place->offset % WP_TRACE_BUFFER_CHUNK_BYTES;
}

gboolean wp_trace_buffer_fail_io (GError **error);   /* by errno; FALSE */
