/* wp-tape-private.h - what a tape and its readers share. */
#pragma once

#include "sim/plan/wp-tape-block.h"
#include "sim/plan/wp-tape.h"

#define WP_TAPE_CHUNK_BYTES (32 * 1024 * 1024)   /* of which only what is used is there */

/* Of a packed block: in a chunk, at offset % WP_TAPE_CHUNK_BYTES, or in the file. */
typedef struct {
  guint64 offset;
  gsize bytes;
  gboolean is_filed;
  gint64 first_ns;                    /* its first arrival */
  double services_ns;                 /* of all its rows */
} WpTapePlace;

typedef enum { WP_TAPE_WHOLE, WP_TAPE_GROWS, WP_TAPE_RESTARTS, WP_TAPE_GIVEN_UP } WpTapeState;

/* What readers and who records agree by. */
typedef struct {
  GMutex mutex;           /* guards the rest, and the tape's places and chunks */
  GCond changed;
  WpTapeState state;
  guint n_readers;
} WpTapeGuard;

struct _WpTape {
  WpTapeGuard *guard;
  GArray *places;         /* of every block that is full */
  GPtrArray *chunks;
  guint64 memory_bytes, used_bytes;   /* may be, and are, in chunks; the ends of chunks too */
  int fd;                 /* of the blocks for which there is no memory; -1: there are none */
  guint64 file_bytes;
  WpTapeBlock last, packed;           /* the rows after those; and room to pack them */
  guint64 n_rows;
  WpTapeRead read;        /* NULL: nobody asks */
  gpointer data;
};

static inline gpointer
wp_tape_in_memory (const WpTape *self, const WpTapePlace *place)
{
  char *chunk = g_ptr_array_index (self->chunks, place->offset / WP_TAPE_CHUNK_BYTES);

  return chunk + place->offset % WP_TAPE_CHUNK_BYTES;
}

gboolean wp_tape_fail_io (GError **error);   /* by errno; FALSE */
