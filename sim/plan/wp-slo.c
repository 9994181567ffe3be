#include "sim/plan/wp-slo.h"

#include <math.h>
#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/plan/wp-backlog.h"
#include "sim/stats/wp-histogram.h"

/* Longer ones first, so that <= is not read as <. */
static const struct {
  const char *text;
  WpSloOperator op;
} operators[] = {
  { "<=", WP_SLO_AT_MOST },   { ">=", WP_SLO_AT_LEAST }, { "==", WP_SLO_EQUAL },
  { "!=", WP_SLO_NOT_EQUAL }, { "<", WP_SLO_LESS },      { ">", WP_SLO_MORE },
};

static gboolean fail (const char *text, GError **error, const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
fail (const char *text, GError **error, const char *format, ...)
{
  g_autofree char *problem = NULL;
  va_list arguments;

  va_start (arguments, format);
  problem = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\": %s", text, problem);
}

static gboolean
find_operator (WpSlo *self, const char **at, gsize *length, GError **error)
{
  *at = strpbrk (self->text, "<>=!");
  if (*at)
    for (guint i = 0; i < G_N_ELEMENTS (operators); i++)
      if (g_str_has_prefix (*at, operators[i].text))
        {
          self->op = operators[i].op;
          *length = strlen (operators[i].text);
          return TRUE;
        }

  return fail (self->text, error, "no operator; write METRIC<VALUE, with one of < <= > >= == !=");
}

/* "wait.p99.5" is added. NULL: there is no such metric; with an error, it is a percentile that can't be. */
static const WpMetric *
find_or_add (const char *name, GError **error)
{
  const WpMetric *metric = wp_metric_find (name);
  const char *percentile = strstr (name, ".p");
  g_autofree char *group = percentile ? g_strndup (name, (gsize) (percentile - name)) : NULL;
  g_autofree char *p50 = group ? g_strconcat (group, ".p50", NULL) : NULL;
  g_autofree char *whole = NULL;

  if (metric || !p50 || !wp_metric_find (p50) || !g_ascii_isdigit (percentile[2]))
    return metric;
  if (!(percentile = wp_metric_add_percentile (percentile + 1, error)))
    return NULL;
  whole = g_strconcat (group, ".", percentile, NULL);

  return wp_metric_find (whole);
}

static gboolean
find_metric (WpSlo *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GError) problem = NULL;
  const char *nearest;

  if ((self->metric = find_or_add (name, &problem)))
    return TRUE;
  if (problem)
    return fail (self->text, error, "%s", problem->message);
  for (const WpMetric *metric = wp_metrics; metric->name; metric++)
    g_ptr_array_add (names, (gpointer) metric->name);
  g_ptr_array_add (names, NULL);
  nearest = *name ? wp_options_nearest (name, (const char *const *) names->pdata) : NULL;
  if (nearest)
    return fail (self->text, error, "\"%s\" is not a metric; did you mean %s?", name, nearest);

  return fail (self->text, error, "\"%s\" is not a metric, such as blocked, wait.p99 or response.mean", name);
}

static gboolean
parse_number (const char *text, double *value)
{
  char *end;

  if (*text == '\0' || strspn (text, "0123456789.eE+-") != strlen (text))
    return FALSE;
  *value = g_ascii_strtod (text, &end);

  return *end == '\0' && isfinite (*value) && *value >= 0;
}

/* Cuts @suffix and the blanks before it off. */
static gboolean
cut_suffix (char *text, const char *suffix)
{
  if (!g_str_has_suffix (text, suffix))
    return FALSE;
  text[strlen (text) - strlen (suffix)] = '\0';
  g_strchomp (text);

  return TRUE;
}

static gboolean
parse_time (WpSlo *self, const char *value, GError **error)
{
  gint64 ns;

  if (!wp_time_parse_duration (value, &ns, NULL))
    return fail (self->text, error, "\"%s\" is not a time, such as 500ms or 2s", value);
  self->bound = (double) ns / WP_NS_PER_S;

  return TRUE;
}

static gboolean
parse_value (WpSlo *self, char *value, GError **error)
{
  g_autofree char *typed = g_strdup (value);
  gboolean percent;

  if (self->metric->unit == WP_UNIT_TIME)
    return parse_time (self, value, error);
  if (self->metric->unit == WP_UNIT_RATE)
    cut_suffix (value, "/s");
  percent = (self->metric->unit == WP_UNIT_SHARE || self->metric->unit == WP_UNIT_REQUESTS)
            && cut_suffix (value, "%");
  if (!parse_number (value, &self->bound))
    return fail (self->text, error, "\"%s\" is not %s", typed,
                 self->metric->unit == WP_UNIT_REQUESTS
                     ? "a number of requests or a share of them, such as 0.1%"
                 : self->metric->unit == WP_UNIT_SHARE ? "a share, such as 80% or 0.8"
                                                       : "a number of at least 0");
  if (percent)
    self->bound /= 100;
  self->of_requests = percent && self->metric->unit == WP_UNIT_REQUESTS;

  return TRUE;
}

WpSlo *
wp_slo_parse (const char *text, GError **error)
{
  g_autoptr (WpSlo) self = g_new0 (WpSlo, 1);
  g_autofree char *name = NULL;
  g_autofree char *value = NULL;
  const char *at = NULL;
  gsize length = 0;

  self->text = g_strstrip (g_strdup (text));
  if (!find_operator (self, &at, &length, error))
    return NULL;
  name = g_strstrip (g_strndup (self->text, (gsize) (at - self->text)));
  value = g_strstrip (g_strdup (at + length));
  if (!find_metric (self, name, error) || !parse_value (self, value, error))
    return NULL;

  return g_steal_pointer (&self);
}

void
wp_slo_free (WpSlo *self)
{
  g_free (self->text);
  g_free (self);
}

GPtrArray *
wp_slos_new_default (void)
{
  static const char *const texts[] = { "blocked==0", "rejected==0", "timed_out==0", "wait.p99<1s" };
  GPtrArray *slos = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_slo_free);

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_ptr_array_add (slos, wp_slo_parse (texts[i], NULL));

  return slos;
}

static gboolean
is (const WpSlo *self, const char *name)
{
  return g_str_equal (self->metric->name, name);
}

double
wp_slo_bound (const WpSlo *self, const WpSummary *summary)
{
  return self->of_requests ? self->bound * (double) summary->requests : self->bound;
}

gboolean
wp_slo_is_met (const WpSlo *self, const WpSummary *summary)
{
  double value = wp_metric_value (self->metric, summary);
  double bound = wp_slo_bound (self, summary);

  if (isnan (value) && is (self, "first_full"))
    value = INFINITY;
  switch (self->op)
    {
    case WP_SLO_LESS:
      return isnan (value) || value < bound;
    case WP_SLO_AT_MOST:
      return isnan (value) || value <= bound;
    case WP_SLO_MORE:
      return value > bound;
    case WP_SLO_AT_LEAST:
      return value >= bound;
    case WP_SLO_EQUAL:
      return isnan (value) || value == bound;
    case WP_SLO_NOT_EQUAL:
    default:
      return !isnan (value) && value != bound;
    }
}

const WpSlo *
wp_slos_first_failure (const GPtrArray *slos, const WpSummary *summary)
{
  for (guint i = 0; i < slos->len; i++)
    if (!wp_slo_is_met (g_ptr_array_index (slos, i), summary))
      return g_ptr_array_index (slos, i);

  return NULL;
}

/* No metric is below 0. */
static gboolean
is_upper (const WpSlo *self)
{
  return self->op == WP_SLO_LESS || self->op == WP_SLO_AT_MOST
         || (self->op == WP_SLO_EQUAL && self->bound == 0);
}

static gboolean
is_lower (const WpSlo *self)
{
  return self->op == WP_SLO_MORE || self->op == WP_SLO_AT_LEAST;
}

/* The trend of metrics as a size grows; a name that ends with a point means its group. */
typedef struct {
  const char *name;
  int sign;
} Move;

static WpTrend
find_trend (const WpSlo *self, const Move *moves)
{
  for (; moves->name; moves++)
    if (is (self, moves->name)
        || (g_str_has_suffix (moves->name, ".") && g_str_has_prefix (self->metric->name, moves->name)))
      {
        if (moves->sign == 0)
          return WP_TREND_SAME;
        if (!is_upper (self) && !is_lower (self))
          return WP_TREND_UNKNOWN;
        return is_upper (self) == (moves->sign < 0) ? WP_TREND_BETTER : WP_TREND_WORSE;
      }

  return WP_TREND_UNKNOWN;
}

WpTrend
wp_slo_trend_in_queue (const WpSlo *self)
{
  static const Move moves[] = { { "requests", 0 },      { "accepted", 0 },
                                { "rejected", 0 },      { "timed_out", 0 },
                                { "abandoned", 0 },     { "blocked", -1 },
                                { "blocked_peak", -1 }, { "accept_latency.", -1 },
                                { "wait.", 0 },         { "response.", 0 },
                                { "depth.", 1 },        { "time_full", -1 },
                                { "first_full", 1 },    { "busy.", 0 },
                                { "utilisation", 0 },   { "makespan", 0 },
                                { "throughput", 0 },    { NULL } };

  return find_trend (self, moves);
}

WpTrend
wp_slo_trend_in_workers (const WpSlo *self)
{
  static const Move moves[] = { { "requests", 0 },
                                { "accepted", 0 },
                                { "rejected", 0 },
                                { "timed_out", 0 },
                                { "abandoned", 0 },
                                { "blocked", -1 },
                                { "blocked_peak", -1 },
                                { "accept_latency.", -1 },
                                { "wait.", -1 },
                                { "response.", -1 },
                                { "depth.max", -1 },
                                { "time_full", -1 },
                                { "first_full", 1 },
                                { "makespan", -1 },
                                { "throughput", 1 },
                                { "busy.mean", 1 },
                                { NULL } };

  return find_trend (self, moves);
}

/* Has a percentile, mean or maximum of @total values >= 0 exceeded the bound, whatever the missing values
 * are? */
static gboolean
spread_is_violated (const WpSlo *self, const WpHistogram *values, const char *figure, guint64 total)
{
  double bound_ns = self->bound * WP_NS_PER_S, share = self->metric->share;

  if (g_str_equal (figure, "max"))
    return (double) values->max > bound_ns;
  if (g_str_equal (figure, "mean"))
    return (double) values->sum > bound_ns * (1 + 1e-9) * (double) total;

  return share > 0 && bound_ns < 0x1p62
         && (double) wp_histogram_count_above (values, (gint64) bound_ns) > (1 - share) * (double) total + 1;
}

gboolean
wp_slo_is_violated (const WpSlo *self, const WpSloSoFar *so_far)
{
  double bound = self->of_requests ? self->bound * (double) so_far->requests : self->bound;

  if (!is_upper (self))
    return FALSE;
  if (is (self, "blocked"))
    return (double) so_far->blocked > bound;
  if (is (self, "rejected"))
    return (double) so_far->rejected > bound;
  if (is (self, "timed_out"))
    return (double) so_far->timed_out > bound;
  if (is (self, "abandoned"))
    return (double) so_far->abandoned > bound;
  if (g_str_has_prefix (self->metric->name, "wait.") && so_far->wait)
    return spread_is_violated (self, so_far->wait, self->metric->name + strlen ("wait."), so_far->requests);
  if (g_str_has_prefix (self->metric->name, "response.") && so_far->response)
    return spread_is_violated (self, so_far->response, self->metric->name + strlen ("response."),
                               so_far->requests);

  return FALSE;
}

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
