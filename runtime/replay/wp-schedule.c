#include "runtime/replay/wp-schedule.h"

#include <string.h>

#include "sim/base/wp-error.h"

#define MAX_BODY_BYTES (G_GINT64_CONSTANT (1) << 30)

struct _WpSchedule {
  WpTrace *trace; /* owns the rows */
  const WpRow *rows;
  gsize n_rows;
  WpRow *drawn; /* owned: the rows where they are not the trace's; NULL */
};

static gboolean
is_header_value (const char *text)
{
  gsize len = strlen (text);

  /* a server strips them: it would be another id */
  if (text[0] == ' ' || (len > 0 && text[len - 1] == ' '))
    return FALSE;
  for (gsize i = 0; i < len; i++)
    if (g_ascii_iscntrl (text[i]))
      return FALSE;
  return TRUE;
}

static gboolean
check_row (const char *name, const WpRow *row, gsize number, GError **error)
{
  g_autofree char *shown = NULL;

  if (row->bytes > MAX_BODY_BYTES)
    return wp_fail (error, WP_ERROR_BAD_TRACE,
                    "%s: row %" G_GSIZE_FORMAT ": a body of %" G_GINT64_FORMAT " bytes is over 1 GiB", name,
                    number, row->bytes);
  if (!row->id || is_header_value (row->id))
    return TRUE;

  shown = g_strescape (row->id, NULL);
  return wp_fail (error, WP_ERROR_BAD_TRACE,
                  "%s: row %" G_GSIZE_FORMAT " by arrival: id \"%s\" can't stand in a header "
                  "(a control character, or a blank at an end)",
                  name, number, shown);
}

/* Takes @trace, which may be NULL. */
static WpSchedule *
load (WpTrace *trace, GError **error)
{
  g_autoptr (WpSchedule) self = g_new0 (WpSchedule, 1);

  self->trace = trace;
  if (!trace || !(self->rows = wp_trace_load (trace, &self->n_rows, error)))
    return NULL;
  for (gsize i = 0; i < self->n_rows; i++)
    if (!check_row (wp_trace_name (self->trace), &self->rows[i], i + 1, error))
      return NULL;

  return g_steal_pointer (&self);
}

WpSchedule *
wp_schedule_load (const char *const *paths, const WpTraceOptions *options, GError **error)
{
  return load (wp_trace_open_files (paths, options, error), error);
}

WpSchedule *
wp_schedule_draw (const WpDrawnTraffic *traffic, const WpTraceOptions *options, GError **error)
{
  g_autoptr (WpSchedule) self
      = load (wp_drawn_traffic_open (traffic, options->scale, options->limit_rows, error), error);

  if (!self)
    return NULL;
  self->drawn = g_memdup2 (self->rows, self->n_rows * sizeof *self->rows);
  self->rows = self->drawn;
  if (!wp_drawn_traffic_fill (traffic, options->service_scale, self->drawn, self->n_rows, error))
    return NULL;

  return g_steal_pointer (&self);
}

void
wp_schedule_free (WpSchedule *self)
{
  g_clear_pointer (&self->trace, wp_trace_free);
  g_free (self->drawn);
  g_free (self);
}

gsize
wp_schedule_length (const WpSchedule *self)
{
  return self->n_rows;
}

const WpRow *
wp_schedule_row (const WpSchedule *self, gsize i)
{
  return &self->rows[i];
}

gboolean
wp_schedule_has_requests (const WpSchedule *self)
{
  for (gsize i = 0; i < self->n_rows; i++)
    if (self->rows[i].request)
      return TRUE;
  return FALSE;
}

const char *
wp_schedule_name (const WpSchedule *self)
{
  return wp_trace_name (self->trace);
}

void
wp_schedule_append_notes (const WpSchedule *self, GPtrArray *lines)
{
  wp_trace_append_notes (self->trace, lines);
}

guint64
wp_schedule_out_of_order (const WpSchedule *self)
{
  return wp_trace_out_of_order (self->trace);
}
