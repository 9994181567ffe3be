#include "sim/plan/wp-trace-buffer-private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-memory.h"
#include "sim/trace/wp-scale.h"

#define BLOCK_ROWS WP_TRACE_BUFFER_BLOCK_ROWS
#define CHUNK_BYTES WP_TRACE_BUFFER_CHUNK_BYTES

static void
free_chunk (gpointer chunk)
{
  wp_memory_unmap (chunk, CHUNK_BYTES);
}

WpTraceBuffer *
wp_trace_buffer_new (gsize memory_bytes)
{
  WpTraceBuffer *self = g_new0 (WpTraceBuffer, 1);

  self->guard = g_new0 (WpTraceBufferGuard, 1);
  g_mutex_init (&self->guard->mutex);
  g_cond_init (&self->guard->changed);
  self->places = g_array_new (FALSE, FALSE, sizeof (WpTraceBufferPlace));
  self->chunks = g_ptr_array_new_with_free_func (free_chunk);
  self->memory_bytes = memory_bytes;
  self->fd = -1;

  return self;
}

static void
set_state (WpTraceBuffer *self, WpTraceBufferState state)
{
  g_mutex_lock (&self->guard->mutex);
  self->guard->state = state;
  g_cond_broadcast (&self->guard->changed);
  g_mutex_unlock (&self->guard->mutex);
}

void
wp_trace_buffer_follow (WpTraceBuffer *self)
{
  set_state (self, WP_TRACE_BUFFER_GROWS);
}

static void
forget (WpTraceBuffer *self)
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
wp_trace_buffer_restart (WpTraceBuffer *self)
{
  WpTraceBufferGuard *guard = self->guard;
  WpTraceBufferState state;

  g_mutex_lock (&guard->mutex);
  state = guard->state;
  guard->state = WP_TRACE_BUFFER_RESTARTS;
  g_cond_broadcast (&guard->changed);
  while (guard->n_readers > 0)
    g_cond_wait (&guard->changed, &guard->mutex);
  forget (self);
  guard->state = state;
  g_cond_broadcast (&guard->changed);
  g_mutex_unlock (&guard->mutex);
}

void
wp_trace_buffer_free (WpTraceBuffer *self)
{
  forget (self);
  g_array_unref (self->places);
  g_ptr_array_unref (self->chunks);
  g_mutex_clear (&self->guard->mutex);
  g_cond_clear (&self->guard->changed);
  g_free (self->guard);
  g_free (self);
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

gboolean
wp_trace_buffer_fail_io (GError **error)
{
  int reason = errno;

  g_set_error (error, WP_ERROR, WP_ERROR_IO, "a temporary file for the trace (%s): %s; with --no-plan none is needed", g_get_tmp_dir (),
               g_strerror (reason));

  return FALSE;
}

static gboolean
open_file (WpTraceBuffer *self, GError **error)
{
  g_autofree char *name = NULL;

  self->fd = g_file_open_tmp ("wp-sim-XXXXXX", &name, error);
  if (self->fd < 0)
    return FALSE;
  g_unlink (name);

  return TRUE;
}

static gboolean
write_block (WpTraceBuffer *self, const WpTraceBufferPlace *place, GError **error)
{
  const char *at = (const char *) &self->packed;

  if (self->fd < 0 && !open_file (self, error))
    return FALSE;
  for (gsize left = place->bytes; left > 0;)
    {
      gssize written = write (self->fd, at, left);

      if (written < 0 && errno != EINTR)
        return wp_trace_buffer_fail_io (error);
      at += MAX (written, 0);
      left -= (gsize) MAX (written, 0);
    }
  self->file_bytes += place->bytes;

  return TRUE;
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
keep_last (WpTraceBuffer *self, GError **error)
{
  WpTraceBufferPlace place = { .bytes = wp_trace_buffer_block_pack (&self->last, &self->packed), .first_ns = self->last.arrivals_ns[0],
                  .services_ns = sum (self->last.services_ns, BLOCK_ROWS) };
  guint64 room = self->chunks->len * (guint64) CHUNK_BYTES - self->used_bytes;
  guint64 offset = room < place.bytes ? self->used_bytes + room : self->used_bytes;

  place.is_filed = offset + place.bytes > self->memory_bytes;
  place.offset = place.is_filed ? self->file_bytes : offset;
  if (place.is_filed && !write_block (self, &place, error))
    return FALSE;
  g_mutex_lock (&self->guard->mutex);
  if (!place.is_filed)
    {
      if (room < place.bytes)
        g_ptr_array_add (self->chunks, wp_memory_map (CHUNK_BYTES));
      memcpy (wp_trace_buffer_in_memory (self, &place), &self->packed, place.bytes);
      self->used_bytes = offset + place.bytes;
    }
  g_array_append_val (self->places, place);
  g_cond_broadcast (&self->guard->changed);
  g_mutex_unlock (&self->guard->mutex);

  return TRUE;
}

gboolean
wp_trace_buffer_add (WpTraceBuffer *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows, GError **error)
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
load_rows (WpTraceBuffer *self, const WpRow *rows, gsize n_rows, WpServiceTime *service, WpTraffic *traffic, GError **error)
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
      if (traffic)
        wp_traffic_add (traffic, rows + done, services_ns, n);
      if (!wp_trace_buffer_add (self, rows + done, services_ns, n, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
load (WpTraceBuffer *self, WpTrace *trace, WpServiceTime *service, WpTraffic **traffic, GError **error)
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
          wp_trace_buffer_restart (self);
          if (service)
            wp_service_time_restart (service);
          if (traffic)
            {
              wp_traffic_free (*traffic);
              *traffic = wp_traffic_new ();
            }
        }
      else if (!load_rows (self, rows, n_rows, service, traffic ? *traffic : NULL, error))
        return FALSE;
    }

  return TRUE;
}

gboolean
wp_trace_buffer_load (WpTraceBuffer *self, WpTrace *trace, WpServiceTime *service, WpTraffic **traffic, GError **error)
{
  gboolean done = load (self, trace, service, traffic, error);

  set_state (self, done ? WP_TRACE_BUFFER_WHOLE : WP_TRACE_BUFFER_GIVEN_UP);

  return done;
}

WpTraceBuffer *
wp_trace_buffer_copy (const WpTraceBuffer *self, WpServiceTime *service, double service_scale, GError **error)
{
  g_autoptr(WpTraceBufferReader) reader = wp_trace_buffer_reader_new (self, 1.0, 0);
  g_autoptr(WpTraceBuffer) copy = wp_trace_buffer_new (self->memory_bytes);
  g_autofree WpRow *rows = g_new0 (WpRow, BLOCK_ROWS);
  const gint64 *arrivals_ns, *services_ns;
  gssize n;

  wp_service_time_restart (service);
  while ((n = wp_trace_buffer_reader_next (reader, &arrivals_ns, &services_ns, error)) > 0)
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
wp_trace_buffer_offered_load (const WpTraceBuffer *self, guint64 limit)
{
  const WpTraceBufferPlace *places = (const WpTraceBufferPlace *) (gconstpointer) self->places->data;
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
