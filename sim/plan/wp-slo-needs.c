#include "sim/plan/wp-slo-needs.h"

#include "sim/plan/wp-backlog.h"

static gboolean
needs (const GPtrArray *slos, const char *prefix)
{
  for (guint i = 0; i < slos->len; i++)
    if (g_str_has_prefix (((const WpSlo *) g_ptr_array_index (slos, i))->metric->name, prefix))
      return TRUE;

  return FALSE;
}

static gboolean
is_none (const WpSlo *slo, const char *metric)
{
  return g_str_equal (slo->metric->name, metric) && slo->bound == 0
         && (slo->op == WP_SLO_EQUAL || slo->op == WP_SLO_AT_MOST);
}

static gboolean
forbids (const GPtrArray *slos, const char *metric)
{
  for (guint i = 0; i < slos->len; i++)
    if (is_none (g_ptr_array_index (slos, i), metric))
      return TRUE;

  return FALSE;
}

/* Do the SLOs only need percentiles of the wait and that no request is blocked? */
static gboolean
is_reduced (const GPtrArray *slos)
{
  static const char *const known[]
      = { "requests", "accepted", "rejected", "timed_out", "abandoned", "wait.max", "blocked_peak", NULL };

  for (guint i = 0; i < slos->len; i++)
    {
      const WpSlo *slo = g_ptr_array_index (slos, i);

      gboolean is_percentile = slo->metric->share > 0 && g_str_has_prefix (slo->metric->name, "wait.");

      if (!is_none (slo, "blocked") && !is_percentile && !g_strv_contains (known, slo->metric->name))
        return FALSE;
    }

  return TRUE;
}

void
wp_slo_needs_init (WpSloNeeds *self, const GPtrArray *slos, const WpPolicy *policy, gint64 patience_ns)
{
  WpLayout layout;
  gboolean patient, drops;

  *self = (WpSloNeeds){ FALSE };
  wp_policy_layout (policy, &layout);
  patient = !layout.rejects && layout.block_timeout_ns == WP_TIME_NONE && patience_ns == WP_TIME_NONE;
  drops = layout.drops_queued && patience_ns != WP_TIME_NONE; /* a backlog has no dropped jobs */
  self->no_blocking = !patient && !drops &&
                      /* a rejected request was not blocked */
                      forbids (slos, layout.rejects ? "rejected" : "blocked");
  self->by_backlog = patient || self->no_blocking;
  self->blocked_times = self->by_backlog && !self->no_blocking
                        && (needs (slos, "blocked_time.") || needs (slos, "accept_latency."));
  if (needs (slos, "response."))
    self->parts |= WP_BACKLOG_RESPONSE;
  if (needs (slos, "depth.") || needs (slos, "time_full") || needs (slos, "first_full"))
    self->parts |= WP_BACKLOG_TIME;
  self->reduced = self->by_backlog && is_reduced (slos);
}
