#include "sim/run/wp-generate.h"

#include "sim/base/wp-error.h"
#include "sim/base/wp-interrupt.h"
#include "sim/trace/wp-trace-writer.h"
#include "sim/trace/wp-time-scale.h"

#define BATCH 1024

static void
note_number (WpTraceWriter *writer, const char *key, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (value != 1.0)
    wp_trace_writer_note (writer, key, g_ascii_dtostr (text, sizeof text, value));
}

static void
write_notes (const WpGenerate *self, WpTraceWriter *writer)
{
  g_autofree char *seed = g_strdup_printf ("%" G_GUINT64_FORMAT, self->seed);

  wp_trace_writer_note (writer, "generator", "wp-sim " WP_VERSION);
  wp_trace_writer_note (writer, "arrivals", self->arrivals);
  wp_trace_writer_note (writer, "service", self->service);
  wp_trace_writer_note (writer, "seed", seed);
  note_number (writer, "scale", self->scale);
  note_number (writer, "service-scale", self->service_scale);
}

/* A power of ten in ns; ties away from 0. */
static inline gint64
round_to (gint64 ns, gint64 step_ns)
{
  return step_ns == 1
             ? ns
             : (gint64) (((guint64) ns + (guint64) step_ns / 2) / (guint64) step_ns * (guint64) step_ns);
}

static gint64
step_of (guint digits)
{
  gint64 step_ns = 1;

  for (; digits < 9; digits++)
    step_ns *= 10;

  return step_ns;
}

static gboolean
write_batch (const WpGenerate *self, WpTraceWriter *writer, const gint64 *arrivals_ns,
             const gint64 *services_ns, gsize n, guint64 first, GError **error)
{
  gint64 step_ns = step_of (self->digits);
  char id[24];
  WpRow row = { .bytes = -1, .blocked = -1, .id = self->ids ? id : NULL };

  for (gsize i = 0; i < n; i++)
    {
      row.arrival_ns = wp_time_scale_arrival (arrivals_ns[i], self->scale);
      row.service_ns = services_ns[i];
      if (row.arrival_ns >= G_MAXINT64 - WP_NS_PER_S || row.service_ns >= G_MAXINT64 - WP_NS_PER_S)
        return wp_fail (error, WP_ERROR_BAD_VALUE, "a time of more than 292 years");
      row.arrival_ns = round_to (row.arrival_ns, step_ns);
      row.service_ns = round_to (row.service_ns, step_ns);
      if (self->ids)
        g_snprintf (id, sizeof id, "%" G_GUINT64_FORMAT, first + i + 1);
      if (!wp_trace_writer_row (writer, &row, error))
        return FALSE;
    }

  return TRUE;
}

gboolean
wp_generate_write (const WpGenerate *self, WpArrivals *arrivals, WpServiceTime *service, int fd,
                   GError **error)
{
  guint columns = 1u << WP_COLUMN_ARRIVAL | 1u << WP_COLUMN_SERVICE | (self->ids ? 1u << WP_COLUMN_ID : 0);
  g_autoptr (WpTraceWriter) writer = wp_trace_writer_new (fd, columns);
  guint64 left = self->limit_rows > 0 ? self->limit_rows : G_MAXUINT64, written = 0;
  gint64 arrivals_ns[BATCH], services_ns[BATCH];
  gsize n;

  wp_trace_writer_set_digits (writer, self->digits);
  write_notes (self, writer);
  while ((n = wp_arrivals_next (arrivals, arrivals_ns, (gsize) MIN (left, BATCH))) > 0)
    {
      wp_service_time_draw (service, services_ns, n);
      if (!write_batch (self, writer, arrivals_ns, services_ns, n, written, error))
        return FALSE;
      left -= n;
      written += n;
      wp_interrupt_set_rows (written);
    }
  if (written == 0)
    return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\": no request arrives within its duration",
                    self->arrivals);

  return wp_trace_writer_flush (writer, error);
}
