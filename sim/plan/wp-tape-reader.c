#include "sim/plan/wp-tape-private.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-scale.h"

#define BLOCK_ROWS WP_TAPE_BLOCK_ROWS   /* 64 kB: what a reader holds of a block stays in the second cache */

struct _WpTapeReader {
  const WpTape *tape;
  double scale;
  guint64 at, limit;
  gboolean is_void;
  WpTapePlace place;                  /* of the next block, unless it is the last one */
  gconstpointer in_memory;            /* NULL: it is in the file, or the last */
  gint64 scaled_ns[BLOCK_ROWS];
  WpTapeBlock block, packed;          /* the latter of the file */
};

WpTapeReader *
wp_tape_reader_new (const WpTape *tape, double scale, guint64 limit)
{
  WpTapeReader *self = g_new (WpTapeReader, 1);
  WpTapeGuard *guard = tape->guard;

  self->tape = tape;
  self->scale = scale;
  self->at = 0;
  self->limit = limit > 0 ? limit : G_MAXUINT64;
  self->is_void = FALSE;
  g_mutex_lock (&guard->mutex);
  while (guard->state == WP_TAPE_RESTARTS)
    g_cond_wait (&guard->changed, &guard->mutex);
  guard->n_readers++;
  g_mutex_unlock (&guard->mutex);

  return self;
}

void
wp_tape_reader_free (WpTapeReader *self)
{
  WpTapeGuard *guard = self->tape->guard;

  g_mutex_lock (&guard->mutex);
  if (--guard->n_readers == 0)
    g_cond_broadcast (&guard->changed);
  g_mutex_unlock (&guard->mutex);
  g_free (self);
}

gboolean
wp_tape_reader_is_void (const WpTapeReader *self)
{
  return self->is_void;
}

/* The next block, which it awaits. Returns: its rows; 0: there is none; -1. */
static gssize
find_block (WpTapeReader *self, GError **error)
{
  const WpTape *tape = self->tape;
  WpTapeGuard *guard = tape->guard;
  gsize index = (gsize) (self->at / BLOCK_ROWS);
  WpTapeState state;

  g_mutex_lock (&guard->mutex);
  while (guard->state == WP_TAPE_GROWS && index >= tape->places->len)
    g_cond_wait (&guard->changed, &guard->mutex);
  state = guard->state;
  self->place.bytes = 0;
  self->in_memory = NULL;
  if (index < tape->places->len)
    {
      self->place = g_array_index (tape->places, WpTapePlace, index);
      self->in_memory = self->place.is_filed ? NULL : wp_tape_in_memory (tape, &self->place);
    }
  g_mutex_unlock (&guard->mutex);
  if (state == WP_TAPE_GIVEN_UP)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_IO, "the trace could not be read to its end");
      return -1;
    }
  self->is_void = state == WP_TAPE_RESTARTS;
  if (state == WP_TAPE_WHOLE)
    self->limit = MIN (self->limit, tape->n_rows);

  return self->is_void ? 0 : (gssize) MIN (BLOCK_ROWS, self->limit - self->at);
}

static gboolean
read_block (WpTapeReader *self, const WpTapePlace *place, GError **error)
{
  char *at = (char *) &self->packed;
  off_t offset = (off_t) place->offset;

  for (gsize left = place->bytes; left > 0;)
    {
      gssize n = pread (self->tape->fd, at, left, offset);

      if (n == 0)
        errno = EIO;
      if (n == 0 || (n < 0 && errno != EINTR))
        return wp_tape_fail_io (error);
      n = MAX (n, 0);
      at += n;
      offset += n;
      left -= (gsize) n;
    }

  return TRUE;
}

/* NULL on an error. */
static const WpTapeBlock *
get_block (WpTapeReader *self, GError **error)
{
  if (self->place.bytes == 0)
    return &self->tape->last;
  if (self->in_memory)
    return wp_tape_block_unpack (self->in_memory, self->place.bytes, &self->block);

  return read_block (self, &self->place, error) ? wp_tape_block_unpack (&self->packed, self->place.bytes, &self->block) : NULL;
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
scale_all (WpTapeReader *self, const gint64 *arrivals_ns, gsize n)
{
  if (self->scale == 2.0)   /* which a plan asks most often */
    for (gsize i = 0; i < n; i++)
      self->scaled_ns[i] = arrivals_ns[i] / 2 + (arrivals_ns[i] & 1);
  else
    for (gsize i = 0; i < n; i++)
      self->scaled_ns[i] = scale_one (arrivals_ns[i], self->scale);
}

gssize
wp_tape_reader_next (WpTapeReader *self, const gint64 **arrivals_ns, const gint64 **services_ns, GError **error)
{
  gssize found = self->at < self->limit ? find_block (self, error) : 0;
  gsize n = (gsize) found;
  const WpTapeBlock *block;

  if (found <= 0)
    return found;
  if (!(block = get_block (self, error)))
    return -1;
  if (self->tape->read)
    self->tape->read (self->tape->data, n);
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
