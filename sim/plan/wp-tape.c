#include "sim/plan/wp-tape.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-memory.h"
#include "sim/plan/wp-tape-block.h"
#include "sim/trace/wp-scale.h"

#define BLOCK_ROWS WP_TAPE_BLOCK_ROWS       /* 64 kB: what a reader holds of a block stays in the second cache */
#define CHUNK_BYTES (32 * 1024 * 1024)      /* of which only what is used is there */

/* Of a packed block: in a chunk, at offset % CHUNK_BYTES, or in the file. */
typedef struct {
  guint64 offset;
  gsize bytes;
  gboolean is_filed;
  gint64 first_ns;                    /* its first arrival */
  double services_ns;                 /* of all its rows */
} Place;

struct _WpTape {
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

struct _WpTapeReader {
  const WpTape *tape;
  double scale;
  guint64 at, limit;
  gint64 scaled_ns[BLOCK_ROWS];
  WpTapeBlock block, packed;          /* the latter of the file */
};

static void
free_chunk (gpointer chunk)
{
  wp_memory_unmap (chunk, CHUNK_BYTES);
}

WpTape *
wp_tape_new (gsize memory_bytes)
{
  WpTape *self = g_new0 (WpTape, 1);

  self->places = g_array_new (FALSE, FALSE, sizeof (Place));
  self->chunks = g_ptr_array_new_with_free_func (free_chunk);
  self->memory_bytes = memory_bytes;
  self->fd = -1;

  return self;
}

void
wp_tape_restart (WpTape *self)
{
  g_array_set_size (self->places, 0);
  g_ptr_array_set_size (self->chunks, 0);
  self->used_bytes = self->file_bytes = 0;
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  self->n_rows = 0;
}

void
wp_tape_free (WpTape *self)
{
  wp_tape_restart (self);
  g_array_unref (self->places);
  g_ptr_array_unref (self->chunks);
  g_free (self);
}

guint64
wp_tape_length (const WpTape *self)
{
  return self->n_rows;
}

void
wp_tape_watch (WpTape *self, WpTapeRead read, gpointer data)
{
  self->read = read;
  self->data = data;
}

static gboolean
fail_io (GError **error)
{
  int reason = errno;

  g_set_error (error, WP_ERROR, WP_ERROR_IO, "a temporary file for the trace (%s): %s; with --no-plan none is needed", g_get_tmp_dir (),
               g_strerror (reason));

  return FALSE;
}

static gboolean
open_file (WpTape *self, GError **error)
{
  g_autofree char *name = NULL;

  self->fd = g_file_open_tmp ("wp-sim-XXXXXX", &name, error);
  if (self->fd < 0)
    return FALSE;
  g_unlink (name);

  return TRUE;
}

static gboolean
write_block (WpTape *self, const Place *place, GError **error)
{
  const char *at = (const char *) &self->packed;

  if (self->fd < 0 && !open_file (self, error))
    return FALSE;
  for (gsize left = place->bytes; left > 0;)
    {
      gssize written = write (self->fd, at, left);

      if (written < 0 && errno != EINTR)
        return fail_io (error);
      at += MAX (written, 0);
      left -= (gsize) MAX (written, 0);
    }
  self->file_bytes += place->bytes;

  return TRUE;
}

static gpointer
in_memory (const WpTape *self, const Place *place)
{
  char *chunk = g_ptr_array_index (self->chunks, place->offset / CHUNK_BYTES);

  return chunk + place->offset % CHUNK_BYTES;
}

static double
sum (const gint64 *times_ns, gsize n)
{
  double total_ns = 0;

  for (gsize i = 0; i < n; i++)
    total_ns += (double) times_ns[i];

  return total_ns;
}

/* The rows of the last block, which is full. */
static gboolean
keep_last (WpTape *self, GError **error)
{
  Place place = { .bytes = wp_tape_block_pack (&self->last, &self->packed), .first_ns = self->last.arrivals_ns[0],
                  .services_ns = sum (self->last.services_ns, BLOCK_ROWS) };
  guint64 room = self->chunks->len * (guint64) CHUNK_BYTES - self->used_bytes;
  guint64 offset = room < place.bytes ? self->used_bytes + room : self->used_bytes;

  place.is_filed = offset + place.bytes > self->memory_bytes;
  place.offset = place.is_filed ? self->file_bytes : offset;
  if (place.is_filed && !write_block (self, &place, error))
    return FALSE;
  if (!place.is_filed)
    {
      if (room < place.bytes)
        g_ptr_array_add (self->chunks, wp_memory_map (CHUNK_BYTES));
      memcpy (in_memory (self, &place), &self->packed, place.bytes);
      self->used_bytes = offset + place.bytes;
    }
  g_array_append_val (self->places, place);

  return TRUE;
}

gboolean
wp_tape_add (WpTape *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows, GError **error)
{
  for (gsize done = 0, n; done < n_rows; done += n)
    {
      gsize at = (gsize) (self->n_rows % BLOCK_ROWS);

      n = MIN (n_rows - done, BLOCK_ROWS - at);
      for (gsize i = 0; i < n; i++)
        self->last.arrivals_ns[at + i] = rows[done + i].arrival_ns;
      memcpy (self->last.services_ns + at, services_ns + done, n * sizeof *services_ns);
      self->n_rows += n;
      if (at + n == BLOCK_ROWS && !keep_last (self, error))
        return FALSE;
    }

  return TRUE;
}

/* Sizes of what wp_trace_read() gives at once do not matter. */
static gboolean
load_rows (WpTape *self, const WpRow *rows, gsize n_rows, WpService *service, WpTraffic *traffic, GError **error)
{
  gint64 services_ns[BLOCK_ROWS];

  for (gsize done = 0, n; done < n_rows; done += n)
    {
      n = MIN (n_rows - done, BLOCK_ROWS);
      if (service)
        wp_service_fill (service, rows + done, n, services_ns);
      else
        for (gsize i = 0; i < n; i++)
          services_ns[i] = rows[done + i].service_ns;
      if (traffic)
        wp_traffic_add (traffic, rows + done, services_ns, n);
      if (!wp_tape_add (self, rows + done, services_ns, n, error))
        return FALSE;
    }

  return TRUE;
}

WpTape *
wp_tape_load (WpTrace *trace, WpService *service, WpTraffic **traffic, GError **error)
{
  g_autoptr(WpTape) self = wp_tape_new (WP_TAPE_MEMORY_BYTES);
  const WpRow *rows;
  gsize n_rows;
  WpRead read;

  while ((read = wp_trace_read (trace, &rows, &n_rows, error)) != WP_READ_END)
    {
      if (read == WP_READ_ERROR || (read == WP_READ_DISORDER && !wp_trace_sort (trace, error)))
        return NULL;
      if (read == WP_READ_DISORDER)
        {
          wp_tape_restart (self);
          if (service)
            wp_service_restart (service);
          if (traffic)
            {
              wp_traffic_free (*traffic);
              *traffic = wp_traffic_new ();
            }
        }
      else if (!load_rows (self, rows, n_rows, service, traffic ? *traffic : NULL, error))
        return NULL;
    }

  return g_steal_pointer (&self);
}

WpTape *
wp_tape_copy (const WpTape *self, WpService *service, double service_scale, GError **error)
{
  g_autoptr(WpTapeReader) reader = wp_tape_reader_new (self, 1.0, 0);
  g_autoptr(WpTape) copy = wp_tape_new (self->memory_bytes);
  g_autofree WpRow *rows = g_new0 (WpRow, BLOCK_ROWS);
  const gint64 *arrivals_ns, *services_ns;
  gssize n;

  wp_service_restart (service);
  while ((n = wp_tape_reader_next (reader, &arrivals_ns, &services_ns, error)) > 0)
    {
      for (gssize i = 0; i < n; i++)
        {
          rows[i].arrival_ns = arrivals_ns[i];
          rows[i].service_ns = wp_scale_service (services_ns[i], service_scale);
        }
      if (!load_rows (copy, rows, (gsize) n, service, NULL, error))
        return NULL;
    }

  return n < 0 ? NULL : g_steal_pointer (&copy);
}

double
wp_tape_offered_load (const WpTape *self, guint64 limit)
{
  const Place *places = (const Place *) (gconstpointer) self->places->data;
  gboolean all = limit == 0 || limit >= self->n_rows;
  gsize n_blocks = (gsize) ((all ? self->n_rows : limit) / BLOCK_ROWS), rest = all ? (gsize) (self->n_rows % BLOCK_ROWS) : 0;
  gint64 first_ns = self->places->len > 0 ? places[0].first_ns : self->last.arrivals_ns[0];
  gint64 end_ns = n_blocks < self->places->len ? places[n_blocks].first_ns
                  : self->last.arrivals_ns[rest > 0 ? rest - 1 : BLOCK_ROWS - 1];   /* where the block before has left its last one */
  double work_ns = sum (self->last.services_ns, rest);

  for (gsize i = 0; i < n_blocks; i++)
    work_ns += places[i].services_ns;

  return work_ns > 0 ? work_ns / (double) (end_ns - first_ns) : 0;
}

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
read_block (WpTapeReader *self, const Place *place, GError **error)
{
  char *at = (char *) &self->packed;
  off_t offset = (off_t) place->offset;

  for (gsize left = place->bytes; left > 0;)
    {
      gssize n = pread (self->tape->fd, at, left, offset);

      if (n == 0)
        errno = EIO;
      if (n == 0 || (n < 0 && errno != EINTR))
        return fail_io (error);
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
  const Place *place = &g_array_index (self->tape->places, Place, index);

  if (index == self->tape->places->len)
    return &self->tape->last;
  if (!place->is_filed)
    return wp_tape_block_unpack (in_memory (self->tape, place), place->bytes, &self->block);

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
