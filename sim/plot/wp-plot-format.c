#include "sim/plot/wp-plot.h"

#include <string.h>

#include "sim/base/wp-error.h"
#ifdef WP_HAVE_CAIRO
#include "sim/plot/wp-plot-page.h"
#endif

static const WpPlotFormat formats[] = {
#ifdef WP_HAVE_CAIRO
  { ".svg", wp_plot_run_svg, wp_plot_heat_map_svg, wp_plot_latencies_svg },
  { ".png", wp_plot_run_png, wp_plot_heat_map_png, wp_plot_latencies_png },
#endif
  { NULL }
};

const WpPlotPanels *
wp_plot_panels (GError **error)
{
#ifdef WP_HAVE_CAIRO
  static const WpPlotPanels panels = { wp_plot_embed_depth, wp_plot_embed_quantiles, wp_plot_embed_heat_map };

  return &panels;
#else
  g_set_error_literal (error, WP_ERROR, WP_ERROR_BAD_VALUE, "this program was built without plots (cairo)");

  return NULL;
#endif
}

const WpPlotFormat *
wp_plot_format_find (const char *path, GError **error)
{
  gsize length = strlen (path);

  for (const WpPlotFormat *format = formats; format->extension; format++)
    {
      gsize n = strlen (format->extension);

      if (length > n && g_ascii_strcasecmp (path + length - n, format->extension) == 0)
        return format;
    }
  if (wp_plot_panels (error))
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" ends in neither .svg nor .png", path);

  return NULL;
}
