#include <math.h>

#include "sim/plot/wp-plot-draw.h"

#define HEAD        34
#define FOOT        52
#define SAMPLES     240
#define MAX_NINES   6 /* 99.9999 % */
#define MAX_DECADES 9 /* below the largest value; smaller ones are cut off */

/* in the order of WpModeKind */
static const WpColour *const mode_colours[] = { &wp_green, &wp_vermillion, &wp_blue };

/* The axis of percentiles in nines: 1 is 90 %, 2 is 99 %. It ends where the requests of the largest model
 * end. */
static WpAxis
percentile_axis (guint64 requests)
{
  static const double ticks[] = { 0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999 };
  WpAxis axis = { .to = MIN (log10 ((double) MAX (requests, 10)), MAX_NINES) };

  for (guint i = 0; i < G_N_ELEMENTS (ticks); i++)
    if (-log10 (1 - ticks[i]) <= axis.to + 1e-9)
      axis.ticks[axis.n_ticks++] = -log10 (1 - ticks[i]);

  return axis;
}

static char *
write_percentile (char *text, double nines)
{
  g_snprintf (text, WP_AXIS_TEXT, "%.10g %%", 100 - round (1e8 * pow (10, -nines)) / 1e6);

  return text;
}

/* In seconds; 0 if the histogram is empty. */
static double
quantile (const WpHistogram *times, const WpAxis *percentiles, guint sample)
{
  double share = 1 - pow (10, -percentiles->to * sample / SAMPLES);
  gint64 ns = wp_histogram_quantile (times, sample == SAMPLES ? 1 : MAX (share, 1e-12));

  return ns == WP_TIME_NONE ? 0 : (double) ns / WP_NS_PER_S;
}

static void
find_extent (const WpHistogram *times, const WpAxis *percentiles, double *least, double *most)
{
  for (guint i = 1; i <= SAMPLES; i++) /* the minimum may be an outlier */
    {
      double seconds = quantile (times, percentiles, i);

      if (seconds > 0)
        *least = MIN (*least, seconds);
      *most = MAX (*most, seconds);
    }
}

static guint64
most_requests (const WpPlotData *data)
{
  guint64 requests = 0;

  for (guint i = 0; i < wp_plot_data_models (data); i++)
    requests = MAX (requests, wp_histogram_count (wp_plot_data_side (data, i)->response));
  return requests;
}

static WpAxis
axis_between (double least, double most)
{
  WpAxis axis;

  if (most == 0)
    least = most = 1;
  wp_axis_log_time (&axis, MAX (least, most * pow (10, -MAX_DECADES)), most);

  return axis;
}

static WpAxis
time_axis (const WpPlotData *data, const WpAxis *percentiles)
{
  const WpPlotSide *measured = wp_plot_data_measured (data);
  double least = INFINITY, most = 0;

  for (guint i = 0; i <= wp_plot_data_models (data); i++)
    {
      const WpPlotSide *side = i < wp_plot_data_models (data) ? wp_plot_data_side (data, i) : measured;

      if (side)
        {
          find_extent (side->wait, percentiles, &least, &most);
          find_extent (side->response, percentiles, &least, &most);
        }
    }
  return axis_between (least, most);
}

/* A curve starts at the bottom of the frame, at its first time above 0. */
static void
draw_quantiles (cairo_t *cr, const WpBox *box, const WpAxis *x, const WpAxis *y, const WpHistogram *times,
                WpColour colour, WpStroke stroke, double width)
{
  gboolean begun = FALSE;

  cairo_new_path (cr);
  for (guint i = 0; i <= SAMPLES; i++)
    {
      double place = wp_axis_place (y, quantile (times, x, i));
      double at = box->x + box->width * i / SAMPLES;

      if (place < 0)
        continue;
      if (!begun)
        cairo_move_to (cr, at, i == 0 ? box->y + (1 - place) * box->height : box->y + box->height);
      begun = TRUE;
      cairo_line_to (cr, at, box->y + (1 - place) * box->height);
    }
  wp_cairo_stroke (cr, colour, width, stroke);
}

static void
draw_keys (cairo_t *cr, double y, const WpPlotData *data)
{
  double x = WP_PLOT_WIDTH - WP_PLOT_RIGHT;

  if (wp_plot_data_measured (data))
    wp_cairo_key (cr, &x, y, wp_ink, WP_SOLID, FALSE, "measured");
  for (guint i = wp_plot_data_models (data); i-- > 0;)
    {
      WpModeKind mode = wp_plot_data_side (data, i)->policy.mode;

      wp_cairo_key (cr, &x, y, *mode_colours[mode], WP_SOLID, FALSE, wp_mode_name (mode));
    }
  wp_cairo_key (cr, &x, y, wp_ink, WP_DASHED, FALSE, "wait");
  wp_cairo_key (cr, &x, y, wp_ink, WP_SOLID, FALSE, "response");
}

void
wp_plot_quantiles (cairo_t *cr, double top, const WpPlotData *data)
{
  const WpBox box = { WP_PLOT_LEFT, top + HEAD, WP_PLOT_WIDTH - WP_PLOT_LEFT - WP_PLOT_RIGHT,
                      WP_PLOT_QUANTILES_HEIGHT - HEAD - FOOT };
  const WpPlotSide *measured = wp_plot_data_measured (data);
  WpAxis x = percentile_axis (most_requests (data));
  WpAxis y = time_axis (data, &x);

  wp_cairo_colour (cr, wp_ink);
  wp_cairo_size (cr, 13, TRUE);
  wp_cairo_text (cr, WP_PLOT_RIGHT, top + 20, 0, "Response and wait");
  draw_keys (cr, top + 20, data);
  wp_cairo_x_axis (cr, &box, &x, write_percentile, "cumulative share of the started requests");
  wp_cairo_y_axis (cr, &box, &y, wp_axis_seconds, "time");
  for (guint i = 0; i < wp_plot_data_models (data); i++)
    {
      const WpPlotSide *side = wp_plot_data_side (data, i);
      WpColour colour = *mode_colours[side->policy.mode];
      /* coinciding curves show as stripes */
      double width = 2 + 1.5 * (wp_plot_data_models (data) - 1 - i);

      draw_quantiles (cr, &box, &x, &y, side->response, colour, WP_SOLID, width);
      draw_quantiles (cr, &box, &x, &y, side->wait, colour, WP_DASHED, width);
    }
  if (measured)
    {
      draw_quantiles (cr, &box, &x, &y, measured->response, wp_ink, WP_SOLID, 1);
      draw_quantiles (cr, &box, &x, &y, measured->wait, wp_ink, WP_DASHED, 1);
    }
  wp_cairo_frame (cr, &box);
}

void
wp_plot_latencies (cairo_t *cr, double top, const WpLatencyPlot *plot)
{
  static const WpColour *const colours[] = { &wp_blue, &wp_vermillion };
  const WpBox box = { WP_PLOT_LEFT, top + HEAD, WP_PLOT_WIDTH - WP_PLOT_LEFT - WP_PLOT_RIGHT,
                      WP_PLOT_QUANTILES_HEIGHT - HEAD - FOOT };
  WpAxis x = percentile_axis (
      MAX (wp_histogram_count (plot->latencies[0]), wp_histogram_count (plot->latencies[1])));
  double least = INFINITY, most = 0, key_x = WP_PLOT_WIDTH - WP_PLOT_RIGHT;
  WpAxis y;

  for (guint i = 0; i < 2; i++)
    find_extent (plot->latencies[i], &x, &least, &most);
  y = axis_between (least, most);
  wp_cairo_colour (cr, wp_ink);
  wp_cairo_size (cr, 13, TRUE);
  wp_cairo_text (cr, WP_PLOT_RIGHT, top + 20, 0, "Latency");
  for (guint i = 2; i-- > 0;)
    wp_cairo_key (cr, &key_x, top + 20, *colours[i], WP_SOLID, FALSE, plot->names[i]);
  wp_cairo_x_axis (cr, &box, &x, write_percentile, "cumulative share of the responses");
  wp_cairo_y_axis (cr, &box, &y, wp_axis_seconds, "time");
  for (guint i = 0; i < 2; i++)
    draw_quantiles (cr, &box, &x, &y, plot->latencies[i], *colours[i], WP_SOLID, i == 0 ? 3 : 1.5);
  wp_cairo_frame (cr, &box);
}
