#include "sim/compare/wp-comparison.h"

#include <math.h>

#include "sim/base/wp-error.h"

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
  wp_agreement_judge (&self->judged, summary, &measured_figures, curve_error, tolerance,
                      WP_AGREEMENT_CURVE_TOLERANCE);
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

/* @match: of all predicted rows with the record's. Returns: the record's summary. */
static WpSummary
judge_instance (WpInstanceComparison *self, const WpPolicy *policy, const WpRow *rows, gsize n_rows,
                const WpMatch *match, gint64 patience_ns)
{
  const WpRow *measured = wp_measurement_rows (self->measured, &self->n_requests);
  g_autofree WpRow *own = g_new (WpRow, n_rows + 1);
  gsize n_own = 0;
  WpSummary summary;
  WpLayout layout;
  WpMatch own_match;

  for (gsize i = 0; i < n_rows; i++)
    if (match->partners[i] != WP_NO_MATCH)
      own[n_own++] = rows[i];
  wp_match_rows (&own_match, own, n_own, measured, self->n_requests);
  wp_policy_layout (policy, &layout);
  wp_summary_measure (&summary, &layout, measured, self->n_requests);
  wp_as_replayed_judge (&self->replayed, policy, patience_ns, own, n_own, &own_match, self->measured,
                        &summary, WP_AGREEMENT_TOLERANCE);
  wp_match_clear (&own_match);

  return summary;
}

/* Sets the instances, and @merged; time_full is the mean of theirs. */
static gboolean
judge_instances (WpComparison *self, const WpPolicy *policy, const WpRow *rows, const GPtrArray *measured,
                 gint64 patience_ns, gint64 *time_full_ns, GError **error)
{
  g_autofree gint64 *shifts_ns = g_new0 (gint64, measured->len);

  *time_full_ns = 0;
  for (guint i = 0; i < measured->len; i++)
    {
      WpInstanceComparison *instance = &self->instances[i];
      gsize n;
      const WpRow *own;
      WpMatch match;
      gboolean by_id;

      instance->measured = measured->pdata[i];
      own = wp_measurement_rows (instance->measured, &n);
      wp_match_rows (&match, rows, self->n_predicted, own, n);
      by_id = match.by_id && match.n_matched > 0;
      if (by_id)
        {
          shifts_ns[i] = rows[0].arrival_ns - own[0].arrival_ns
                         - wp_match_clock_shift (&match, rows, self->n_predicted, own);
          *time_full_ns
              += judge_instance (instance, policy, rows, self->n_predicted, &match, patience_ns).time_full_ns
                 / measured->len;
        }
      wp_match_clear (&match);
      if (!by_id)
        return wp_fail (error, WP_ERROR_BAD_TRACE,
                        "%s: no request has an id of the trace; the records of several servers are compared "
                        "by id: replay a trace with ids",
                        wp_measurement_path (instance->measured));
    }
  self->measured = self->merged = wp_measurement_merge (measured, shifts_ns);

  return TRUE;
}

WpComparison *
wp_comparison_new_fleet (const WpPolicy *policy, const WpFleetOptions *fleet, const WpSummary *summary,
                         const WpRow *rows, gsize n_rows, const GPtrArray *measured, gint64 patience_ns,
                         double tolerance, GError **error)
{
  g_autoptr (WpComparison) self = g_new0 (WpComparison, 1);
  const WpRow *all;
  WpSummary figures;
  WpLayout layout;
  gint64 time_full_ns;

  self->n_predicted = n_rows;
  self->n_instances = measured->len;
  self->instances = g_new0 (WpInstanceComparison, measured->len);
  if (!judge_instances (self, policy, rows, measured, patience_ns, &time_full_ns, error))
    return NULL;
  all = wp_measurement_rows (self->merged, &self->n_measured);
  match (self, rows, all);
  wp_policy_layout (policy, &layout);
  wp_summary_measure (&figures, &layout, all, self->n_measured);
  figures.time_full_ns = time_full_ns;
  wp_agreement_judge (&self->judged, summary, &figures,
                      wp_agreement_curve_error (rows, self->n_predicted, all, self->n_measured,
                                                self->shift_ns),
                      tolerance, MAX (tolerance, WP_AGREEMENT_CURVE_TOLERANCE));
  self->replayed = (WpAsReplayed){ .not_modelled = "each server is, on the arrivals of its own record" };
  wp_as_replayed_find_fleet_ranges (&self->replayed, &self->judged, policy, fleet, patience_ns, rows, n_rows,
                                    &self->match, all);

  return g_steal_pointer (&self);
}

WpComparison *
wp_comparison_new_shared (const WpPolicy *policy, const WpSummary *summary, const WpRow *rows, gsize n_rows,
                          const GPtrArray *measured, double tolerance, GError **error)
{
  g_autoptr (WpComparison) self = g_new0 (WpComparison, 1);
  const WpRow *joined;
  WpSummary figures;
  WpLayout layout;

  self->n_predicted = n_rows;
  self->is_shared = TRUE;
  if (!(self->merged = wp_fleet_records_join (&self->records, measured, rows, n_rows, error)))
    return NULL;
  self->measured = self->merged;
  joined = wp_measurement_rows (self->merged, &self->n_measured);
  match (self, rows, joined);
  wp_policy_layout (policy, &layout);
  wp_summary_measure (&figures, &layout, joined, self->n_measured);
  wp_agreement_judge (&self->judged, summary, &figures, NAN, tolerance, tolerance);
  wp_agreement_judge_shared (&self->judged);
  self->replayed
      = (WpAsReplayed){ .not_modelled = "other arrivals would have met other batches of the shared queue" };

  return g_steal_pointer (&self);
}

void
wp_comparison_free (WpComparison *self)
{
  g_clear_pointer (&self->merged, wp_measurement_free);
  g_free (self->instances);
  wp_match_clear (&self->match);
  wp_client_view_clear (&self->client);
  g_free (self);
}

WpAgreementLevel
wp_comparison_level (const WpComparison *self)
{
  for (guint i = 0; i < self->n_instances; i++)
    if (!self->instances[i].replayed.not_modelled && self->instances[i].replayed.judged.n_failed > 0)
      return WP_DOES_NOT_AGREE;
  if (self->judged.n_failed == 0)
    return WP_AGREES;

  return !self->replayed.not_modelled && self->replayed.judged.n_failed == 0 ? WP_AGREES_AS_REPLAYED
                                                                             : WP_DOES_NOT_AGREE;
}

const char *
wp_agreement_level_name (WpAgreementLevel level)
{
  static const char *const names[] = { "agrees", "agrees_as_replayed", "does_not_agree" };

  return names[level];
}
