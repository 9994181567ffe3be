#include "sim/run/wp-prediction.h"

#include "sim/run/wp-job-output.h"
#include "sim/trace/wp-row-store.h"

struct _WpPrediction {
  WpRowList *rows;
};

WpPrediction *
wp_prediction_new (void)
{
  WpPrediction *self = g_new0 (WpPrediction, 1);

  self->rows = wp_row_list_new ();

  return self;
}

void
wp_prediction_free (WpPrediction *self)
{
  wp_row_list_free (self->rows);
  g_free (self);
}

static gboolean
on_offer (gpointer observer, const WpBatch *batch, GError **error)
{
  WpPrediction *self = observer;

  for (gsize i = 0; i < batch->n_rows; i++)
    {
      WpRow row = wp_job_output_row (&batch->rows[i], batch->services_ns[i], &batch->results[0][i]);

      if (!wp_row_list_add (self->rows, &row, 1, TRUE, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
on_restart (gpointer observer, GError **error)
{
  wp_row_list_restart (((WpPrediction *) observer)->rows);

  return TRUE;
}

const WpObserver wp_prediction_observer = { TRUE, on_restart, on_offer, NULL };

const WpRow *
wp_prediction_rows (const WpPrediction *self, gsize *n_rows)
{
  return wp_row_list_rows (self->rows, n_rows);
}
