#include "sim/run/wp-predicted.h"

#include "sim/run/wp-jobs.h"
#include "sim/trace/wp-row-store.h"

struct _WpPredicted {
  WpRowList *rows;
};

WpPredicted *
wp_predicted_new (void)
{
  WpPredicted *self = g_new0 (WpPredicted, 1);

  self->rows = wp_row_list_new ();

  return self;
}

void
wp_predicted_free (WpPredicted *self)
{
  wp_row_list_free (self->rows);
  g_free (self);
}

static gboolean
on_offer (gpointer observer, const WpBatch *batch, GError **error)
{
  WpPredicted *self = observer;

  for (gsize i = 0; i < batch->n_rows; i++)
    {
      WpRow row = wp_jobs_row (&batch->rows[i], batch->services_ns[i], &batch->verdicts[0][i]);

      if (!wp_row_list_add (self->rows, &row, 1, TRUE, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
on_restart (gpointer observer, GError **error)
{
  wp_row_list_restart (((WpPredicted *) observer)->rows);

  return TRUE;
}

const WpObserver wp_predicted_observer = { TRUE, on_restart, on_offer, NULL };

const WpRow *
wp_predicted_rows (const WpPredicted *self, gsize *n_rows)
{
  return wp_row_list_rows (self->rows, n_rows);
}
