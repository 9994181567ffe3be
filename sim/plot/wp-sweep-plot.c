#include "sim/plot/wp-sweep-plot.h"

#include "sim/base/wp-error.h"
#include "sim/report/wp-format.h"
#include "sim/report/wp-report-verdict.h"

#define MAX_HINTS 10000 /* beyond, the file would be mostly hints */

static double *
as_doubles (const GArray *sizes)
{
  double *values = g_new (double, sizes->len);

  for (guint i = 0; i < sizes->len; i++)
    values[i] = g_array_index (sizes, guint, i);
  return values;
}

/* The map has a row per queue and a column per number of workers; the sweep lists all queues of each number
 * of workers. */
static void
fill_cells (const WpSweep *sweep, const WpMetric *metric, double *values, gboolean *meets)
{
  guint n_workers = sweep->spec->workers->len, n_queues = sweep->spec->queues->len;

  for (guint x = 0; x < n_workers; x++)
    for (guint y = 0; y < n_queues; y++)
      {
        const WpSweepRow *row = &g_array_index (sweep->rows, WpSweepRow, x * n_queues + y);

        values[y * n_workers + x] = wp_metric_value (metric, &row->summary);
        meets[y * n_workers + x] = row->failed == NULL;
      }
}

/* "8 workers, queue 100: blocked 12, not blocked==0; wait.p99 210 ms" */
static char *
hint_of (const WpSweep *sweep, const WpSweepRow *row)
{
  GString *hint = g_string_new (NULL);
  char workers[WP_FORMAT_CELL], queue[WP_FORMAT_CELL];

  g_string_append_printf (hint, "%s worker%s, queue %s", wp_format_whole (workers, row->workers),
                          row->workers == 1 ? "" : "s", wp_format_whole (queue, row->queue_jobs));
  for (guint i = 0; i < sweep->slos->len; i++)
    {
      g_string_append (hint, i == 0 ? ": " : "; ");
      wp_report_verdict_add_judgement (hint, g_ptr_array_index (sweep->slos, i), &row->summary);
    }

  return g_string_free (hint, FALSE);
}

/* In the order of the map's cells; NULL: there are too many. */
static char **
list_hints (const WpSweep *sweep)
{
  guint n_workers = sweep->spec->workers->len, n_queues = sweep->spec->queues->len;
  char **hints = n_workers * n_queues <= MAX_HINTS ? g_new0 (char *, n_workers *n_queues + 1) : NULL;

  for (guint i = 0; hints && i < n_workers * n_queues; i++)
    hints[i]
        = hint_of (sweep, &g_array_index (sweep->rows, WpSweepRow, i % n_workers * n_queues + i / n_workers));

  return hints;
}

static char *
title_of (const WpSweep *sweep, const char *trace_name)
{
  GString *title = g_string_new (trace_name);

  for (guint i = 0; i < sweep->slos->len; i++)
    g_string_append_printf (title, "%s%s", i == 0 ? ": " : ", ",
                            ((const WpSlo *) sweep->slos->pdata[i])->text);
  return g_string_free (title, FALSE);
}

/* The text that the map shows at the pointer. */
struct _WpSweepMap {
  double *xs, *ys, *values;
  gboolean *meets;
  char *title;
  char **hints;
  WpHeatMap map;
};

WpSweepMap *
wp_sweep_map_new (const WpSweep *sweep, const WpPolicy *current, const char *trace_name)
{
  WpSweepMap *self = g_new0 (WpSweepMap, 1);
  const WpMetric *metric = ((const WpSlo *) sweep->slos->pdata[sweep->slos->len - 1])->metric;
  const WpRecommendation *recommended = &sweep->recommendation;
  guint n_xs = sweep->spec->workers->len, n_ys = sweep->spec->queues->len;

  self->xs = as_doubles (sweep->spec->workers);
  self->ys = as_doubles (sweep->spec->queues);
  self->values = g_new (double, n_xs *n_ys);
  self->meets = g_new (gboolean, n_xs * n_ys);
  self->title = title_of (sweep, trace_name);
  self->hints = list_hints (sweep);
  fill_cells (sweep, metric, self->values, self->meets);
  self->map = (WpHeatMap){
    .title = self->title,
    .x_label = "workers",
    .y_label = "queue (jobs)",
    .xs = self->xs,
    .ys = self->ys,
    .n_xs = n_xs,
    .n_ys = n_ys,
    .value_label = metric->name,
    .value_unit = metric->unit,
    .values = self->values,
    .meets = self->meets,
    .hints = self->hints,
    .recommended = { recommended->is_found, recommended->workers, recommended->queue_jobs },
  };
  if (current)
    self->map.current = (WpHeatMark){ TRUE, current->workers, current->queue_jobs };

  return self;
}

void
wp_sweep_map_free (WpSweepMap *self)
{
  g_free (self->xs);
  g_free (self->ys);
  g_free (self->values);
  g_free (self->meets);
  g_free (self->title);
  g_strfreev (self->hints);
  g_free (self);
}

const WpHeatMap *
wp_sweep_map (const WpSweepMap *self)
{
  return &self->map;
}

gboolean
wp_sweep_plot (const WpSweep *sweep, const WpPolicy *current, const char *trace_name, const char *path,
               GError **error)
{
  const WpPlotFormat *format = wp_plot_format_find (path, error);
  g_autoptr (WpSweepMap) map = NULL;
  g_autoptr (WpAtomicFile) output = NULL;

  if (!format)
    return FALSE;
  if (sweep->spec->scales->len != 1 || sweep->spec->services->len != 1)
    return wp_fail (error, WP_ERROR_USAGE, "--plot of a --sweep takes one scale and one service scale");
  map = wp_sweep_map_new (sweep, current, trace_name);
  output = wp_atomic_file_new (path, FALSE, error);

  return output && format->plot_heat_map (&map->map, output, error) && wp_atomic_file_commit (output, error);
}
