#include "sim/run/wp-job-output.h"

#include "sim/trace/wp-trace-writer.h"

struct _WpJobOutput {
  WpAtomicFile *output;
  WpPolicy policy;
  WpTraceWriter *writer;
};

static void
begin (WpJobOutput *self)
{
  g_clear_pointer (&self->writer, wp_trace_writer_free);
  self->writer = wp_trace_writer_new (wp_atomic_file_fd (self->output), WP_COLUMNS_ALL);
  wp_trace_writer_note (self->writer, "source", WP_JOB_OUTPUT_SOURCE);
  wp_trace_writer_note (self->writer, "version", WP_VERSION);
  for (const WpOption *field = wp_policy_options; field->name; field++)
    if (wp_policy_uses (&self->policy, field->given))
      {
        g_autofree char *value = wp_policy_get (&self->policy, field->name);

        wp_trace_writer_note (self->writer, field->name, value);
      }
}

WpJobOutput *
wp_job_output_new (WpAtomicFile *output, const WpPolicy *policy)
{
  WpJobOutput *self = g_new0 (WpJobOutput, 1);

  self->output = output;
  self->policy = *policy;
  begin (self);

  return self;
}

void
wp_job_output_free (WpJobOutput *self)
{
  wp_trace_writer_free (self->writer);
  g_free (self);
}

WpRow
wp_job_output_row (const WpRow *row, gint64 service_ns, const WpRequestResult *result)
{
  return (WpRow){ .arrival_ns = row->arrival_ns,
                  .service_ns = service_ns,
                  .bytes = row->bytes,
                  .id = row->id,
                  .accepted_ns = result->accepted_ns,
                  .started_ns = result->started_ns,
                  .finished_ns = result->finished_ns,
                  .ended_ns = result->ended_ns,
                  .outcome = result->outcome,
                  .blocked = result->blocked };
}

static gboolean
name_the_file (WpJobOutput *self, gboolean written, GError **error)
{
  if (!written)
    g_prefix_error (error, "%s: ", wp_atomic_file_path (self->output));

  return written;
}

static gboolean
on_offer (gpointer observer, const WpBatch *batch, GError **error)
{
  WpJobOutput *self = observer;

  for (gsize i = 0; i < batch->n_rows; i++)
    {
      WpRow row = wp_job_output_row (&batch->rows[i], batch->services_ns[i], &batch->results[0][i]);

      if (!wp_trace_writer_row (self->writer, &row, error))
        return name_the_file (self, FALSE, error);
    }

  return TRUE;
}

static gboolean
on_restart (gpointer observer, GError **error)
{
  WpJobOutput *self = observer;

  if (!wp_atomic_file_restart (self->output, error))
    return FALSE;
  begin (self);

  return TRUE;
}

static gboolean
on_finish (gpointer observer, GError **error)
{
  WpJobOutput *self = observer;

  return name_the_file (self, wp_trace_writer_flush (self->writer, error), error);
}

const WpObserver wp_job_output_observer = { TRUE, on_restart, on_offer, on_finish };

static gboolean
keep_offer (gpointer observer, const WpBatch *batch, GError **error)
{
  for (gsize i = 0; i < batch->n_rows; i++)
    {
      WpRow row = wp_job_output_row (&batch->rows[i], batch->services_ns[i], &batch->results[0][i]);

      if (!wp_row_list_add (observer, &row, 1, TRUE, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
keep_restart (gpointer observer, GError **error)
{
  wp_row_list_restart (observer);

  return TRUE;
}

const WpObserver wp_job_keeper = { TRUE, keep_restart, keep_offer, NULL };
