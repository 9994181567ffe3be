#include <math.h>
#include <string.h>

#include "sim/report/wp-format.h"
#include "sim/trace/wp-json-add.h"
#include "sim/base/wp-text.h"
#include "sim/trace/wp-json-add.h"
#include "sim/report/wp-report-json.h"
#include "sim/report/wp-report-plan.h"

/* The columns of the text. */
static const char *const shown[]
    = { "accepted", "blocked", "wait.p99", "response.p99", "depth.max", "utilisation" };

static gboolean
has_scales (const WpSweep *sweep)
{
  return sweep->spec->scales->len > 1 || g_array_index (sweep->spec->scales, double, 0) != 1;
}

static gboolean
has_services (const WpSweep *sweep)
{
  return sweep->spec->services->len > 1 || g_array_index (sweep->spec->services, double, 0) != 1;
}

void
wp_report_sweep_add_traffic (GString *text, const WpSweep *sweep, const char *trace)
{
  char cell[WP_FORMAT_CELL];

  wp_text_append (text, trace);
  g_string_append_printf (text, ": %s request%s, %s\n", wp_format_whole (cell, (double) sweep->requests),
                          sweep->requests == 1 ? "" : "s", wp_mode_name (sweep->policy.mode));
}

static void
add_text_header (GString *text, const WpSweep *sweep, const char *trace, const GPtrArray *notes)
{
  wp_report_sweep_add_traffic (text, sweep, trace);
  for (guint i = 0; i < notes->len; i++)
    {
      g_string_append (text, "note: ");
      wp_text_append (text, g_ptr_array_index (notes, i));
      g_string_append_c (text, '\n');
    }
  g_string_append (text, "objectives:");
  for (guint i = 0; i < sweep->slos->len; i++)
    g_string_append_printf (text, "%s %s", i > 0 ? "," : "",
                            ((const WpSlo *) g_ptr_array_index (sweep->slos, i))->text);
  g_string_append (text, "\n\n");
  if (has_scales (sweep))
    g_string_append_printf (text, "%8s", "scale");
  if (has_services (sweep))
    g_string_append_printf (text, "%9s", "service");
  g_string_append_printf (text, "%9s%9s", "workers", "queue");
  for (guint i = 0; i < G_N_ELEMENTS (shown); i++)
    g_string_append_printf (text, "%14s", shown[i]);
  g_string_append (text, "  meets\n");
}

static void
add_judgement (GString *text, const WpSweepRow *row)
{
  char cell[WP_FORMAT_CELL];
  double bound;

  if (!row->failed)
    {
      g_string_append (text, "  yes\n");
      return;
    }
  bound = wp_slo_bound (row->failed, &row->summary);
  g_string_append_printf (text, "  no (%s %s)\n", row->failed->metric->name,
                          wp_format_distinct (cell, row->failed->metric->unit,
                                              wp_metric_value (row->failed->metric, &row->summary), &bound,
                                              1));
}

static void
add_text_row (GString *text, const WpSweep *sweep, const WpSweepRow *row)
{
  char cell[WP_FORMAT_CELL];

  if (has_scales (sweep))
    g_string_append_printf (text, "%7.4gx", row->scale);
  if (has_services (sweep))
    g_string_append_printf (text, "%8.4gx", row->service_scale);
  g_string_append_printf (text, "%9u%9u", row->workers, row->queue_jobs);
  for (guint i = 0; i < G_N_ELEMENTS (shown); i++)
    {
      const WpMetric *metric = wp_metric_find (shown[i]);

      g_string_append_printf (text, "%14s",
                              wp_format_value (cell, metric->unit, wp_metric_value (metric, &row->summary)));
    }
  add_judgement (text, row);
}

static char *
write_text (const WpSweep *sweep, const char *trace, const GPtrArray *notes)
{
  GString *text = g_string_new (NULL);

  add_text_header (text, sweep, trace, notes);
  for (guint i = 0; i < sweep->rows->len; i++)
    add_text_row (text, sweep, &g_array_index (sweep->rows, WpSweepRow, i));

  return g_string_free (text, FALSE);
}

static void
add_double (GString *text, double value)
{
  char buffer[WP_TEXT_NUMBER];

  g_string_append_c (text, ',');
  if (!isnan (value))
    g_string_append (text, wp_text_number (buffer, value));
}

static char *
write_csv (const WpSweep *sweep, const char *trace, const GPtrArray *notes)
{
  GString *text = g_string_new ("mode,scale,service_scale,workers,queue,meets");

  for (const WpMetric *metric = wp_metrics; metric->name; metric++)
    g_string_append_printf (text, ",%s", metric->name);
  g_string_append_c (text, '\n');
  for (guint i = 0; i < sweep->rows->len; i++)
    {
      const WpSweepRow *row = &g_array_index (sweep->rows, WpSweepRow, i);

      g_string_append (text, wp_mode_name (sweep->policy.mode));
      add_double (text, row->scale);
      add_double (text, row->service_scale);
      g_string_append_printf (text, ",%u,%u,%s", row->workers, row->queue_jobs,
                              row->failed ? "false" : "true");
      for (const WpMetric *metric = wp_metrics; metric->name; metric++)
        add_double (text, wp_metric_value (metric, &row->summary));
      g_string_append_c (text, '\n');
    }

  return g_string_free (text, FALSE);
}

static void
add_json_row (JsonBuilder *builder, const WpSweep *sweep, const WpSweepRow *row)
{
  json_builder_begin_object (builder);
  wp_json_add_string (builder, "mode", wp_mode_name (sweep->policy.mode));
  wp_json_add_double (builder, "scale", row->scale);
  wp_json_add_double (builder, "service_scale", row->service_scale);
  wp_json_add_count (builder, "workers", row->workers);
  wp_json_add_count (builder, "queue", row->queue_jobs);
  wp_json_add_boolean (builder, "meets", row->failed == NULL);
  wp_report_json_add_summary (builder, &row->summary);
  json_builder_end_object (builder);
}

static char *
write_json (const WpSweep *sweep, const char *trace, const GPtrArray *notes)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autofree char *text = NULL;

  json_builder_begin_object (builder);
  wp_json_begin_array (builder, "sweep");
  for (guint i = 0; i < sweep->rows->len; i++)
    add_json_row (builder, sweep, &g_array_index (sweep->rows, WpSweepRow, i));
  json_builder_end_array (builder);
  wp_report_json_add_notes (builder, notes);
  json_builder_end_object (builder);
  text = wp_json_text (builder, TRUE);

  return g_strconcat (text, "\n", NULL);
}

char *
wp_report_sweep (const WpSweep *sweep, const char *trace, const GPtrArray *notes, const char *format)
{
  static const struct {
    const char *name;
    char *(*write) (const WpSweep *, const char *, const GPtrArray *);
  } formats[] = { { "text", write_text }, { "csv", write_csv }, { "json", write_json } };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    if (g_str_equal (formats[i].name, format))
      return formats[i].write (sweep, trace, notes);
  g_return_val_if_reached (NULL);
}
