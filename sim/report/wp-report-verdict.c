#include "sim/report/wp-report-verdict.h"

#include <math.h>
#include <string.h>

#include "sim/base/wp-text.h"
#include "sim/report/wp-format.h"
#include "sim/report/wp-report-plan.h"
#include "sim/trace/wp-json-add.h"

void
wp_report_verdict_add_judgement (GString *text, const WpSlo *slo, const WpSummary *summary)
{
  const double bound = wp_slo_bound (slo, summary);
  char cell[WP_FORMAT_CELL];

  g_string_append_printf (text, "%s %s", slo->metric->name,
                          wp_format_distinct (cell, slo->metric->unit, wp_metric_value (slo->metric, summary),
                                              &bound, 1));
  if (!wp_slo_is_met (slo, summary))
    g_string_append_printf (text, ", not %s", slo->text);
}

/* As a share of the requests: fewer without a service time move no p99. */
#define MANY_DRAWN 0.01

char *
wp_report_verdict_assumption (const WpReport *report)
{
  const char *service = report->service;
  guint64 requests = report->traffic.requests;
  char cell[WP_FORMAT_CELL], drawn[WP_FORMAT_CELL], all[WP_FORMAT_CELL];
  g_autofree char *shown = wp_text_escape (service);
  gint64 ns;

  if (report->logged && wp_logged_is_wrong (report->logged))
    return g_strdup_printf ("--logged-workers=%u (see the warning)", report->logged->found.workers);
  if (report->waits_in_service)
    return g_strdup ("that no service time contains waiting (see the warning)");
  if ((double) report->n_drawn < MANY_DRAWN * (double) requests || report->n_drawn == 0)
    return NULL;
  if (report->service_is_learnt)
    return g_strdup ("the commits of this record (--service overrides)");
  if (wp_service_time_is_batch (service))
    return g_strdup_printf ("%s (--service)", shown);
  if (wp_time_parse_duration (service, &ns, NULL))
    {
      g_free (shown);
      shown = g_strdup (wp_format_seconds (cell, (double) ns / WP_NS_PER_S));
    }
  if (report->n_drawn == requests)
    return g_strdup_printf ("%s per request (--service)", shown);

  return g_strdup_printf ("%s for %s of %s requests (--service)", shown,
                          wp_format_whole (drawn, (double) report->n_drawn),
                          wp_format_whole (all, (double) requests));
}

void
wp_report_verdict_add_gate (GString *text, const WpReport *report)
{
  const WpPolicy *policy = &report->policies[0];
  const WpSummary *summary = &report->summary[0];
  gboolean failed = wp_slos_first_failure (report->slos, summary) != NULL;
  gboolean unknown = report->logged && wp_logged_is_unknown (report->logged);
  const char *before = ": ";
  g_autofree char *assumed = wp_report_verdict_assumption (report);

  g_string_append_printf (text, "gate %s%s%s: ",
                          failed    ? "failed"
                          : unknown ? "not passed (see the warning)"
                                    : "passed",
                          assumed ? ", assuming " : "", assumed ? assumed : "");
  if (report->fleet.instances > 0)
    g_string_append_printf (text, "--instances=%u ", report->fleet.instances);
  if (policy->mode == WP_MODE_WORKER_POOL)
    g_string_append_printf (text, "--workers=%u ", policy->workers);
  g_string_append_printf (text, "--queue=%u", policy->queue_jobs);
  for (guint i = 0; i < report->slos->len; i++)
    {
      const WpSlo *slo = g_ptr_array_index (report->slos, i);

      if (failed && wp_slo_is_met (slo, summary))
        continue;
      g_string_append (text, before);
      wp_report_verdict_add_judgement (text, slo, summary);
      before = "; ";
    }
  g_string_append_c (text, '\n');
}

/* Counts of requests that did not simply pass. */
static const struct {
  const char *metric, *what, *none, *would;
} counts[] = {
  { "blocked", "blocked", "nobody blocks", "block" },
  { "rejected", "rejected", "nobody is rejected", "reject" },
  { "timed_out", "timed out", "nobody times out", "time out" },
  { "abandoned", "abandoned", "nobody leaves", "lose" },
};

/* -1: it is none of them */
static int
find_count (const WpMetric *metric)
{
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    if (g_str_equal (metric->name, counts[i].metric))
      return (int) i;

  return -1;
}

/* "p99 of waiting", "response.mean" */
static void
add_name (GString *text, const WpMetric *metric)
{
  const char *dot = strchr (metric->name, '.');

  if (metric->share == 0 || !dot)
    g_string_append (text, metric->name);
  else if (g_str_has_prefix (metric->name, "wait."))
    g_string_append_printf (text, "%s of waiting", dot + 1);
  else
    g_string_append_printf (text, "%s of %.*s", dot + 1, (int) (dot - metric->name), metric->name);
}

static void
add_figure (GString *text, const WpSlo *slo, const WpSummary *summary)
{
  const WpMetric *metric = slo->metric;
  const double value = wp_metric_value (metric, summary), bound = wp_slo_bound (slo, summary);
  int count = find_count (metric);
  char cell[WP_FORMAT_CELL];

  if (count >= 0 && value == 0)
    g_string_append (text, counts[count].none);
  else if (count >= 0)
    g_string_append_printf (text, "%s %s", wp_format_whole (cell, value), counts[count].what);
  else if (isnan (value) && g_str_has_prefix (metric->name, "blocked_time.") && summary->blocked == 0)
    g_string_append (text, counts[0].none);
  else if (isnan (value) && g_str_equal (metric->name, "first_full"))
    g_string_append (text, "never full");
  else
    {
      add_name (text, metric);
      g_string_append_printf (text, " %s", wp_format_distinct (cell, metric->unit, value, &bound, 1));
    }
}

/* The result of the sizes at the traffic as it is: "nobody blocks, p99 of waiting 210 ms". Of the counts that
 * are 0 the first says enough; where a full queue rejects nobody ever blocks. */
static void
add_given (GString *text, const GPtrArray *slos, const WpPolicy *policy, const WpSummary *summary)
{
  const char *before = ": ";
  gboolean is_said = FALSE;
  WpLayout layout;

  wp_policy_layout (policy, &layout);
  for (guint i = 0; i < slos->len; i++)
    {
      const WpSlo *slo = g_ptr_array_index (slos, i);
      int count = find_count (slo->metric);
      gboolean is_met = wp_slo_is_met (slo, summary);

      if (count >= 0 && wp_metric_value (slo->metric, summary) == 0 && is_met)
        {
          if (is_said || (count == 0 && layout.rejects))
            continue;
          is_said = TRUE;
        }
      g_string_append (text, before);
      before = ", ";
      add_figure (text, slo, summary);
      if (!is_met)
        g_string_append_printf (text, ", not %s", slo->text);
    }
}

/* "At 1.5 times, 13 workers would block 440 requests." */
static void
add_neighbour (GString *text, const WpRecommendation *self)
{
  const WpPlanPoint *point = &self->neighbour;
  int count = find_count (point->slo->metric);
  char cell[WP_FORMAT_CELL];

  if (self->margin == 1)
    g_string_append (text, "At this traffic, ");
  else
    g_string_append_printf (text, "At %.4g times, ", self->margin);
  if (point->workers < self->workers)
    g_string_append_printf (text, "%s worker%s", wp_format_whole (cell, point->workers),
                            point->workers == 1 ? "" : "s");
  else
    g_string_append_printf (text, "a queue of %s", wp_format_whole (cell, point->queue_jobs));
  if (count >= 0)
    {
      double value = wp_metric_value (point->slo->metric, &point->summary);

      g_string_append_printf (text, " would %s %s request%s.", counts[count].would,
                              wp_format_whole (cell, value), value == 1 ? "" : "s");
      return;
    }
  g_string_append (text, " would fail ");
  g_string_append_printf (text, "%s: ", point->slo->text);
  wp_report_plan_add_failure (text, point);
  g_string_append_c (text, '.');
}

static double
round_down (double times)
{
  return floor (10 * times) / 10;
}

static const char *
format_times (char *cell, double times)
{
  if (times >= 1000)
    return wp_format_whole (cell, times);
  g_snprintf (cell, WP_FORMAT_CELL, "%.4g", times);

  return cell;
}

/* "; good up to 1.6 times this traffic." @fails: an objective that more traffic helps fails at the traffic as
 * it is. Beyond what the HTTP threads bear requests wait before the queue, which sees no more traffic. */
static void
add_holds (GString *text, const WpReport *report, gboolean fails)
{
  const WpRecommendation *self = report->recommendation;
  const double holds = MAX (self->margin, round_down (self->holds)); /* not below the known value */
  const double borne = report->has_http_stage ? 1 / report->http_stage.utilisation : INFINITY;
  const gboolean is_endless = self->holds >= WP_HEADROOM_MAX;
  char until[WP_FORMAT_CELL];

  format_times (until, holds);
  if (holds > borne)
    g_string_append_printf (text, "; good as far as the HTTP threads go, %s times this traffic.",
                            format_times (until, round_down (borne)));
  else if (fails && is_endless)
    g_string_append_printf (text, "; good from %.4g times this traffic on.", self->margin);
  else if (fails)
    g_string_append_printf (text, "; good from %.4g to %s times this traffic.", self->margin, until);
  else if (is_endless)
    g_string_append (text, "; good at any traffic.");
  else if (holds == 1)
    g_string_append (text, "; good for this traffic, and hardly for more.");
  else
    g_string_append_printf (text, "; good up to %s times this traffic.", until);
}

static void
add_found (GString *text, const WpReport *report, guint model, const char *between)
{
  const WpRecommendation *self = report->recommendation;
  const WpSummary *summary = &report->summary[model];

  g_string_append_printf (text, "se --workers=%u --queue=%u", self->workers, self->queue_jobs);
  add_given (text, report->plan->slos, &report->policies[model], summary);
  add_holds (text, report, wp_slos_first_failure (report->plan->slos, summary) != NULL);
  if (!self->has_neighbour)
    return;
  g_string_append (text, between);
  add_neighbour (text, self);
}

static void
add_not_found (GString *text, const WpRecommendation *self, const GPtrArray *slos)
{
  const WpPlanPoint *limit = &self->limit;

  g_string_append (text, limit->slo ? "o size meets " : "o size that was tried meets the objectives");
  if (limit->slo)
    wp_report_plan_add_unmet (text, slos, limit->slo,
                              (self->workers > 0 ? wp_slo_trend_in_queue
                                                 : wp_slo_trend_in_workers) (limit->slo));
  if (self->margin != 1)
    g_string_append_printf (text, " at %.4g times this traffic", self->margin);
  if (limit->slo)
    {
      g_string_append (text, ": ");
      wp_report_plan_add_failure (text, limit);
      g_string_append (text, self->workers > 0 ? ", with an unlimited queue"
                                               : ", with more workers than are ever busy");
    }
  g_string_append_c (text, '.');
}

/* The sentences, with @between between them. */
static void
add_verdict (GString *text, const WpReport *report, const char *between)
{
  const WpRecommendation *self = report->recommendation;
  g_autofree char *assumed = wp_report_verdict_assumption (report);

  if (assumed)
    g_string_append_printf (text, "Assuming %s: ", assumed);
  g_string_append_c (text, self->is_found ? (assumed ? 'u' : 'U') : (assumed ? 'n' : 'N'));
  for (guint i = 0; i < report->n_models; i++)
    if (wp_report_is_recommended (report, i))
      add_found (text, report, i, between);
  if (!self->is_found)
    add_not_found (text, self, report->plan->slos);
}

/* NULL: no sizes were looked for, as some are given. */
static char *
write_verdict (const WpReport *report, const char *between)
{
  GString *verdict;

  if (!report->against && report->logged && wp_logged_is_unknown (report->logged))
    return g_strdup ("No sizes are recommended: it cannot be determined whether the log's response times "
                     "contain waiting (see the warning).");
  if (!report->recommendation)
    return NULL;
  verdict = g_string_new (NULL);
  add_verdict (verdict, report, between);

  return g_string_free (verdict, FALSE);
}

void
wp_report_verdict_add_text (GString *text, const WpReport *report)
{
  g_autofree char *verdict = write_verdict (report, "\n");

  if (verdict)
    g_string_append_printf (text, "%s\n\n", verdict);
}

char *
wp_report_verdict (const WpReport *report)
{
  return write_verdict (report, " ");
}

void
wp_report_verdict_add_json (JsonBuilder *builder, const WpReport *report)
{
  const WpRecommendation *self = report->recommendation;
  g_autofree char *verdict = wp_report_verdict (report);

  if (!self)
    return;
  wp_json_begin_object (builder, "recommendation");
  wp_json_add_string (builder, "verdict", verdict);
  wp_json_add_double (builder, "margin", self->margin);
  if (self->is_found)
    {
      wp_json_add_count (builder, "workers", self->workers);
      wp_json_add_count (builder, "queue", self->queue_jobs);
      wp_json_add_double (builder, "good_until", self->holds);
    }
  json_builder_end_object (builder);
}
