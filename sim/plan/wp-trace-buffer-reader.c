#include "sim/plan/wp-trace-buffer-private.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-scale.h"

#define BLOCK_ROWS WP_TRACE_BUFFER_BLOCK_ROWS   /* 64 kB: what a reader holds of a block stays in the second cache */

struct _WpTraceBufferReader {
  const WpTraceBuffer *buffer;
  double scale;
  guint64 at, limit;
  gboolean is_void;
  WpTraceBufferPlace place;                  /* of the next block, unless it is the last one */
  gconstpointer in_memory;            /* NULL: it is in the file, or the last */
  gint64 scaled_ns[BLOCK_ROWS];
  WpTraceBufferBlock block, packed;          /* the latter of the file */
};

WpTraceBufferReader *
wp_trace_buffer_reader_new (const WpTraceBuffer *buffer, double scale, guint64 limit)
{
  WpTraceBufferReader *self = g_new (WpTraceBufferReader, 1);
  WpTraceBufferGuard *guard = buffer->guard;

  self->buffer = buffer;
  self->scale = scale;
  self->at = 0;
  self->limit = limit > 0 ? limit : G_MAXUINT64;
  self->is_void = FALSE;
  g_mutex_lock (&guard->mutex);
  while (guard->state == WP_TRACE_BUFFER_RESTARTS)
    g_cond_wait (&guard->changed, &guard->mutex);
  guard->n_readers++;
  g_mutex_unlock (&guard->mutex);

  return self;
}

void
wp_trace_buffer_reader_free (WpTraceBufferReader *self)
{
  WpTraceBufferGuard *guard = self->buffer->guard;

  g_mutex_lock (&guard->mutex);
  if (--guard->n_readers == 0)
    g_cond_broadcast (&guard->changed);
  g_mutex_unlock (&guard->mutex);
  g_free (self);
}

gboolean
wp_trace_buffer_reader_is_void (const WpTraceBufferReader *self)
{
  return self->is_void;
}

/* The next block, which it awaits. Returns: its rows; 0: there is none; -1. */
static gssize
find_block (WpTraceBufferReader *self, GError **error)
{
  const WpTraceBuffer *buffer = self->buffer;
  WpTraceBufferGuard *guard = buffer->guard;
  gsize index = (gsize) (self->at / BLOCK_ROWS);
  WpTraceBufferState state;

  g_mutex_lock (&guard->mutex);
  while (guard->state == WP_TRACE_BUFFER_GROWS && index >= buffer->places->len)
    g_cond_wait (&guard->changed, &guard->mutex);
  state = guard->state;
  self->place.bytes = 0;
  self->in_memory = NULL;
  if (index < buffer->places->len)
    {
      self->place = g_array_index (buffer->places, WpTraceBufferPlace, index);
      self->in_memory = self->place.is_filed ? NULL : wp_trace_buffer_in_memory (buffer, &self->place);
    }
  g_mutex_unlock (&guard->mutex);
  if (state == WP_TRACE_BUFFER_GIVEN_UP)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_IO, "the trace could not be read to its end");
      return -1;
    }
  self->is_void = state == WP_TRACE_BUFFER_RESTARTS;
  if (state == WP_TRACE_BUFFER_WHOLE)
    self->limit = MIN (self->limit, buffer->n_rows);

  return self->is_void ? 0 : (gssize) MIN (BLOCK_ROWS, self->limit - self->at);
}

static gboolean
read_block (WpTraceBufferReader *self, const WpTraceBufferPlace *place, GError **error)
{
  char *at = (char *) &self->packed;
  off_t offset = (off_t) place->offset;

  for (gsize left = place->bytes; left > 0;)
    {
      gssize n = pread (self->buffer->fd, at, left, offset);

      if (n == 0)
        errno = EIO;
      if (n == 0 || (n < 0 && errno != EINTR))
        return wp_trace_buffer_fail_io (error);
      n = MAX (n, 0);
      at += n;
      offset += n;
      left -= (gsize) n;
    }

  return TRUE;
}

/* NULL on an error. */
static const WpTraceBufferBlock *
get_block (WpTraceBufferReader *self, GError **error)
{
  if (self->place.bytes == 0)
    return &self->buffer->last;
  if (self->in_memory)
    return wp_trace_buffer_block_unpack (self->in_memory, self->place.bytes, &self->block);

  return read_block (self, &self->place, error) ? wp_trace_buffer_block_unpack (&self->packed, self->place.bytes, &self->block) : NULL;
}

/* A double's quotient is off by 2^-52 of itself at most; where that could turn its rounding, long double is asked. */
static gint64
scale_one (gint64 arrival_ns, double scale)
{
  double quotient = (double) arrival_ns / scale;

  if (G_LIKELY (arrival_ns >= 0 && arrival_ns < G_GINT64_CONSTANT (1) << 52 && quotient < 0x1p52))
    {
      gint64 down = (gint64) quotient;
      double over = quotient - (double) down - 0.5;

      if (G_LIKELY (fabs (over) > quotient * 0x1p-51))
        return down + (over > 0);
    }

  return wp_scale_arrival (arrival_ns, scale);
}

static void
scale_all (WpTraceBufferReader *self, const gint64 *arrivals_ns, gsize n)
{
  if (self->scale == 2.0)   /* which a plan asks most often */
    for (gsize i = 0; i < n; i++)
      self->scaled_ns[i] = arrivals_ns[i] / 2 + (arrivals_ns[i] & 1);
  else
    for (gsize i = 0; i < n; i++)
      self->scaled_ns[i] = scale_one (arrivals_ns[i], self->scale);
}

gssize
wp_trace_buffer_reader_next (WpTraceBufferReader *self, const gint64 **arrivals_ns, const gint64 **services_ns, GError **error)
{
  gssize found = self->at < self->limit ? find_block (self, error) : 0;
  gsize n = (gsize) found;
  const WpTraceBufferBlock *block;

  if (found <= 0)
    return found;
  if (!(block = get_block (self, error)))
    return -1;
  if (self->buffer->read)
    self->buffer->read (self->buffer->data, n);
  self->at += n;
  *arrivals_ns = block->arrivals_ns;
  *services_ns = block->services_ns;
  if (self->scale != 1.0)
    {
      scale_all (self, block->arrivals_ns, n);
      *arrivals_ns = self->scaled_ns;
    }

  return (gssize) n;
}
