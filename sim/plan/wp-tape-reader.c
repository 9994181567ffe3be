#include "sim/plan/wp-tape-private.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "sim/trace/wp-scale.h"

#define BLOCK_ROWS WP_TAPE_BLOCK_ROWS   /* 64 kB: what a reader holds of a block stays in the second cache */

struct _WpTapeReader {
  const WpTape *tape;
  double scale;
  guint64 at, limit;
  gint64 scaled_ns[BLOCK_ROWS];
  WpTapeBlock block, packed;          /* the latter of the file */
};

WpTapeReader *
wp_tape_reader_new (const WpTape *tape, double scale, guint64 limit)
{
  WpTapeReader *self = g_new (WpTapeReader, 1);

  self->tape = tape;
  self->scale = scale;
  self->at = 0;
  self->limit = limit > 0 ? MIN (limit, tape->n_rows) : tape->n_rows;

  return self;
}

void
wp_tape_reader_free (WpTapeReader *self)
{
  g_free (self);
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
get_block (WpTapeReader *self, gsize index, GError **error)
{
  const WpTapePlace *place = &g_array_index (self->tape->places, WpTapePlace, index);

  if (index == self->tape->places->len)
    return &self->tape->last;
  if (!place->is_filed)
    return wp_tape_block_unpack (wp_tape_in_memory (self->tape, place), place->bytes, &self->block);

  return read_block (self, place, error) ? wp_tape_block_unpack (&self->packed, place->bytes, &self->block) : NULL;
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
  gsize n = (gsize) MIN (BLOCK_ROWS, self->limit - self->at);
  const WpTapeBlock *block;

  if (n == 0)
    return 0;
  if (!(block = get_block (self, (gsize) (self->at / BLOCK_ROWS), error)))
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
