#include "sim/plan/wp-trace-buffer.h"

#include <math.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-memory.h"
#include "sim/trace/wp-time-scale.h"

#define BLOCK_ROWS WP_TRACE_BUFFER_BLOCK_ROWS
#define MIB        (1024 * 1024)

struct _WpTraceBuffer {
  gint64 *arrivals_ns, *services_ns;
  guint row_bytes;        /* in all buffers that share the memory */
  gsize room, most_rows;  /* of the arrays; they never have more than the latter */
  double work_ns;         /* of the service times */
  guint64 n_rows;         /* that were added; more than room: not all fit */
  WpTraceBufferRead read; /* NULL: none */
  gpointer data;
};

WpTraceBuffer *
wp_trace_buffer_new (guint64 memory_bytes, guint n_buffers)
{
  WpTraceBuffer *self = g_new0 (WpTraceBuffer, 1);

  self->row_bytes = n_buffers * 2 * sizeof (gint64);
  self->most_rows = (gsize) (memory_bytes / self->row_bytes);

  return self;
}

void
wp_trace_buffer_free (WpTraceBuffer *self)
{
  g_free (self->arrivals_ns);
  g_free (self->services_ns);
  g_free (self);
}

void
wp_trace_buffer_clear (WpTraceBuffer *self)
{
  self->n_rows = 0;
  self->work_ns = 0;
}

guint64
wp_trace_buffer_length (const WpTraceBuffer *self)
{
  return self->n_rows;
}

void
wp_trace_buffer_watch (WpTraceBuffer *self, WpTraceBufferRead read, gpointer data)
{
  self->read = read;
  self->data = data;
}

static gboolean
grow_array (gint64 **array, gsize room)
{
  gint64 *grown = g_try_renew (gint64, *array, room);

  if (!grown)
    return FALSE;
  *array = grown;
  wp_memory_use_large_pages (grown, room * sizeof *grown);

  return TRUE;
}

/* Pages that no row was written to take no memory, and the allocator moves large arrays without copying them.
 */
static void
grow (WpTraceBuffer *self, guint64 n_rows)
{
  gsize room = (gsize) MIN (MAX (MAX (n_rows, 2 * (guint64) self->room), BLOCK_ROWS), self->most_rows);

  if (room <= self->room)
    return;
  if (grow_array (&self->arrivals_ns, room) && grow_array (&self->services_ns, room))
    self->room = room;
  else
    self->most_rows = self->room; /* there is no more */
}

void
wp_trace_buffer_add (WpTraceBuffer *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows)
{
  gsize first = (gsize) self->n_rows;

  self->n_rows += n_rows;
  if (self->n_rows > self->room)
    grow (self, self->n_rows);
  if (self->n_rows > self->room)
    return;
  for (gsize i = 0; i < n_rows; i++)
    {
      self->arrivals_ns[first + i] = rows[i].arrival_ns;
      self->services_ns[first + i] = services_ns[i];
      self->work_ns += (double) services_ns[i];
    }
}

gboolean
wp_trace_buffer_check (const WpTraceBuffer *self, const char *or_else, GError **error)
{
  guint64 needed_mib = (self->n_rows * self->row_bytes + MIB - 1) / MIB;

  if (self->n_rows <= self->room)
    return TRUE;
  return wp_fail (error, WP_ERROR_IO,
                  "%" G_GUINT64_FORMAT " rows need %" G_GUINT64_FORMAT " MiB of memory, and there are %.1f: "
                  "give --memory=%" G_GUINT64_FORMAT "m, or fewer rows by --limit%s",
                  self->n_rows, needed_mib, (double) self->most_rows * self->row_bytes / MIB, needed_mib,
                  or_else);
}

static void
load_rows (WpTraceBuffer *self, const WpRow *rows, gsize n_rows, WpServiceTime *service)
{
  gint64 services_ns[BLOCK_ROWS];

  for (gsize done = 0, n; done < n_rows; done += n)
    {
      n = MIN (n_rows - done, BLOCK_ROWS);
      if (service)
        wp_service_time_fill (service, rows + done, n, services_ns);
      else
        for (gsize i = 0; i < n; i++)
          services_ns[i] = rows[done + i].service_ns;
      wp_trace_buffer_add (self, rows + done, services_ns, n);
    }
}

gboolean
wp_trace_buffer_load (WpTraceBuffer *self, WpTrace *trace, WpServiceTime *service, GError **error)
{
  const WpRow *rows;
  gsize n_rows;
  WpRead read;

  while ((read = wp_trace_read (trace, &rows, &n_rows, error)) != WP_READ_END)
    {
      if (read == WP_READ_ERROR || (read == WP_READ_DISORDER && !wp_trace_sort (trace, error)))
        return FALSE;
      if (read == WP_READ_DISORDER)
        {
          wp_trace_buffer_clear (self);
          if (service)
            wp_service_time_restart (service);
        }
      else
        load_rows (self, rows, n_rows, service);
    }

  return wp_trace_buffer_check (self, "", error);
}

gboolean
wp_trace_buffer_copy (WpTraceBuffer *self, const WpTraceBuffer *from, WpServiceTime *service,
                      double service_scale, GError **error)
{
  g_autofree WpRow *rows = g_new0 (WpRow, BLOCK_ROWS);
  WpTraceBlock block;

  wp_service_time_restart (service);
  for (guint64 first = 0; wp_trace_buffer_read (from, 1, first, &block); first += block.n_rows)
    {
      for (gsize i = 0; i < block.n_rows; i++)
        {
          rows[i].arrival_ns = block.arrivals_ns[i];
          rows[i].service_ns = wp_time_scale_service (block.services_ns[i], service_scale);
        }
      load_rows (self, rows, block.n_rows, service);
    }

  return wp_trace_buffer_check (self, "", error);
}

double
wp_trace_buffer_offered_load (const WpTraceBuffer *self)
{
  return self->work_ns > 0
             ? self->work_ns / (double) (self->arrivals_ns[self->n_rows - 1] - self->arrivals_ns[0])
             : 0;
}

/* A double's quotient is off by 2^-52 of itself at most; where that could turn its rounding, long double
 * decides. */
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

  return wp_time_scale_arrival (arrival_ns, scale);
}

gboolean
wp_trace_buffer_read (const WpTraceBuffer *self, double scale, guint64 first, WpTraceBlock *block)
{
  if (first >= self->n_rows)
    return FALSE;
  block->n_rows = (gsize) MIN (self->n_rows - first, BLOCK_ROWS);
  block->arrivals_ns = self->arrivals_ns + first;
  block->services_ns = self->services_ns + first;
  if (scale != 1.0)
    {
      for (gsize i = 0; i < block->n_rows; i++)
        block->scaled_ns[i] = scale_one (block->arrivals_ns[i], scale);
      block->arrivals_ns = block->scaled_ns;
    }
  if (self->read)
    self->read (self->data, block->n_rows);

  return TRUE;
}
