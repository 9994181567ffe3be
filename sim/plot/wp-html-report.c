#include "sim/plot/wp-html-report.h"

#include <math.h>
#include <string.h>

#include "sim/base/wp-text.h"
#include "sim/plot/wp-html-comparison.h"
#include "sim/plot/wp-html-verdict.h"
#include "sim/plot/wp-plot.h"
#include "sim/plot/wp-sweep-plot.h"
#include "sim/report/wp-report-comparison.h"
#include "sim/report/wp-format.h"
#include "sim/report/wp-report.h"
#include "sim/report/wp-report-plan.h"
#include "sim/wp-html-report.h"

struct _WpHtmlReport {
  const WpPlotPanels *panels;
  WpAtomicFile *output;
  WpPlotData *data;

  /* While it is written. */
  const WpReport *report;
  const char *command;
  const WpSweep *sizes;
  const WpPolicy *current;
};

WpHtmlReport *
wp_html_report_new (const char *path, const WpPolicy *policies, guint n_models, GError **error)
{
  g_autoptr (WpHtmlReport) self = g_new0 (WpHtmlReport, 1);

  self->panels = wp_plot_panels (error);
  if (!self->panels || !(self->output = wp_atomic_file_new (path, FALSE, error)))
    return NULL;
  self->data = wp_plot_data_new (policies, n_models);

  return g_steal_pointer (&self);
}

void
wp_html_report_free (WpHtmlReport *self)
{
  g_clear_pointer (&self->output, wp_atomic_file_free);
  g_clear_pointer (&self->data, wp_plot_data_free);
  g_free (self);
}

void
wp_html_report_watch (WpHtmlReport *self, WpRun *run)
{
  wp_plot_data_watch (self->data, run);
}

/* @text may come from a file's name or a log: control characters become escapes, and nothing is markup. */
static void
add_escaped (GString *html, const char *text)
{
  g_autofree char *line = wp_text_escape (text);
  g_autofree char *escaped = g_markup_escape_text (line, -1);

  g_string_append (html, escaped);
}

static gboolean
add_trace (const WpHtmlReport *self, GString *html, GError **error)
{
  add_escaped (html, self->report->trace);

  return TRUE;
}

static gboolean
add_version (const WpHtmlReport *self, GString *html, GError **error)
{
  g_string_append (html, WP_VERSION);

  return TRUE;
}

static gboolean
add_command (const WpHtmlReport *self, GString *html, GError **error)
{
  add_escaped (html, self->command);

  return TRUE;
}

static gboolean
is_sweep (const WpHtmlReport *self)
{
  return self->sizes && self->report->n_models == 0;
}

static gboolean
add_verdict (const WpHtmlReport *self, GString *html, GError **error)
{
  g_autofree char *verdict = wp_html_verdict (self->report, self->sizes);

  if (!verdict)
    return TRUE;
  g_string_append (html, "<p class=\"verdict\">");
  add_escaped (html, verdict);
  g_string_append (html, "</p>");

  return TRUE;
}

static void
add_item (GString *html, const char *before, const char *text)
{
  g_string_append_printf (html, "<li>%s", before);
  add_escaped (html, text);
  g_string_append (html, "</li>\n");
}

static gboolean
add_assumptions (const WpHtmlReport *self, GString *html, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_auto (GStrv) lines = NULL;

  if (is_sweep (self))
    wp_report_sweep_add_traffic (text, self->sizes, self->report->trace);
  else
    wp_report_text_add_traffic (text, self->report);
  if (self->report->against)
    wp_report_comparison_add_sides (text, self->report, FALSE);
  lines = g_strsplit (text->str, "\n", -1);
  for (char **line = lines; *line; line++)
    if (**line != '\0')
      add_item (html, "", *line);
  for (guint i = 0; is_sweep (self) && i < self->report->notes->len; i++)
    add_item (html, "", g_ptr_array_index (self->report->notes, i));
  for (guint i = 0; i < self->report->warnings->len; i++)
    add_item (html, "Warning: ", g_ptr_array_index (self->report->warnings, i));

  return TRUE;
}

/* The cell that the map shows first: the recommended sizes, else the current ones. */
static guint
first_cell (const WpHeatMap *map)
{
  const WpHeatMark *mark = map->recommended.is_known ? &map->recommended : &map->current;

  for (guint i = 0; mark->is_known && i < map->n_xs * map->n_ys; i++)
    if (map->xs[i % map->n_xs] == mark->workers && map->ys[i / map->n_xs] == mark->queue_jobs)
      return i;

  return 0;
}

static gboolean
add_sizes (const WpHtmlReport *self, GString *html, GError **error)
{
  g_autoptr (WpSweepMap) map = NULL;

  if (!self->sizes)
    return TRUE;
  map = wp_sweep_map_new (self->sizes, self->current, self->report->trace);
  g_string_append_printf (
      html,
      "<h2>Sizes at this traffic</h2>\n<figure>\n"
      "<div class=\"wide picture\" id=\"map\" tabindex=\"0\" role=\"group\" "
      "aria-label=\"Map of sizes. The arrow keys move between sizes.\" data-columns=\"%u\" data-at=\"%u\">\n",
      wp_sweep_map (map)->n_xs, first_cell (wp_sweep_map (map)));
  if (!self->panels->embed_heat_map (wp_sweep_map (map), "Which sizes meet the objectives", html, error))
    return FALSE;
  g_string_append (html,
                   "</div>\n<output id=\"size\" aria-live=\"polite\"></output>\n<figcaption>Objectives: ");
  for (guint i = 0; i < self->sizes->slos->len; i++)
    {
      g_string_append (html, i == 0 ? "" : ", ");
      add_escaped (html, ((const WpSlo *) g_ptr_array_index (self->sizes->slos, i))->text);
    }
  g_string_append (
      html, ". Point at a size, or move with the arrow keys, to see its figures.</figcaption>\n</figure>");

  return TRUE;
}

static gboolean
add_comparison (const WpHtmlReport *self, GString *html, GError **error)
{
  if (self->report->against)
    wp_html_comparison_add (self->report->against, html);

  return TRUE;
}

/* A picture that can be scrolled where the screen is narrow. */
static void
begin_picture (GString *html, const char *label)
{
  g_string_append_printf (html,
                          "<div class=\"wide picture\" tabindex=\"0\" role=\"group\" aria-label=\"%s\">\n",
                          label);
}

static gboolean
add_depth (const WpHtmlReport *self, GString *html, GError **error)
{
  if (self->report->n_models == 0)
    return TRUE;
  g_string_append (html, "<h2>Depth over time</h2>\n");
  for (guint i = 0; i < self->report->n_models; i++)
    {
      g_autofree char *label
          = g_strdup_printf ("Jobs over time in %s", wp_mode_name (self->report->policies[i].mode));

      begin_picture (html, label);
      if (!self->panels->embed_depth (self->data, i, label, html, error))
        return FALSE;
      g_string_append (html, "</div>\n");
    }

  return TRUE;
}

/* May break before each word: "WorkerPool" is long for a phone. */
static void
add_mode (GString *html, const char *name)
{
  for (const char *at = name; *at != '\0'; at++)
    {
      if (at > name && g_ascii_isupper (*at))
        g_string_append (html, "<wbr/>");
      g_string_append_c (html, *at);
    }
}

static void
add_heads (GString *html, const WpReport *report)
{
  char cell[WP_FORMAT_CELL];

  g_string_append (html, "<thead><tr><th scope=\"col\">mode</th>");
  for (guint i = 0; i < report->n_models; i++)
    {
      g_string_append (html, "<th scope=\"col\">");
      add_mode (html, wp_mode_name (report->policies[i].mode));
      g_string_append (html, "</th>");
    }
  g_string_append (html, "</tr></thead>\n<tbody><tr><th scope=\"row\">queue</th>");
  for (guint i = 0; i < report->n_models; i++)
    g_string_append_printf (html, "<td>%s</td>",
                            wp_policy_uses (&report->policies[i], WP_POLICY_QUEUE)
                                ? wp_format_whole (cell, report->policies[i].queue_jobs)
                                : "-");
  g_string_append (html, "</tr>\n<tr><th scope=\"row\">workers</th>");
  for (guint i = 0; i < report->n_models; i++)
    {
      guint workers = wp_report_workers (&report->policies[i]);

      g_string_append_printf (html, "<td>%s</td>",
                              workers > 0 ? wp_format_whole (cell, workers) : "no limit");
    }
  g_string_append (html, "</tr>\n<tr><th scope=\"row\">when full</th>");
  for (guint i = 0; i < report->n_models; i++)
    g_string_append_printf (html, "<td>%s</td>", wp_report_describe_full (cell, &report->policies[i]));
  g_string_append (html, "</tr></tbody>\n");
}

static gboolean
is_any (const WpReport *report, const WpMetric *metric)
{
  for (guint i = 0; i < report->n_models; i++)
    if (!isnan (wp_metric_value (metric, &report->summary[i])))
      return TRUE;

  return FALSE;
}

/* Each figure is rounded for people, and has its value for programs. */
static void
add_metric (GString *html, const WpReport *report, const WpMetric *metric, const char *label)
{
  char cell[WP_FORMAT_CELL], number[WP_TEXT_NUMBER];

  g_string_append_printf (html, "<tr><th scope=\"row\">%s</th>",
                          g_str_equal (label, "p999") ? "p99.9" : label);
  for (guint i = 0; i < report->n_models; i++)
    {
      double value = wp_metric_value (metric, &report->summary[i]);

      if (isfinite (value))
        g_string_append_printf (html, "<td><data class=\"%s\" value=\"%s\">%s</data></td>", metric->name,
                                wp_text_number (number, value), wp_format_value (cell, metric->unit, value));
      else
        g_string_append (html, "<td>-</td>");
    }
  g_string_append (html, "</tr>\n");
}

/* "wait" of "wait.p99", ""  of "blocked" */
static gsize
group_of (const WpMetric *metric)
{
  const char *dot = strchr (metric->name, '.');

  return dot ? (gsize) (dot - metric->name) : 0;
}

static gboolean
is_in_group (const WpMetric *metric, const char *group, gsize length)
{
  return group_of (metric) == length && strncmp (metric->name, group, length) == 0;
}

/* All metrics "GROUP.": the length is 0 for those that are in none. */
static void
add_group (GString *html, const WpReport *report, const char *group, gsize length)
{
  const char *title = length == 0 ? "requests and time" : group;
  guint n = length == 0 ? (guint) strlen (title) : (guint) length;

  g_string_append_printf (html,
                          "<tbody><tr><th class=\"group\" scope=\"rowgroup\" colspan=\"%u\">%.*s</th></tr>\n",
                          report->n_models + 1, (int) n, title);
  for (const WpMetric *metric = wp_metrics; metric->name; metric++)
    if (is_in_group (metric, group, length) && is_any (report, metric))
      add_metric (html, report, metric, metric->name + (length > 0 ? length + 1 : 0));
  g_string_append (html, "</tbody>\n");
}

static gboolean
is_first_of_group (const WpMetric *self)
{
  for (const WpMetric *metric = wp_metrics; metric < self; metric++)
    if (is_in_group (metric, self->name, group_of (self)))
      return FALSE;

  return TRUE;
}

static gboolean
add_figures (const WpHtmlReport *self, GString *html, GError **error)
{
  const WpReport *report = self->report;

  if (report->n_models == 0)
    return TRUE;
  g_string_append (html, "<h2>Percentiles</h2>\n");
  begin_picture (html, "Response and wait by percentile");
  if (!self->panels->embed_quantiles (self->data, "Response and wait by percentile", html, error))
    return FALSE;
  g_string_append (html, "</div>\n<h2>Figures</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"group\" "
                         "aria-label=\"Figures of each mode\">\n<table>\n");
  add_heads (html, report);
  for (const WpMetric *metric = wp_metrics; metric->name; metric++)
    if (is_first_of_group (metric) && is_any (report, metric))
      add_group (html, report, metric->name, group_of (metric));
  g_string_append (html, "</table>\n</div>");

  return TRUE;
}

/* The value of a mark {{NAME}} of the template. */
static const struct {
  const char *name;
  gboolean (*add) (const WpHtmlReport *self, GString *html, GError **error);
} parts[] = {
  { "trace", add_trace },           { "verdict", add_verdict },
  { "command", add_command },       { "assumptions", add_assumptions },
  { "sizes", add_sizes },           { "depth", add_depth },
  { "figures", add_figures },       { "version", add_version },
  { "comparison", add_comparison },
};

static gboolean
add_part (const WpHtmlReport *self, const char *name, gsize length, GString *html, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if (strlen (parts[i].name) == length && strncmp (parts[i].name, name, length) == 0)
      return parts[i].add (self, html, error);
  g_return_val_if_reached (FALSE);
}

static gboolean
write_page (const WpHtmlReport *self, GString *html, GError **error)
{
  g_autoptr (GBytes) page = NULL;
  const char *at, *mark;

  g_resources_register (wp_html_report_get_resource ());
  page = g_resources_lookup_data ("/wp/report.html", 0, NULL);
  for (at = g_bytes_get_data (page, NULL); (mark = strstr (at, "{{")); at = strstr (mark, "}}") + 2)
    {
      g_string_append_len (html, at, mark - at);
      if (!add_part (self, mark + 2, (gsize) (strstr (mark, "}}") - mark - 2), html, error))
        return FALSE;
    }
  g_string_append (html, at);

  return TRUE;
}

static void
add_measured (WpPlotData *data, const WpComparison *against)
{
  gsize n_rows;
  const WpRow *rows = wp_measurement_rows (against->measured, &n_rows);

  wp_plot_data_measure (data, rows, n_rows, against->shift_ns);
}

gboolean
wp_html_report_commit (WpHtmlReport *self, const WpReport *report, const char *command, const WpSweep *sizes,
                       const WpPolicy *current, GError **error)
{
  g_autoptr (GString) html = g_string_new (NULL);

  self->report = report;
  self->command = command;
  self->sizes = sizes;
  self->current = current;
  if (report->against)
    add_measured (self->data, report->against);
  wp_plot_data_align (self->data);

  return write_page (self, html, error) && wp_atomic_file_write (self->output, html->str, html->len, error)
         && wp_atomic_file_commit (self->output, error);
}
