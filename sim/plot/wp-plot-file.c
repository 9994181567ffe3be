#include "sim/plot/wp-plot-file.h"

#include "sim/plot/wp-axis.h"
#include "sim/plot/wp-plot.h"

struct _WpPlotFile {
  const WpPlotFormat *format;
  WpAtomicFile *output;
  WpPlotData *data;
};

WpPlotFile *
wp_plot_file_new (const char *path, const WpPolicy *policies, guint n_models, GError **error)
{
  g_autoptr (WpPlotFile) self = g_new0 (WpPlotFile, 1);

  self->format = wp_plot_format_find (path, error);
  if (!self->format || !(self->output = wp_atomic_file_new (path, FALSE, error)))
    return NULL;
  self->data = wp_plot_data_new (policies, n_models);

  return g_steal_pointer (&self);
}

void
wp_plot_file_free (WpPlotFile *self)
{
  g_clear_pointer (&self->output, wp_atomic_file_free);
  g_clear_pointer (&self->data, wp_plot_data_free);
  g_free (self);
}

void
wp_plot_file_watch (WpPlotFile *self, WpRun *run)
{
  wp_plot_data_watch (self->data, run);
}

gboolean
wp_plot_file_commit (WpPlotFile *self, const char *trace, guint64 requests, const WpMeasurement *measured,
                     gint64 shift_ns, GError **error)
{
  char number[WP_AXIS_TEXT];
  g_autofree char *title
      = g_strdup_printf ("%s: %s request%s%s", trace, wp_axis_number (number, (double) requests),
                         requests == 1 ? "" : "s", measured ? ", predicted and measured" : "");

  if (measured)
    {
      gsize n_rows;
      const WpRow *rows = wp_measurement_rows (measured, &n_rows);

      wp_plot_data_measure (self->data, rows, n_rows, shift_ns);
    }
  wp_plot_data_align (self->data);

  return self->format->plot_run (self->data, title, self->output, error)
         && wp_atomic_file_commit (self->output, error);
}
