#include "sim/report/wp-chart.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sim/report/wp-format.h"
#include "sim/stats/wp-downsample.h"

#define BUCKETS 2048
#define HEIGHT  5 /* at most; one row per job */
#define LEFT    9 /* of the vertical axis */

struct _WpChart {
  WpDownsample *depth;
};

WpChart *
wp_chart_new (void)
{
  WpChart *self = g_new0 (WpChart, 1);

  self->depth = wp_downsample_new (BUCKETS, TRUE);

  return self;
}

void
wp_chart_free (WpChart *self)
{
  wp_downsample_free (self->depth);
  g_free (self);
}

WpDownsample *
wp_chart_depth (WpChart *self)
{
  return self->depth;
}

gboolean
wp_chart_is_utf8 (void)
{
  static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *value = g_getenv (names[i]);
      g_autofree char *upper = value && *value ? g_ascii_strup (value, -1) : NULL;

      if (upper)
        return strstr (upper, "UTF-8") || strstr (upper, "UTF8");
    }

  return FALSE;
}

guint
wp_chart_columns (void)
{
  struct winsize size = { 0 };

  if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return CLAMP (size.ws_col, 40, 200);

  return 80;
}

/* The most in each of @n columns over the whole time, and the most of all. */
static guint64
gather (const WpChart *self, guint64 *columns, guint n, gint64 *until_ns)
{
  guint used;
  gint64 bucket_ns;
  const WpExtent *buckets = wp_downsample_buckets (self->depth, &used, &bucket_ns);

  for (guint i = 0; i < n; i++)
    {
      gsize from = (gsize) used * i / n, until = MAX (from + 1, (gsize) used * (i + 1) / n);

      columns[i] = 0;
      for (gsize j = from; j < MIN (until, used); j++)
        columns[i] = MAX (columns[i], buckets[j].max);
    }
  if (__builtin_mul_overflow (bucket_ns, (gint64) used, until_ns))
    *until_ns = G_MAXINT64;

  return wp_downsample_max (self->depth);
}

/* One of @height rows, from below; any depth shows. */
static void
draw_row (GString *text, const guint64 *columns, guint n, guint64 peak, guint height, guint row,
          gboolean utf8)
{
  static const char *const blocks[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
  static const char *const ascii[] = { " ", ".", ".", ":", ":", "+", "+", "#", "#" };

  for (guint i = 0; i < n; i++)
    {
      double eighths = 8.0 * height * (double) columns[i] / (double) peak;
      gint full = (gint) eighths + (columns[i] > 0 && eighths < 1);
      gint here = CLAMP (full - 8 * (gint) row, 0, 8);

      g_string_append (text, (utf8 ? blocks : ascii)[here]);
    }
  while (text->len > 0 && text->str[text->len - 1] == ' ')
    g_string_truncate (text, text->len - 1);
  g_string_append_c (text, '\n');
}

static void
draw_time (GString *text, guint width, gint64 until_ns)
{
  char middle[WP_TIME_BUFFER], end[WP_TIME_BUFFER];
  g_autofree char *line = g_strnfill (width, ' ');

  wp_time_format_people (middle, until_ns / 2);
  wp_time_format_people (end, until_ns);
  line[0] = '0';
  if (width > 3 * WP_TIME_BUFFER / 2)
    memcpy (line + width / 2 - strlen (middle) / 2, middle, strlen (middle));
  memcpy (line + width - strlen (end), end, strlen (end));
  g_string_append_printf (text, "%*s%s\n", LEFT + 1, "", line);
}

void
wp_chart_draw (const WpChart *self, GString *text, const char *title, guint64 capacity_jobs, guint columns,
               gboolean utf8)
{
  guint width = MIN (columns, 200) - LEFT - 1;
  g_autofree guint64 *most = g_new (guint64, width);
  gint64 until_ns;
  guint64 peak = gather (self, most, width, &until_ns);
  guint height = (guint) MIN (HEIGHT, peak);
  char cell[WP_FORMAT_CELL];

  if (capacity_jobs == 0)
    {
      g_string_append_printf (text, "%s: a queue of 0 holds no job: each request needs an idle worker\n",
                              title);
      return;
    }
  if (peak == 0)
    {
      g_string_append_printf (text, "%s: the queue stays empty\n", title);
      return;
    }
  g_string_append_printf (text, "%s: most jobs in the queue over time%s\n", title,
                          peak >= capacity_jobs ? ", full at the peak" : "");
  for (guint row = height; row-- > 0;)
    {
      g_string_append_printf (text, "%*s%s", LEFT,
                              row == height - 1 ? wp_format_whole (cell, (double) peak)
                              : row == 0        ? "0"
                                                : "",
                              utf8 ? "┤" : "|");
      draw_row (text, most, width, peak, height, row, utf8);
    }
  draw_time (text, width, until_ns);
}
