#include "sim/report/wp-report-sensitivity.h"

#include <math.h>

#include "sim/report/wp-format.h"
#include "sim/trace/wp-json-add.h"

#define NAME_WIDTH  22
#define RANGE_WIDTH 26
#define SAME        0.001 /* of the figure: less is not shown */

static const WpSensitivityRange *
range_of (const WpSensitivity *self, guint model, guint metric)
{
  return &self->ranges[model * self->n_metrics + metric];
}

static gboolean
varies (const WpSensitivity *self, guint metric)
{
  for (guint model = 0; model < self->n_models; model++)
    {
      const WpSensitivityRange *range = range_of (self, model, metric);

      if (range->high - range->low > SAME * range->high)
        return TRUE;
    }

  return FALSE;
}

/* Low and high with enough digits to differ. */
static void
add_range (GString *text, WpUnit unit, const WpSensitivityRange *range)
{
  char low[WP_FORMAT_CELL], high[WP_FORMAT_CELL];
  g_autofree char *both = NULL;

  if (isnan (range->low) || range->low == range->high)
    both = g_strdup (wp_format_value (low, unit, range->low));
  else
    both = g_strdup_printf ("%s to %s", wp_format_distinct (low, unit, range->low, &range->high, 1),
                            wp_format_distinct (high, unit, range->high, &range->low, 1));
  g_string_append_printf (text, "%*s", RANGE_WIDTH, both);
}

static void
add_figures (GString *text, const WpReport *report)
{
  const WpSensitivity *self = report->sensitivity;
  guint n_same = 0;

  g_string_append_printf (text, "%*s", NAME_WIDTH, "");
  for (guint model = 0; model < self->n_models; model++)
    g_string_append_printf (text, "%*s", RANGE_WIDTH, wp_mode_name (report->policies[model].mode));
  g_string_append_c (text, '\n');
  for (guint i = 0; i < self->n_metrics; i++)
    if (varies (self, i))
      {
        g_string_append_printf (text, "%-*s", NAME_WIDTH, wp_metrics[i].name);
        for (guint model = 0; model < self->n_models; model++)
          add_range (text, wp_metrics[i].unit, range_of (self, model, i));
        g_string_append_c (text, '\n');
      }
    else
      n_same++;
  g_string_append_printf (text, "  the other %u figures vary by %g %% at most\n", n_same, 100 * SAME);
}

/* "  at 1.5x the traffic 14 workers with a queue of 46 fail an objective in 4 of 15 runs" */
static void
add_size (GString *text, const WpSensitivitySize *size)
{
  char workers[WP_FORMAT_CELL], queue[WP_FORMAT_CELL];

  g_string_append_printf (text, "  at %gx the traffic %s worker%s with a queue of %s ", size->scale,
                          wp_format_whole (workers, size->workers), size->workers == 1 ? "" : "s",
                          wp_format_whole (queue, size->queue_jobs));
  g_string_append_printf (text, "%s in %u of %u runs\n",
                          size->meets ? size->workers == 1 ? "fails an objective" : "fail an objective"
                          : size->workers == 1 ? "meets the objectives"
                                               : "meet the objectives",
                          size->n_otherwise, WP_SENSITIVITY_RUNS);
}

static void
add_sizes (GString *text, const WpSensitivity *self)
{
  guint n_flipped = 0;

  for (guint i = 0; i < self->sizes->len; i++)
    n_flipped += g_array_index (self->sizes, WpSensitivitySize, i).n_otherwise > 0;
  if (self->sizes->len == 0)
    return;
  if (n_flipped == 0)
    {
      g_string_append (text, "  the sizes of the plan are the same in all runs\n");
      return;
    }
  g_string_append (text, "  the plan depends on it:\n");
  for (guint i = 0; i < self->sizes->len; i++)
    {
      const WpSensitivitySize *size = &g_array_index (self->sizes, WpSensitivitySize, i);

      if (size->n_otherwise > 0)
        add_size (text, size);
    }
}

void
wp_report_sensitivity_add_text (GString *text, const WpReport *report)
{
  char lag[WP_FORMAT_CELL];

  if (!report->sensitivity)
    return;
  g_string_append_printf (text, "\nsensitivity: the figures of %u runs with arrivals late by up to %s\n",
                          WP_SENSITIVITY_RUNS,
                          wp_format_seconds (lag, (double) report->sensitivity->lag_ns / WP_NS_PER_S));
  add_figures (text, report);
  add_sizes (text, report->sensitivity);
}

static void
add_model_json (JsonBuilder *builder, const WpReport *report, guint model)
{
  const WpSensitivity *self = report->sensitivity;

  json_builder_begin_object (builder);
  wp_json_add_string (builder, "mode", wp_mode_name (report->policies[model].mode));
  wp_json_begin_array (builder, "ranges");
  for (guint i = 0; i < self->n_metrics; i++)
    {
      const WpSensitivityRange *range = range_of (self, model, i);

      if (isnan (range->low))
        continue;
      json_builder_begin_object (builder);
      wp_json_add_string (builder, "name", wp_metrics[i].name);
      wp_json_add_double (builder, "low", range->low);
      wp_json_add_double (builder, "high", range->high);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

static void
add_size_json (JsonBuilder *builder, const WpSensitivitySize *size)
{
  json_builder_begin_object (builder);
  wp_json_add_double (builder, "scale", size->scale);
  wp_json_add_count (builder, "workers", size->workers);
  wp_json_add_count (builder, "queue", size->queue_jobs);
  wp_json_add_boolean (builder, "meets", size->meets);
  wp_json_add_count (builder, "otherwise", size->n_otherwise);
  json_builder_end_object (builder);
}

void
wp_report_sensitivity_add_json (JsonBuilder *builder, const WpReport *report)
{
  const WpSensitivity *self = report->sensitivity;

  if (!self)
    return;
  wp_json_begin_object (builder, "sensitivity");
  wp_json_add_seconds (builder, "lag", self->lag_ns);
  wp_json_add_count (builder, "runs", WP_SENSITIVITY_RUNS);
  wp_json_begin_array (builder, "models");
  for (guint model = 0; model < self->n_models; model++)
    add_model_json (builder, report, model);
  json_builder_end_array (builder);
  wp_json_begin_array (builder, "sizes");
  for (guint i = 0; i < self->sizes->len; i++)
    add_size_json (builder, &g_array_index (self->sizes, WpSensitivitySize, i));
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}
