#include <math.h>

#include "sim/plot/wp-plot-draw.h"
#include "sim/report/wp-report.h"

#define COLUMNS (WP_PLOT_WIDTH - WP_PLOT_LEFT - WP_PLOT_RIGHT) /* one pixel each */
#define HEAD    34                                             /* above the frame */
#define FOOT    52                                             /* below it */

/* Least and most in each column of pixels. */
typedef struct {
  double least[COLUMNS], most[COLUMNS];
} Envelope;

void
wp_plot_title (cairo_t *cr, const char *title)
{
  double size = 16;

  wp_cairo_colour (cr, wp_ink);
  wp_cairo_size (cr, size, TRUE);
  while (size > 8 && wp_cairo_text_width (cr, title) > WP_PLOT_WIDTH - 2 * WP_PLOT_RIGHT)
    wp_cairo_size (cr, --size, TRUE);
  wp_cairo_text (cr, WP_PLOT_RIGHT, 28, 0, title);
}

static void
find_envelope (Envelope *self, const WpDownsample *values, gint64 end_ns)
{
  guint n;
  gint64 bucket_ns;
  const WpExtent *buckets = wp_downsample_buckets (values, &n, &bucket_ns);
  double column_ns = MAX ((double) end_ns, 1) / COLUMNS;

  for (guint i = 0; i < COLUMNS; i++)
    {
      guint first = (guint) (i * column_ns / (double) bucket_ns);
      guint last = MAX (first, (guint) ceil ((i + 1) * column_ns / (double) bucket_ns) - 1);

      self->least[i] = self->most[i] = 0; /* the system is empty after its end */
      for (guint j = first; j <= last && j < n; j++)
        {
          self->least[i]
              = j == first ? (double) buckets[j].min : MIN (self->least[i], (double) buckets[j].min);
          self->most[i] = MAX (self->most[i], (double) buckets[j].max);
        }
    }
}

static double
y_of (const WpBox *box, const WpAxis *axis, double jobs)
{
  return box->y + (1 - wp_axis_place (axis, jobs)) * box->height;
}

/* Points only where the height changes. */
static void
trace_steps (cairo_t *cr, const WpBox *box, const WpAxis *axis, const double *jobs)
{
  for (int i = 0; i < COLUMNS; i++)
    if (i == 0 || jobs[i] != jobs[i - 1])
      {
        if (i > 0)
          cairo_line_to (cr, box->x + i, y_of (box, axis, jobs[i - 1]));
        cairo_line_to (cr, box->x + i, y_of (box, axis, jobs[i]));
      }
  cairo_line_to (cr, box->x + COLUMNS, y_of (box, axis, jobs[COLUMNS - 1]));
}

static void
draw_area (cairo_t *cr, const WpBox *box, const WpAxis *axis, const Envelope *envelope, WpColour fill)
{
  cairo_move_to (cr, box->x, box->y + box->height);
  trace_steps (cr, box, axis, envelope->most);
  cairo_line_to (cr, box->x + COLUMNS, box->y + box->height);
  wp_cairo_colour (cr, fill);
  cairo_fill (cr);
}

/* Draws a line along the maximum, and a light band from there down to the minimum. */
static void
draw_curve (cairo_t *cr, const WpBox *box, const WpAxis *axis, const Envelope *envelope, WpColour colour,
            double width, WpStroke stroke)
{
  for (int i = 0; i < COLUMNS && stroke == WP_SOLID; i++)
    if (envelope->least[i] != envelope->most[i])
      {
        double top = y_of (box, axis, envelope->most[i]);

        cairo_rectangle (cr, box->x + i, top, 1, y_of (box, axis, envelope->least[i]) - top);
      }
  wp_cairo_light_colour (cr, colour);
  cairo_fill (cr);
  trace_steps (cr, box, axis, envelope->most);
  wp_cairo_stroke (cr, colour, width, stroke);
}

static char *
describe (const WpPolicy *policy)
{
  GString *text = g_string_new (wp_mode_name (policy->mode));
  guint workers = wp_report_workers (policy);
  char number[WP_AXIS_TEXT];

  if (wp_policy_uses (policy, WP_POLICY_QUEUE))
    g_string_append_printf (text, ": queue %s", wp_axis_number (number, policy->queue_jobs));
  if (wp_policy_uses (policy, WP_POLICY_WORKERS))
    g_string_append_printf (text, ", %s worker%s", wp_axis_number (number, workers), workers == 1 ? "" : "s");

  return g_string_free (text, FALSE);
}

static void
draw_capacity (cairo_t *cr, const WpBox *box, const WpAxis *axis, double capacity)
{
  double y = y_of (box, axis, capacity);

  cairo_move_to (cr, box->x, y);
  cairo_line_to (cr, box->x + box->width, y);
  wp_cairo_stroke (cr, wp_vermillion, 1.5, WP_DASHED);
}

static void
draw_keys (cairo_t *cr, double y, const WpPlotSide *side, gboolean parks, gboolean measured, double capacity,
           gboolean in_sight)
{
  double x = WP_PLOT_WIDTH - WP_PLOT_RIGHT;
  char number[WP_AXIS_TEXT];
  g_autofree char *name = capacity >= 0 ? g_strdup_printf ("capacity %s%s", wp_axis_number (number, capacity),
                                                           in_sight ? "" : " (far above)")
                                        : NULL;

  if (name)
    wp_cairo_key (cr, &x, y, wp_vermillion, WP_DASHED, FALSE, name);
  if (measured && parks)
    wp_cairo_key (cr, &x, y, wp_ink, WP_DASHED, FALSE, "with parked, measured");
  if (measured)
    wp_cairo_key (cr, &x, y, wp_ink, WP_SOLID, FALSE, "measured");
  if (parks)
    wp_cairo_key (cr, &x, y, wp_pale_orange, WP_SOLID, TRUE, "parked");
  wp_cairo_key (cr, &x, y, side->policy.mode == WP_MODE_DEFAULT ? wp_green : wp_blue, WP_SOLID, FALSE,
                side->policy.mode == WP_MODE_DEFAULT ? "in service (no queue)" : "in the queue");
}

static void
draw_model (cairo_t *cr, const WpBox *box, const WpAxis *axis, const WpPlotSide *side, gboolean parks,
            gint64 end_ns)
{
  gboolean has_queue = side->policy.mode != WP_MODE_DEFAULT;
  Envelope envelope;

  if (parks)
    {
      find_envelope (&envelope, side->waiting, end_ns);
      draw_area (cr, box, axis, &envelope, wp_pale_orange);
      draw_curve (cr, box, axis, &envelope, wp_orange, 1, WP_SOLID);
    }
  find_envelope (&envelope, has_queue ? side->depth : side->busy, end_ns);
  draw_area (cr, box, axis, &envelope, has_queue ? wp_pale_blue : wp_pale_green);
  draw_curve (cr, box, axis, &envelope, has_queue ? wp_blue : wp_green, 1.2, WP_SOLID);
}

static void
draw_measured (cairo_t *cr, const WpBox *box, const WpAxis *axis, const WpPlotSide *side, gboolean parks,
               gint64 end_ns)
{
  Envelope envelope;

  if (parks)
    {
      find_envelope (&envelope, side->waiting, end_ns);
      draw_curve (cr, box, axis, &envelope, wp_ink, 1, WP_DASHED);
    }
  find_envelope (&envelope, side->policy.mode != WP_MODE_DEFAULT ? side->depth : side->busy, end_ns);
  draw_curve (cr, box, axis, &envelope, wp_ink, 1, WP_SOLID);
}

static gboolean
ever_parks (const WpPlotSide *side)
{
  return wp_downsample_max (side->waiting) > wp_downsample_max (side->depth);
}

static double
most_jobs (const WpPlotSide *side)
{
  return (double) wp_downsample_max (side->policy.mode == WP_MODE_DEFAULT ? side->busy : side->waiting);
}

void
wp_plot_depth (cairo_t *cr, double top, const WpPlotSide *side, const WpPlotSide *measured, gint64 end_ns)
{
  const WpBox box = { WP_PLOT_LEFT, top + HEAD, COLUMNS, WP_PLOT_DEPTH_HEIGHT - HEAD - FOOT };
  gboolean parks = ever_parks (side) || (measured && ever_parks (measured)), two_rows;
  double jobs = MAX (most_jobs (side), measured ? most_jobs (measured) : 0), capacity;
  g_autofree char *name = describe (&side->policy);
  WpLayout layout;
  WpAxis x, y;

  wp_policy_layout (&side->policy, &layout);
  capacity = layout.can_be_full ? (double) layout.queue_jobs : -1;
  wp_axis_until (&x, end_ns, 10);
  wp_axis_linear (&y, capacity <= 2 * jobs ? MAX (jobs, capacity) : jobs, 5, TRUE);
  two_rows = measured || capacity > y.to; /* the legend does not fit beside the name */
  wp_cairo_colour (cr, wp_ink);
  wp_cairo_size (cr, 13, TRUE);
  wp_cairo_text (cr, WP_PLOT_RIGHT, top + (two_rows ? 10 : 20), 0, name);
  draw_keys (cr, top + (two_rows ? 26 : 20), side, parks, measured != NULL, capacity, capacity <= y.to);
  wp_cairo_x_axis (cr, &box, &x, wp_axis_seconds, "time since the first arrival");
  wp_cairo_y_axis (cr, &box, &y, wp_axis_number, "jobs");
  draw_model (cr, &box, &y, side, parks, end_ns);
  if (capacity >= 0 && capacity <= y.to)
    draw_capacity (cr, &box, &y, capacity);
  if (measured)
    draw_measured (cr, &box, &y, measured, parks, end_ns);
  wp_cairo_frame (cr, &box);
}
