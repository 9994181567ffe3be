#include "sim/compare/wp-comparison.h"

/* Inserts @row by size of error; of equal errors the first stays. */
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

static void
find_worst_errors (WpWorstErrors *self, const WpMatch *match, const WpRow *predicted, gsize n_predicted,
                   const WpRow *measured)
{
  self->n = 0;
  for (gsize i = 0; i < n_predicted; i++)
    if (match->partners[i] != WP_NO_MATCH)
      {
        const WpRow *partner = &measured[match->partners[i]];
        gint64 one = wp_row_sojourn (&predicted[i]), two = wp_row_sojourn (partner);

        if (one != WP_TIME_NONE && two != WP_TIME_NONE && one != two)
          offer (self, (WpWorstError){ &predicted[i], partner, one - two });
      }
}

static void
judge (WpComparison *self, const WpPolicy *policy, const WpSummary *summary, const WpRow *predicted,
       gint64 patience_ns, double tolerance)
{
  const WpRow *measured = wp_measurement_rows (self->measured, &self->n_measured);
  double curve_error
      = wp_agreement_curve_error (predicted, self->n_predicted, measured, self->n_measured, self->shift_ns);
  WpSummary measured_figures;
  WpLayout layout;

  wp_policy_layout (policy, &layout);
  wp_summary_measure (&measured_figures, &layout, measured, self->n_measured);
  wp_agreement_judge (&self->judged, summary, &measured_figures, curve_error, tolerance);
  wp_as_replayed_judge (&self->replayed, policy, patience_ns, predicted, self->n_predicted, &self->match,
                        self->measured, &measured_figures, tolerance);
}

static void
match (WpComparison *self, const WpRow *predicted, const WpRow *measured)
{
  wp_match_rows (&self->match, predicted, self->n_predicted, measured, self->n_measured);
  for (gsize i = 0; i < self->n_predicted; i++)
    if (self->match.partners[i] != WP_NO_MATCH)
      self->same_outcome += predicted[i].outcome == measured[self->match.partners[i]].outcome;
  self->shift_ns = wp_match_clock_shift (&self->match, predicted, self->n_predicted, measured);
  find_worst_errors (&self->largest, &self->match, predicted, self->n_predicted, measured);
  self->response = wp_match_difference (&self->match, predicted, self->n_predicted, measured, wp_row_response,
                                        wp_row_response);
}

WpComparison *
wp_comparison_new (const WpPolicy *policy, const WpSummary *summary, const WpRow *rows, gsize n_rows,
                   const WpMeasurement *measured, gint64 patience_ns, double tolerance, const char *client,
                   GPtrArray *warnings, GError **error)
{
  g_autoptr (WpComparison) self = g_new0 (WpComparison, 1);
  const WpRow *measured_rows = wp_measurement_rows (measured, &self->n_measured);

  self->measured = measured;
  self->n_predicted = n_rows;
  match (self, rows, measured_rows);
  judge (self, policy, summary, rows, patience_ns, tolerance);
  if (client && !wp_client_view_compare (&self->client, client, measured, warnings, error))
    return NULL;

  return g_steal_pointer (&self);
}

void
wp_comparison_free (WpComparison *self)
{
  wp_match_clear (&self->match);
  wp_client_view_clear (&self->client);
  g_free (self);
}

WpAgreementVerdict
wp_comparison_verdict (const WpComparison *self)
{
  if (self->judged.n_failed == 0)
    return WP_AGREES;

  return !self->replayed.not_modelled && self->replayed.judged.n_failed == 0 ? WP_AGREES_AS_REPLAYED
                                                                             : WP_DOES_NOT_AGREE;
}

const char *
wp_agreement_verdict_name (WpAgreementVerdict verdict)
{
  static const char *const names[] = { "agrees", "agrees_as_replayed", "does_not_agree" };

  return names[verdict];
}
