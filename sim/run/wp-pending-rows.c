#include "sim/run/wp-pending-rows.h"

#define SMALL 4096 /* dropped rows before the others are moved */

struct _WpPendingRows {
  guint n_models;
  guint64 first; /* the number of the first row in the arrays */
  guint dropped; /* leading rows of the arrays that are dropped */
  GArray *rows;  /* (element-type WpRow): owns the ids */
  GArray *services_ns;
  GArray *results[3]; /* (element-type WpRequestResult): outcome NONE until it is known */
};

WpPendingRows *
wp_pending_rows_new (guint n_models)
{
  WpPendingRows *self = g_new0 (WpPendingRows, 1);

  g_assert (n_models <= G_N_ELEMENTS (self->results));
  self->n_models = n_models;
  self->rows = g_array_new (FALSE, FALSE, sizeof (WpRow));
  self->services_ns = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < n_models; i++)
    self->results[i] = g_array_new (FALSE, TRUE, sizeof (WpRequestResult));

  return self;
}

void
wp_pending_rows_free (WpPendingRows *self)
{
  wp_pending_rows_drop (self, self->rows->len - self->dropped);
  g_array_unref (self->rows);
  g_array_unref (self->services_ns);
  for (guint i = 0; i < self->n_models; i++)
    g_array_unref (self->results[i]);
  g_free (self);
}

void
wp_pending_rows_add (WpPendingRows *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows)
{
  guint before = self->rows->len;

  g_array_append_vals (self->rows, rows, (guint) n_rows);
  g_array_append_vals (self->services_ns, services_ns, (guint) n_rows);
  for (guint i = before; i < self->rows->len; i++)
    g_array_index (self->rows, WpRow, i).id = g_strdup (g_array_index (self->rows, WpRow, i).id);
  for (guint i = 0; i < self->n_models; i++)
    g_array_set_size (self->results[i], self->rows->len);
}

void
wp_pending_rows_decide (WpPendingRows *self, guint model, guint64 request, const WpRequestResult *result)
{
  g_array_index (self->results[model], WpRequestResult, request - self->first) = *result;
}

static gboolean
is_decided (const WpPendingRows *self, guint i)
{
  for (guint model = 0; model < self->n_models; model++)
    if (g_array_index (self->results[model], WpRequestResult, i).outcome == WP_OUTCOME_NONE)
      return FALSE;

  return TRUE;
}

gsize
wp_pending_rows_ready (const WpPendingRows *self, gsize most, const WpRow **rows, gint64 **services_ns,
                       const WpRequestResult **results)
{
  gsize n = 0;

  while (n < most && self->dropped + n < self->rows->len && is_decided (self, (guint) (self->dropped + n)))
    n++;
  *rows = &g_array_index (self->rows, WpRow, self->dropped);
  *services_ns = &g_array_index (self->services_ns, gint64, self->dropped);
  for (guint i = 0; i < self->n_models; i++)
    results[i] = &g_array_index (self->results[i], WpRequestResult, self->dropped);

  return n;
}

void
wp_pending_rows_drop (WpPendingRows *self, gsize n_rows)
{
  for (gsize i = 0; i < n_rows; i++)
    g_free ((char *) g_array_index (self->rows, WpRow, self->dropped + i).id);
  self->dropped += (guint) n_rows;
  if (self->dropped < SMALL || self->dropped < self->rows->len / 2)
    return;
  g_array_remove_range (self->rows, 0, self->dropped);
  g_array_remove_range (self->services_ns, 0, self->dropped);
  for (guint i = 0; i < self->n_models; i++)
    g_array_remove_range (self->results[i], 0, self->dropped);
  self->first += self->dropped;
  self->dropped = 0;
}
