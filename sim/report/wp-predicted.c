#include "sim/report/wp-predicted.h"

#include "sim/report/wp-jobs.h"

#define CHUNK_BYTES (64 * 1024)

struct _WpPredicted {
  GArray *rows;
  GStringChunk *ids;
};

WpPredicted *
wp_predicted_new (void)
{
  WpPredicted *self = g_new0 (WpPredicted, 1);

  self->rows = g_array_new (FALSE, FALSE, sizeof (WpRow));
  self->ids = g_string_chunk_new (CHUNK_BYTES);

  return self;
}

void
wp_predicted_free (WpPredicted *self)
{
  g_array_unref (self->rows);
  g_string_chunk_free (self->ids);
  g_free (self);
}

static gboolean
on_offer (gpointer observer, const WpBatch *batch, GError **error)
{
  WpPredicted *self = observer;

  for (gsize i = 0; i < batch->n_rows; i++)
    {
      WpRow row = wp_jobs_row (&batch->rows[i], batch->services_ns[i], &batch->verdicts[0][i]);

      if (row.id)
        row.id = g_string_chunk_insert (self->ids, row.id);
      g_array_append_val (self->rows, row);
    }

  return TRUE;
}

static gboolean
on_restart (gpointer observer, GError **error)
{
  WpPredicted *self = observer;

  g_array_set_size (self->rows, 0);
  g_string_chunk_clear (self->ids);

  return TRUE;
}

const WpObserver wp_predicted_observer = { TRUE, on_restart, on_offer, NULL };

const WpRow *
wp_predicted_rows (const WpPredicted *self, gsize *n_rows)
{
  *n_rows = self->rows->len;

  return (const WpRow *) self->rows->data;
}
