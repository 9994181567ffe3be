#include "sim/compare/wp-worst-errors.h"

/* Of equal ones the first stays. */
static void
offer (WpWorstErrors *self, WpWorstError row)
{
  guint place = self->n;

  while (place > 0 && ABS (self->rows[place - 1].error_ns) < ABS (row.error_ns))
    place--;
  if (place == WP_WORST_ERRORS)
    return;
  self->n = MIN (self->n + 1, WP_WORST_ERRORS);
  for (guint i = self->n - 1; i > place; i--)
    self->rows[i] = self->rows[i - 1];
  self->rows[place] = row;
}

void
wp_worst_errors_find (WpWorstErrors *self, const WpMatch *match, const WpRow *predicted, gsize n_predicted,
                      const WpRow *measured)
{
  self->n = 0;
  for (gsize i = 0; i < n_predicted; i++)
    if (match->partners[i] != WP_NO_MATCH)
      {
        const WpRow *partner = &measured[match->partners[i]];
        gint64 one = wp_row_stay (&predicted[i]), two = wp_row_stay (partner);

        if (one != WP_TIME_NONE && two != WP_TIME_NONE && one != two)
          offer (self, (WpWorstError){ &predicted[i], partner, one - two });
      }
}
