#include "sim/plot/wp-plot-page.h"

#include <cairo-svg.h>
#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/plot/wp-plot-draw.h"

typedef void (*Draw) (cairo_t *cr, gconstpointer what);

typedef struct {
  const WpPlotData *data;
  const char *title;
} Run;

#define FAR_APART 4 /* times: ends on one axis, where the shorter could still be read */

/* Of the first model; NULL: nothing was measured. */
static const WpPlotSide *
measured_of (const WpPlotData *data, guint model)
{
  return model == 0 ? wp_plot_data_measured (data) : NULL;
}

static gint64
end_of (const WpPlotData *data, guint model)
{
  const WpPlotSide *measured = measured_of (data, model);

  return MAX (wp_downsample_end (wp_plot_data_side (data, model)->depth),
              measured ? wp_downsample_end (measured->depth) : 0);
}

/* The end of a model's axis: that of all models, unless they end far apart. */
static gint64
axis_end (const WpPlotData *data, guint model)
{
  gint64 least_ns = G_MAXINT64, most_ns = 0;

  for (guint i = 0; i < wp_plot_data_models (data); i++)
    {
      least_ns = MIN (least_ns, end_of (data, i));
      most_ns = MAX (most_ns, end_of (data, i));
    }

  return most_ns / FAR_APART > least_ns ? end_of (data, model) : most_ns;
}

static double
run_height (const WpPlotData *data)
{
  return WP_PLOT_TITLE_HEIGHT + wp_plot_data_models (data) * WP_PLOT_DEPTH_HEIGHT + WP_PLOT_QUANTILES_HEIGHT;
}

static void
draw_run (cairo_t *cr, gconstpointer what)
{
  const Run *run = what;
  double top = WP_PLOT_TITLE_HEIGHT;

  wp_plot_title (cr, run->title);
  for (guint i = 0; i < wp_plot_data_models (run->data); i++, top += WP_PLOT_DEPTH_HEIGHT)
    wp_plot_depth (cr, top, wp_plot_data_side (run->data, i), measured_of (run->data, i),
                   axis_end (run->data, i));
  wp_plot_quantiles (cr, top, run->data);
}

static void
draw_heat_map (cairo_t *cr, gconstpointer what)
{
  const WpHeatMap *map = what;

  wp_plot_title (cr, map->title);
  wp_plot_heat_map (cr, WP_PLOT_TITLE_HEIGHT, map);
}

static cairo_status_t
append (void *closure, const unsigned char *data, unsigned int length)
{
  g_string_append_len (closure, (const char *) data, length);

  return CAIRO_STATUS_SUCCESS;
}

static gboolean
check (cairo_status_t status, GError **error)
{
  if (status != CAIRO_STATUS_SUCCESS)
    g_set_error (error, WP_ERROR, WP_ERROR_IO, "cannot draw: %s", cairo_status_to_string (status));

  return status == CAIRO_STATUS_SUCCESS;
}

/* @elements of the picture that cairo did not draw. */
static void
add_elements (GString *file, const char *title, const char *elements)
{
  g_autofree char *shown = wp_cairo_printable (title);
  g_autofree char *head = g_markup_printf_escaped ("\n<title>%s</title>", shown);
  g_autofree char *foot = g_strdup_printf ("<g font-family=\"sans-serif\">\n%s</g>\n", elements);
  const char *root = g_strstr_len (file->str, (gssize) file->len, "<svg ");
  const char *begin = root ? strchr (root, '>') : NULL, *end = begin ? strstr (begin, "</svg>") : NULL;

  gssize head_at, foot_at;

  if (!end)
    return;
  head_at = begin + 1 - file->str;
  foot_at = end - file->str;
  g_string_insert (file, foot_at, foot); /* moves the text */
  g_string_insert (file, head_at, head);
}

/* @elements: (out): those that cairo did not draw */
static gboolean
draw_svg (double height, Draw draw, gconstpointer what, GString *file, GString *elements, GError **error)
{
  cairo_surface_t *surface = cairo_svg_surface_create_for_stream (append, file, WP_PLOT_WIDTH, height);
  cairo_t *cr = cairo_create (surface);
  cairo_status_t status;

  cairo_svg_surface_set_document_unit (surface, CAIRO_SVG_UNIT_PX);
  wp_cairo_collect (cr, elements);
  wp_cairo_begin (cr, WP_PLOT_WIDTH, height);
  draw (cr, what);
  status = cairo_status (cr);
  cairo_destroy (cr);
  cairo_surface_finish (surface);
  if (status == CAIRO_STATUS_SUCCESS)
    status = cairo_surface_status (surface);
  cairo_surface_destroy (surface);

  return check (status, error);
}

static gboolean
write_svg (double height, Draw draw, gconstpointer what, const char *title, WpAtomicFile *output,
           GError **error)
{
  g_autoptr (GString) file = g_string_new (NULL);
  g_autoptr (GString) elements = g_string_new (NULL);

  if (!draw_svg (height, draw, what, file, elements, error))
    return FALSE;
  add_elements (file, title, elements->str);

  return wp_atomic_file_write (output, file->str, file->len, error);
}

/* Several pictures of a page would have the same names. */
static void
append_unnamed (GString *html, const char *body, gsize length)
{
  static const char name[] = " id=\"surface";
  const char *end = body + length, *at;

  while ((at = g_strstr_len (body, end - body, name)))
    {
      g_string_append_len (html, body, at - body);
      body = strchr (at + strlen (name), '"') + 1;
    }
  g_string_append_len (html, body, end - body);
}

/* Within HTML an SVG needs no declarations, which are addresses. */
static gboolean
embed (double height, Draw draw, gconstpointer what, const char *role, const char *label, GString *html,
       GError **error)
{
  g_autoptr (GString) file = g_string_new (NULL);
  g_autoptr (GString) elements = g_string_new (NULL);
  g_autofree char *escaped = g_markup_escape_text (label, -1);
  const char *body, *end;

  if (!draw_svg (height, draw, what, file, elements, error))
    return FALSE;
  body = strchr (strstr (file->str, "<svg "), '>') + 1;
  end = strstr (body, "</svg>");
  g_string_append_printf (html, "<svg viewBox=\"0 0 %d %.0f\" role=\"%s\" aria-label=\"%s\">", WP_PLOT_WIDTH,
                          height, role, escaped);
  append_unnamed (html, body, (gsize) (end - body));
  g_string_append_printf (html, "<g font-family=\"sans-serif\">\n%s</g>\n</svg>\n", elements->str);

  return TRUE;
}

static gboolean
write_png (double height, Draw draw, gconstpointer what, WpAtomicFile *output, GError **error)
{
  g_autoptr (GString) file = g_string_new (NULL);
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, WP_PLOT_WIDTH, (int) height);
  cairo_t *cr = cairo_create (surface);
  cairo_status_t status;

  wp_cairo_begin (cr, WP_PLOT_WIDTH, height);
  draw (cr, what);
  status = cairo_status (cr);
  cairo_destroy (cr);
  if (status == CAIRO_STATUS_SUCCESS)
    status = cairo_surface_write_to_png_stream (surface, append, file);
  cairo_surface_destroy (surface);

  return check (status, error) && wp_atomic_file_write (output, file->str, file->len, error);
}

gboolean
wp_plot_run_svg (const WpPlotData *data, const char *title, WpAtomicFile *output, GError **error)
{
  return write_svg (run_height (data), draw_run, &(Run){ data, title }, title, output, error);
}

gboolean
wp_plot_run_png (const WpPlotData *data, const char *title, WpAtomicFile *output, GError **error)
{
  return write_png (run_height (data), draw_run, &(Run){ data, title }, output, error);
}

gboolean
wp_plot_heat_map_svg (const WpHeatMap *map, WpAtomicFile *output, GError **error)
{
  return write_svg (wp_plot_heat_map_height (map), draw_heat_map, map, map->title, output, error);
}

gboolean
wp_plot_heat_map_png (const WpHeatMap *map, WpAtomicFile *output, GError **error)
{
  return write_png (wp_plot_heat_map_height (map), draw_heat_map, map, output, error);
}

static void
draw_latencies (cairo_t *cr, gconstpointer what)
{
  const WpLatencyPlot *plot = what;

  wp_plot_title (cr, plot->title);
  wp_plot_latencies (cr, WP_PLOT_TITLE_HEIGHT, plot);
}

gboolean
wp_plot_latencies_svg (const WpLatencyPlot *plot, WpAtomicFile *output, GError **error)
{
  return write_svg (WP_PLOT_TITLE_HEIGHT + WP_PLOT_QUANTILES_HEIGHT, draw_latencies, plot, plot->title,
                    output, error);
}

gboolean
wp_plot_latencies_png (const WpLatencyPlot *plot, WpAtomicFile *output, GError **error)
{
  return write_png (WP_PLOT_TITLE_HEIGHT + WP_PLOT_QUANTILES_HEIGHT, draw_latencies, plot, output, error);
}

#define EMBED_TOP 8 /* nothing is above the panel that could hold the tops of its letters */

typedef struct {
  const WpPlotData *data;
  guint model;
} Panel;

static void
draw_depth (cairo_t *cr, gconstpointer what)
{
  const Panel *panel = what;

  wp_plot_depth (cr, EMBED_TOP, wp_plot_data_side (panel->data, panel->model),
                 measured_of (panel->data, panel->model), axis_end (panel->data, panel->model));
}

static void
draw_quantiles (cairo_t *cr, gconstpointer what)
{
  wp_plot_quantiles (cr, 0, what);
}

static void
draw_bare_heat_map (cairo_t *cr, gconstpointer what)
{
  wp_plot_heat_map (cr, 0, what);
}

gboolean
wp_plot_embed_depth (const WpPlotData *data, guint model, const char *label, GString *html, GError **error)
{
  return embed (EMBED_TOP + WP_PLOT_DEPTH_HEIGHT, draw_depth, &(Panel){ data, model }, "img", label, html,
                error);
}

gboolean
wp_plot_embed_quantiles (const WpPlotData *data, const char *label, GString *html, GError **error)
{
  return embed (WP_PLOT_QUANTILES_HEIGHT, draw_quantiles, data, "img", label, html, error);
}

gboolean
wp_plot_embed_heat_map (const WpHeatMap *map, const char *label, GString *html, GError **error)
{
  return embed (wp_plot_heat_map_height (map) - WP_PLOT_TITLE_HEIGHT, draw_bare_heat_map, map, "group", label,
                html, error);
}
