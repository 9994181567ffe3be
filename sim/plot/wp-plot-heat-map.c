#include <math.h>

#include "sim/plot/wp-plot-draw.h"
#include "sim/report/wp-format.h"

#define HEAD        40
#define MARK_ROW    22 /* the legend of the marks */
#define FOOT        60
#define SCALE_WIDTH 16  /* of the colour scale at the right */
#define SCALE_ROOM  132 /* for "59 min 59 s" beside it */
#define OVERLAP     0.5 /* of neighbours: a renderer of SVG would show seams */
#define MIN_HEIGHT  260
#define CELL_HEIGHT 26
#define MAX_HEIGHT  560
#define LABEL_ROOM  46 /* pixels for a column's text */

/* The range of the values, and whether their scale is logarithmic. */
typedef struct {
  double least, most;
  gboolean is_log;
} Range;

static guint
n_cells (const WpHeatMap *map)
{
  return map->n_xs * map->n_ys;
}

static Range
find_range (const WpHeatMap *map)
{
  Range range = { INFINITY, -INFINITY, FALSE };
  double least_positive = INFINITY;

  for (guint i = 0; i < n_cells (map); i++)
    if (isfinite (map->values[i]))
      {
        range.least = MIN (range.least, map->values[i]);
        range.most = MAX (range.most, map->values[i]);
        if (map->values[i] > 0)
          least_positive = MIN (least_positive, map->values[i]);
      }
  if (range.least > range.most)
    range.least = range.most = 0;
  range.is_log = range.least >= 0 && range.most > 100 * least_positive;
  if (range.is_log)
    range.least = MAX (least_positive, range.most * 1e-9);

  return range;
}

/* 0 to 1 from the least to the most. */
static double
place (const Range *range, double value)
{
  double share = range->is_log
                     ? log (MAX (value, range->least) / range->least) / log (range->most / range->least)
                     : (value - range->least) / (range->most - range->least);

  return range->most > range->least ? CLAMP (share, 0, 1) : 0.5;
}

static WpColour
mix (WpColour from, WpColour to, double share)
{
  return (WpColour){ from.red + share * (to.red - from.red), from.green + share * (to.green - from.green),
                     from.blue + share * (to.blue - from.blue) };
}

/* Blue if the objective is met, else orange; darker for larger values. */
static WpColour
colour_of (const Range *range, double value, gboolean meets)
{
  static const WpColour few_met = { 0.88, 0.94, 0.98 }, most_met = { 0.25, 0.58, 0.80 };
  static const WpColour few_failed = { 0.99, 0.90, 0.72 }, most_failed = { 0.75, 0.28, 0.02 };

  if (!isfinite (value))
    return meets ? few_met : wp_grey;

  return meets ? mix (few_met, most_met, place (range, value))
               : mix (few_failed, most_failed, place (range, value));
}

static WpBox
cell_box (const WpBox *box, const WpHeatMap *map, guint column, guint row)
{
  double width = box->width / map->n_xs, height = box->height / map->n_ys;

  return (WpBox){ box->x + column * width, box->y + box->height - (row + 1) * height, width, height };
}

static void
draw_cells (cairo_t *cr, const WpBox *box, const WpHeatMap *map, const Range *range)
{
  cairo_set_antialias (cr, CAIRO_ANTIALIAS_NONE); /* no seams between neighbours */
  for (guint row = 0; row < map->n_ys; row++)
    for (guint column = 0; column < map->n_xs; column++)
      {
        WpBox cell = cell_box (box, map, column, row);
        guint i = row * map->n_xs + column;

        wp_cairo_colour (cr, colour_of (range, map->values[i], map->meets[i]));
        cairo_rectangle (cr, cell.x, cell.y, cell.width + OVERLAP, cell.height + OVERLAP);
        cairo_fill (cr);
      }
  cairo_set_antialias (cr, CAIRO_ANTIALIAS_DEFAULT);
}

/* Between each cell that meets the objective and each neighbour that does not. */
static void
draw_frontier (cairo_t *cr, const WpBox *box, const WpHeatMap *map)
{
  cairo_new_path (cr);
  for (guint row = 0; row < map->n_ys; row++)
    for (guint column = 0; column < map->n_xs; column++)
      {
        WpBox cell = cell_box (box, map, column, row);
        const gboolean *meets = &map->meets[row * map->n_xs + column];

        if (column + 1 < map->n_xs && !meets[0] != !meets[1])
          {
            cairo_move_to (cr, cell.x + cell.width, cell.y);
            cairo_line_to (cr, cell.x + cell.width, cell.y + cell.height);
          }
        if (row + 1 < map->n_ys && !meets[0] != !meets[map->n_xs])
          {
            cairo_move_to (cr, cell.x, cell.y);
            cairo_line_to (cr, cell.x + cell.width, cell.y);
          }
      }
  cairo_set_line_cap (cr, CAIRO_LINE_CAP_SQUARE);
  wp_cairo_stroke (cr, wp_ink, 3, WP_SOLID);
  cairo_set_line_cap (cr, CAIRO_LINE_CAP_BUTT);
}

/* The step between labels that keeps them apart. */
static guint
label_step (guint n, double length, double room)
{
  static const guint steps[] = { 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000 };

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    if (length / n * steps[i] >= room)
      return steps[i];

  return n;
}

/* The first label, chosen to make the labels round numbers. */
static guint
first_label (const double *places, guint n, guint step)
{
  for (guint i = 0; n > 1 && i < MIN (n, step); i++)
    if (fmod (places[i], step * (places[1] - places[0])) == 0)
      return i;

  return 0;
}

static void
draw_labels (cairo_t *cr, const WpBox *box, const WpHeatMap *map)
{
  guint x_step = label_step (map->n_xs, box->width, LABEL_ROOM),
        y_step = label_step (map->n_ys, box->height, 16);
  char text[WP_AXIS_TEXT];

  wp_cairo_colour (cr, wp_ink);
  wp_cairo_size (cr, 11, FALSE);
  for (guint column = first_label (map->xs, map->n_xs, x_step); column < map->n_xs; column += x_step)
    {
      WpBox cell = cell_box (box, map, column, 0);

      wp_cairo_text (cr, cell.x + cell.width / 2, box->y + box->height + 16, 0.5,
                     wp_axis_number (text, map->xs[column]));
    }
  for (guint row = first_label (map->ys, map->n_ys, y_step); row < map->n_ys; row += y_step)
    {
      WpBox cell = cell_box (box, map, 0, row);

      wp_cairo_text (cr, box->x - 6, cell.y + cell.height / 2 + 4, 1, wp_axis_number (text, map->ys[row]));
    }
  wp_cairo_size (cr, 12, FALSE);
  wp_cairo_text (cr, box->x + box->width / 2, box->y + box->height + 36, 0.5, map->x_label);
  wp_cairo_text_upwards (cr, 12, box->y + box->height / 2, map->y_label);
}

/* Counted in cells, fractions between their middles; NaN: outside. */
static double
place_among (const double *places, guint n, double value)
{
  for (guint i = 0; i < n; i++)
    if (value == places[i])
      return i;
    else if (i + 1 < n && value > places[i] && value < places[i + 1])
      return i + (value - places[i]) / (places[i + 1] - places[i]);

  return NAN;
}

/* A ring. */
static void
draw_current (cairo_t *cr, double x, double y)
{
  for (int i = 0; i < 2; i++)
    {
      cairo_new_path (cr);
      cairo_arc (cr, x, y, 8, 0, 2 * G_PI);
      wp_cairo_stroke (cr, i == 0 ? wp_white : wp_ink, i == 0 ? 5 : 2.2, WP_SOLID);
    }
}

/* A diamond, which may lie in the ring. */
static void
draw_recommended (cairo_t *cr, double x, double y)
{
  const double size = 5;

  cairo_new_path (cr);
  cairo_move_to (cr, x, y - size);
  cairo_line_to (cr, x + size, y);
  cairo_line_to (cr, x, y + size);
  cairo_line_to (cr, x - size, y);
  cairo_close_path (cr);
  wp_cairo_colour (cr, wp_ink);
  cairo_fill_preserve (cr);
  wp_cairo_stroke (cr, wp_white, 1.2, WP_SOLID);
}

static gboolean
has_marks (const WpHeatMap *map)
{
  return map->current.is_known || map->recommended.is_known;
}

/* Draws the mark, and at *@x, which moves, its entry of the legend. */
static void
draw_mark (cairo_t *cr, const WpBox *box, const WpHeatMap *map, const WpHeatMark *mark, const char *name,
           void (*draw) (cairo_t *cr, double x, double y), double *x)
{
  double column = place_among (map->xs, map->n_xs, mark->workers),
         row = place_among (map->ys, map->n_ys, mark->queue_jobs);
  char workers[WP_FORMAT_CELL], queue[WP_FORMAT_CELL];
  g_autofree char *text = NULL;

  if (!mark->is_known)
    return;
  text = g_strdup_printf ("%s: %s worker%s, queue %s%s", name, wp_format_whole (workers, mark->workers),
                          mark->workers == 1 ? "" : "s", wp_format_whole (queue, mark->queue_jobs),
                          isnan (column + row) ? " (not on this map)" : "");
  draw (cr, *x + 9, box->y - MARK_ROW + 3);
  wp_cairo_size (cr, 12, FALSE);
  wp_cairo_colour (cr, wp_ink);
  wp_cairo_text (cr, *x + 24, box->y - MARK_ROW + 7, 0, text);
  *x += wp_cairo_text_width (cr, text) + 48;
  if (!isnan (column + row))
    draw (cr, box->x + (column + 0.5) * box->width / map->n_xs,
          box->y + box->height - (row + 0.5) * box->height / map->n_ys);
}

static void
draw_marks (cairo_t *cr, const WpBox *box, const WpHeatMap *map)
{
  double x = box->x;

  draw_mark (cr, box, map, &map->current, "current", draw_current, &x);
  draw_mark (cr, box, map, &map->recommended, "recommended", draw_recommended, &x);
}

static void
add_hints (cairo_t *cr, const WpBox *box, const WpHeatMap *map)
{
  for (guint row = 0; map->hints && row < map->n_ys; row++)
    for (guint column = 0; column < map->n_xs; column++)
      {
        WpBox cell = cell_box (box, map, column, row);

        wp_cairo_hint (cr, &cell, map->hints[row * map->n_xs + column]);
      }
}

/* Two strips side by side: met, not met. */
static void
draw_scale (cairo_t *cr, const WpBox *box, const WpHeatMap *map, const Range *range)
{
  double x = WP_PLOT_WIDTH - SCALE_ROOM + 24, height = box->height - 24, top = box->y + 24;
  char text[WP_FORMAT_CELL];

  cairo_set_antialias (cr, CAIRO_ANTIALIAS_NONE);
  for (int i = 0; i < 64; i++)
    for (int meets = 0; meets <= 1; meets++)
      {
        double share = (i + 0.5) / 64;
        double value = range->is_log ? range->least * pow (range->most / range->least, share)
                                     : range->least + share * (range->most - range->least);

        wp_cairo_colour (cr, colour_of (range, value, meets));
        cairo_rectangle (cr, x + (meets ? 0 : SCALE_WIDTH), top + height * (63 - i) / 64, SCALE_WIDTH,
                         height / 64 + 1);
        cairo_fill (cr);
      }
  cairo_set_antialias (cr, CAIRO_ANTIALIAS_DEFAULT);
  wp_cairo_colour (cr, wp_ink);
  wp_cairo_size (cr, 11, FALSE);
  wp_cairo_text (cr, WP_PLOT_WIDTH - WP_PLOT_RIGHT, box->y + 8, 1, map->value_label);
  for (int i = 0; i <= 2; i++)
    {
      double value = range->is_log ? range->least * pow (range->most / range->least, i / 2.0)
                                   : range->least + (range->most - range->least) * i / 2;

      wp_cairo_text (cr, x + 2 * SCALE_WIDTH + 5,
                     top + height * (2 - i) / 2
                         + (i == 2   ? 8
                            : i == 1 ? 4
                                     : 0),
                     0, wp_format_value (text, map->value_unit, value));
    }
}

static double
head_of (const WpHeatMap *map)
{
  return HEAD + (has_marks (map) ? MARK_ROW : 0);
}

double
wp_plot_heat_map_height (const WpHeatMap *map)
{
  return WP_PLOT_TITLE_HEIGHT + head_of (map) + CLAMP (map->n_ys * CELL_HEIGHT, MIN_HEIGHT, MAX_HEIGHT)
         + FOOT;
}

void
wp_plot_heat_map (cairo_t *cr, double top, const WpHeatMap *map)
{
  const WpBox box = { WP_PLOT_LEFT, top + head_of (map), WP_PLOT_WIDTH - WP_PLOT_LEFT - SCALE_ROOM,
                      wp_plot_heat_map_height (map) - WP_PLOT_TITLE_HEIGHT - head_of (map) - FOOT };
  static const WpColour met = { 0.55, 0.75, 0.88 }, failed = { 0.88, 0.58, 0.35 };
  Range range = find_range (map);
  double x = box.x + box.width;

  wp_cairo_key (cr, &x, top + 20, wp_ink, WP_SOLID, FALSE, "frontier");
  wp_cairo_key (cr, &x, top + 20, failed, WP_SOLID, TRUE, "not met");
  wp_cairo_key (cr, &x, top + 20, met, WP_SOLID, TRUE, "objective met");
  draw_cells (cr, &box, map, &range);
  draw_frontier (cr, &box, map);
  draw_labels (cr, &box, map);
  wp_cairo_frame (cr, &box);
  draw_scale (cr, &box, map, &range);
  draw_marks (cr, &box, map);
  add_hints (cr, &box, map);
}
