#include "sim/plan/wp-slo-needs.h"

#include <math.h>

#include "sim/plan/wp-backlog.h"

static gboolean
asks_for (const GPtrArray *slos, const char *prefix)
{
  for (guint i = 0; i < slos->len; i++)
    if (g_str_has_prefix (((const WpSlo *) g_ptr_array_index (slos, i))->metric->name, prefix))
      return TRUE;

  return FALSE;
}

static gboolean
forbids (const GPtrArray *slos, const char *metric)
{
  for (guint i = 0; i < slos->len; i++)
    {
      const WpSlo *slo = g_ptr_array_index (slos, i);

      if (g_str_equal (slo->metric->name, metric) && slo->bound == 0 && (slo->op == WP_SLO_EQUAL || slo->op == WP_SLO_AT_MOST))
        return TRUE;
    }

  return FALSE;
}

/* Waiting, but for its mean, and that nobody is blocked. */
static gboolean
is_quick (const GPtrArray *slos)
{
  static const char *const known[] = { "requests", "accepted", "rejected", "timed_out", "abandoned", "wait.p50", "wait.p90", "wait.p99", "wait.p999",
                                       "wait.max", "blocked_peak", NULL };

  for (guint i = 0; i < slos->len; i++)
    {
      const WpSlo *slo = g_ptr_array_index (slos, i);
      gboolean nobody = g_str_equal (slo->metric->name, "blocked") && slo->bound == 0 && (slo->op == WP_SLO_EQUAL || slo->op == WP_SLO_AT_MOST);

      if (!nobody && !g_strv_contains (known, slo->metric->name))
        return FALSE;
    }

  return TRUE;
}

/* As WpSloNeeds has it. */
static gint64
find_wait_bound (const GPtrArray *slos)
{
  double bound = NAN;

  for (guint i = 0; i < slos->len; i++)
    {
      const WpSlo *slo = g_ptr_array_index (slos, i);

      if (!g_str_has_prefix (slo->metric->name, "wait.p"))
        continue;
      if (slo->bound * WP_NS_PER_S >= 0x1p52 || (!isnan (bound) && slo->bound != bound))
        return WP_TIME_NONE;
      bound = slo->bound;
    }

  return isnan (bound) ? 0 : llround (bound * WP_NS_PER_S);
}

void
wp_slo_needs_init (WpSloNeeds *self, const GPtrArray *slos, const WpPolicy *policy, gint64 patience_ns)
{
  WpLayout layout;
  gboolean patient;

  *self = (WpSloNeeds) { FALSE };
  wp_policy_layout (policy, &layout);
  patient = !layout.rejects && layout.block_timeout_ns == WP_TIME_NONE && patience_ns == WP_TIME_NONE;
  self->drops = layout.drops_queued && patience_ns != WP_TIME_NONE;
  self->no_blocking = !patient && !self->drops &&
                      forbids (slos, layout.rejects ? "rejected" : "blocked");   /* who is rejected was not blocked */
  self->by_lines = patient || self->no_blocking;
  self->watches = self->by_lines && !self->no_blocking && (asks_for (slos, "blocked_time.") || asks_for (slos, "accept_latency."));
  if (asks_for (slos, "response."))
    self->parts |= WP_BACKLOG_RESPONSE;
  if (asks_for (slos, "depth.") || asks_for (slos, "time_full") || asks_for (slos, "first_full"))
    self->parts |= WP_BACKLOG_TIME;
  self->wait_bound_ns = find_wait_bound (slos);
  self->quick = self->by_lines && is_quick (slos);
}
