#include "sim/report/wp-report-plan.h"

#include <math.h>
#include <string.h>

#include "sim/report/wp-format.h"
#include "sim/trace/wp-json-add.h"

#define LABEL_WIDTH    16
#define SUBLABEL_WIDTH 6
#define COLUMN_WIDTH   17

static void
add_state (GString *text, const WpSnapshot *at, const char *label, const char *sublabel, WpUnit unit,
           double (*value) (const WpSnapshot *, const WpState *))
{
  char cell[WP_FORMAT_CELL];

  g_string_append_printf (text, "%-*s%-*s", LABEL_WIDTH, label, SUBLABEL_WIDTH, sublabel);
  for (guint i = 0; i < at->n_models; i++)
    g_string_append_printf (text, "%*s", COLUMN_WIDTH,
                            wp_format_value (cell, unit, value (at, &at->states[i])));
  g_string_append_c (text, '\n');
}

static double
depth (const WpSnapshot *at, const WpState *state)
{
  return (double) state->depth;
}

static double
parked (const WpSnapshot *at, const WpState *state)
{
  return (double) state->parked;
}

static double
busy (const WpSnapshot *at, const WpState *state)
{
  return (double) state->busy;
}

static double
oldest_age (const WpSnapshot *at, const WpState *state)
{
  return state->oldest_ns == WP_TIME_NONE ? NAN : (double) (at->at_ns - state->oldest_ns) / WP_NS_PER_S;
}

static void
add_at (GString *text, const WpSnapshot *at)
{
  char time[WP_FORMAT_CELL], label[WP_FORMAT_CELL + 8];

  g_snprintf (label, sizeof label, "at %s", wp_format_seconds (time, (double) at->at_ns / WP_NS_PER_S));
  g_string_append_c (text, '\n');
  add_state (text, at, label, strlen (label) < LABEL_WIDTH ? "depth" : " depth", WP_UNIT_JOBS, depth);
  add_state (text, at, "", "parked", WP_UNIT_REQUESTS, parked);
  add_state (text, at, "", "busy", WP_UNIT_JOBS, busy);
  add_state (text, at, "  oldest waits", "", WP_UNIT_TIME, oldest_age);
}

/* The objective's value with enough digits to distinguish it from its bound and from the other point's. */
static const char *
figure (char *cell, const WpPlanPoint *point, const WpPlanPoint *other)
{
  const WpSlo *slo = point->slo;
  const double others[]
      = { wp_slo_bound (slo, &point->summary), wp_metric_value (slo->metric, &other->summary) };

  return wp_format_distinct (cell, slo->metric->unit, wp_metric_value (slo->metric, &point->summary), others,
                             G_N_ELEMENTS (others));
}

static void
add_size (GString *text, WpPlanKind kind, const WpPlanPoint *point)
{
  char cell[WP_FORMAT_CELL];

  if (kind == WP_PLAN_WORKERS)
    g_string_append_printf (text, "%s worker%s", wp_format_whole (cell, point->workers),
                            point->workers == 1 ? "" : "s");
  else
    g_string_append_printf (text, "queue %s", wp_format_whole (cell, point->queue_jobs));
}

/* "23 workers: wait.p99 0.94 s; 22 workers: 1.07 s" */
static void
add_proof (GString *text, const WpPlanResult *result)
{
  char cell[WP_FORMAT_CELL];

  add_size (text, result->kind, &result->point);
  if (!result->has_neighbour || !result->neighbour.slo)
    {
      g_string_append (text, ", the minimum\n");
      return;
    }
  g_string_append_printf (text, ": %s %s; ", result->point.slo->metric->name,
                          figure (cell, &result->point, &result->neighbour));
  add_size (text, result->kind, &result->neighbour);
  g_string_append_printf (text, ": %s\n", figure (cell, &result->neighbour, &result->point));
}

void
wp_report_plan_add_failure (GString *text, const WpPlanPoint *point)
{
  const WpSlo *slo = point->slo;
  const double bound = wp_slo_bound (slo, &point->summary), once = 1,
               value = wp_metric_value (slo->metric, &point->summary);
  char cell[WP_FORMAT_CELL], times[WP_FORMAT_CELL];

  g_string_append (text, wp_format_distinct (cell, slo->metric->unit, value, &bound, 1));
  if (bound > 0 && value / bound >= 0.001) /* not NaN */
    g_string_append_printf (text, ", %s times the bound",
                            wp_format_distinct (times, WP_UNIT_MEAN_JOBS, value / bound, &once, 1));
}

void
wp_report_plan_add_unmet (GString *text, const GPtrArray *slos, const WpSlo *slo, WpTrend trend)
{
  g_string_append (text, slo->text);
  if (slos->len > 1 && trend != WP_TREND_BETTER && trend != WP_TREND_SAME)
    g_string_append (text, " and the others");
}

/* "no queue meets wait.p99<1s: 9.31 s, 9.31 times the bound, without a limit" */
static void
add_limit (GString *text, const WpPlan *plan, double scale, WpPlanKind kind)
{
  const WpPlanLimit *limit = wp_plan_find_limit (plan, scale, kind);
  gboolean workers = kind == WP_PLAN_WORKERS;

  g_string_append (text, workers ? "no number of workers" : "no queue");
  if (!limit || !limit->point.slo)
    {
      g_string_append (text, " suffices\n");
      return;
    }
  g_string_append (text, " meets ");
  wp_report_plan_add_unmet (text, plan->slos, limit->point.slo,
                            (workers ? wp_slo_trend_in_workers : wp_slo_trend_in_queue) (limit->point.slo));
  g_string_append (text, ": ");
  wp_report_plan_add_failure (text, &limit->point);
  g_string_append (text, workers ? ", with more than are ever busy\n" : ", without a limit\n");
}

static void
add_pair (GString *text, const WpPlanPoint *point)
{
  char workers[WP_FORMAT_CELL], queue[WP_FORMAT_CELL];
  gboolean first = text->str[text->len - 1] == ' ';

  g_string_append_printf (text, "%s%s + %s", first ? "" : ", ", wp_format_whole (workers, point->workers),
                          wp_format_whole (queue, point->queue_jobs));
}

/* By number of workers, including @given. */
static void
add_frontier (GString *text, const WpPlan *plan, double scale, const WpPlanResult *given)
{
  if (!wp_plan_find (plan, scale, WP_PLAN_FRONTIER))
    return;
  g_string_append (text, "        sufficient workers + queue: ");
  for (guint i = 0; i < plan->results->len; i++)
    {
      const WpPlanResult *result = &g_array_index (plan->results, WpPlanResult, i);

      if (result->kind != WP_PLAN_FRONTIER || result->point.scale != scale)
        continue;
      if (given && given->point.workers > result->point.workers
          && given->point.queue_jobs >= result->point.queue_jobs)
        given = NULL; /* dominated: more workers, and no smaller a queue */
      if (given && given->point.workers < result->point.workers)
        {
          add_pair (text, &given->point);
          given = NULL;
        }
      add_pair (text, &result->point);
    }
  if (given)
    add_pair (text, &given->point);
  g_string_append_c (text, '\n');
}

static void
add_scale (GString *text, const WpPlan *plan, double scale)
{
  const WpPlanResult *workers = wp_plan_find (plan, scale, WP_PLAN_WORKERS),
                     *queue = wp_plan_find (plan, scale, WP_PLAN_QUEUE);
  gboolean pool = plan->policy.mode == WP_MODE_WORKER_POOL;
  char cell[WP_FORMAT_CELL];

  if (pool)
    {
      g_string_append_printf (text, "  %gx    a queue of %s%s", scale,
                              wp_format_whole (cell, plan->policy.queue_jobs), workers ? " needs " : ": ");
      if (workers)
        add_proof (text, workers);
      else
        add_limit (text, plan, scale, WP_PLAN_WORKERS);
    }
  if (pool)
    g_string_append_printf (text, "        %s worker%s", wp_format_whole (cell, plan->policy.workers),
                            plan->policy.workers == 1 ? "" : "s");
  else
    g_string_append_printf (text, "  %gx    the processor", scale);
  g_string_append (text, !queue ? ": " : pool && plan->policy.workers != 1 ? " need " : " needs ");
  if (queue)
    add_proof (text, queue);
  else
    add_limit (text, plan, scale, WP_PLAN_QUEUE);
  add_frontier (text, plan, scale, pool ? queue : NULL);
}

static void
add_headroom (GString *text, const WpPlan *plan)
{
  const WpHeadroom *headroom = &plan->headroom;
  gboolean pool = plan->policy.mode == WP_MODE_WORKER_POOL;
  char workers[WP_FORMAT_CELL], queue[WP_FORMAT_CELL];

  g_string_append (text, "  headroom of ");
  if (pool)
    g_string_append_printf (text, "%s worker%s and ", wp_format_whole (workers, plan->policy.workers),
                            plan->policy.workers == 1 ? "" : "s");
  g_string_append_printf (text, "a queue of %s: ", wp_format_whole (queue, plan->policy.queue_jobs));
  if (isnan (headroom->scale))
    g_string_append_printf (text, "more than %sx the traffic\n", wp_format_whole (queue, WP_HEADROOM_MAX));
  else if (headroom->scale == 1)
    g_string_append_printf (text, "none: it %s%s\n", headroom->is_full ? "is full at times" : "fails ",
                            headroom->is_full ? ""
                            : headroom->slo   ? headroom->slo->text
                                              : "");
  else
    g_string_append_printf (text, "%s%s at %.3gx the traffic\n", headroom->is_full ? "full" : "fails ",
                            headroom->is_full ? ""
                            : headroom->slo   ? headroom->slo->text
                                              : "",
                            headroom->scale);
}

static void
add_plan (GString *text, const WpPlan *plan)
{
  g_string_append_printf (text, "\nplan for %s:", wp_mode_name (plan->policy.mode));
  for (guint i = 0; i < plan->slos->len; i++)
    g_string_append_printf (text, "%s %s", i > 0 ? "," : "",
                            ((const WpSlo *) g_ptr_array_index (plan->slos, i))->text);
  g_string_append_c (text, '\n');
  for (guint i = 0; i < WP_PLAN_SCALES; i++)
    add_scale (text, plan, wp_plan_scales[i]);
  add_headroom (text, plan);
  if (plan->assumed)
    g_string_append (text, "  assumed: a smaller size may suffice; not all were tried, to save time\n");
}

void
wp_report_plan_add_text (GString *text, const WpReport *report)
{
  if (report->at)
    add_at (text, report->at);
  if (report->chart)
    g_string_append_printf (text, "\n%s", report->chart);
  if (report->plan)
    add_plan (text, report->plan);
}

static void
add_at_json (JsonBuilder *builder, const WpReport *report)
{
  const WpSnapshot *at = report->at;

  wp_json_begin_object (builder, "at");
  wp_json_add_double (builder, "time", (double) at->at_ns / WP_NS_PER_S);
  wp_json_begin_array (builder, "models");
  for (guint i = 0; i < at->n_models; i++)
    {
      json_builder_begin_object (builder);
      wp_json_add_string (builder, "mode", wp_mode_name (report->policies[i].mode));
      wp_json_add_whole (builder, "depth", depth (at, &at->states[i]));
      wp_json_add_whole (builder, "parked", parked (at, &at->states[i]));
      wp_json_add_whole (builder, "busy", busy (at, &at->states[i]));
      wp_json_add_double (builder, "oldest_age", oldest_age (at, &at->states[i]));
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

static const char *const questions[]
    = { [WP_PLAN_WORKERS] = "workers", [WP_PLAN_QUEUE] = "queue", [WP_PLAN_FRONTIER] = "frontier" };

static void
add_point_json (JsonBuilder *builder, WpPlanKind kind, const WpPlanPoint *point)
{
  json_builder_begin_object (builder);
  wp_json_add_string (builder, "question", questions[kind]);
  wp_json_add_double (builder, "scale", point->scale);
  wp_json_add_whole (builder, "workers", point->workers);
  wp_json_add_whole (builder, "queue", point->queue_jobs);
  wp_json_add_boolean (builder, "meets", point->meets);
  json_builder_end_object (builder);
}

static void
add_limits_json (JsonBuilder *builder, const WpPlan *plan)
{
  wp_json_begin_array (builder, "unmet");
  for (guint i = 0; i < plan->limits->len; i++)
    {
      const WpPlanLimit *limit = &g_array_index (plan->limits, WpPlanLimit, i);
      const WpSlo *slo = limit->point.slo;

      json_builder_begin_object (builder);
      wp_json_add_string (builder, "question", questions[limit->kind]);
      wp_json_add_double (builder, "scale", limit->point.scale);
      wp_json_add_string (builder, "slo", slo ? slo->text : NULL);
      wp_json_add_double (builder, "value", slo ? wp_metric_value (slo->metric, &limit->point.summary) : NAN);
      wp_json_add_double (builder, "bound", slo ? wp_slo_bound (slo, &limit->point.summary) : NAN);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
add_plan_json (JsonBuilder *builder, const WpPlan *plan)
{
  wp_json_begin_array (builder, "plan");
  for (guint i = 0; i < plan->results->len; i++)
    {
      const WpPlanResult *result = &g_array_index (plan->results, WpPlanResult, i);

      add_point_json (builder, result->kind, &result->point);
      if (result->has_neighbour)
        add_point_json (builder, result->kind, &result->neighbour);
    }
  json_builder_end_array (builder);
  if (plan->limits->len > 0)
    add_limits_json (builder, plan);
  wp_json_add_double (builder, "headroom", plan->headroom.scale);
  wp_json_add_boolean (builder, "assumed", plan->assumed);
}

void
wp_report_plan_add_json (JsonBuilder *builder, const WpReport *report)
{
  if (report->at)
    add_at_json (builder, report);
  if (report->plan)
    add_plan_json (builder, report->plan);
  else if (report->lacks_service || (report->logged && wp_logged_is_unknown (report->logged)))
    {
      json_builder_set_member_name (builder, "plan");
      json_builder_add_null_value (builder);
    }
}
