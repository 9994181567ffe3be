#include "sim/report/wp-chart.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sim/report/wp-format.h"
#include "sim/model/wp-ring.h"

#define BUCKETS 2048
#define HEIGHT  5 /* at most: a row a job */
#define LEFT    9 /* of the vertical axis */

struct _WpChart {
  guint model;
  WpRing leavings; /* when each job in the queue leaves it */
  guint64 most[BUCKETS];
  gint64 bucket_ns; /* doubled whenever time runs past the last */
  gsize at;         /* the bucket that now_ns is in */
  gint64 now_ns;
};

WpChart *
wp_chart_new (guint model)
{
  WpChart *self = g_new0 (WpChart, 1);

  self->model = model;
  self->bucket_ns = 1;

  return self;
}

void
wp_chart_free (WpChart *self)
{
  wp_ring_clear (&self->leavings);
  g_free (self);
}

static void
halve (WpChart *self)
{
  for (gsize i = 0; i < BUCKETS / 2; i++)
    self->most[i] = MAX (self->most[2 * i], self->most[2 * i + 1]);
  memset (self->most + BUCKETS / 2, 0, sizeof self->most / 2);
  self->bucket_ns *= 2;
  self->at /= 2;
}

/* The depth has been what it is since now_ns, and is so until @until_ns. */
static void
move_to (WpChart *self, gint64 until_ns)
{
  gsize bucket;

  while (until_ns / self->bucket_ns >= BUCKETS)
    halve (self);
  bucket = (gsize) (until_ns / self->bucket_ns);
  for (; self->at < bucket; self->at++)
    self->most[self->at + 1] = MAX (self->most[self->at + 1], self->leavings.length);
  self->now_ns = until_ns;
}

static void
leave_until (WpChart *self, gint64 now_ns)
{
  while (self->leavings.length > 0 && wp_ring_front (&self->leavings) <= now_ns)
    {
      move_to (self, wp_ring_front (&self->leavings));
      wp_ring_pop (&self->leavings);
    }
}

static gboolean
on_offer (gpointer observer, const WpBatch *batch, GError **error)
{
  WpChart *self = observer;
  const WpRequestResult *results = batch->results[self->model];

  for (gsize i = 0; i < batch->n_rows; i++)
    {
      const WpRequestResult *result = &results[i];

      if (result->accepted_ns == WP_TIME_NONE || wp_request_result_left_queue (result) <= result->accepted_ns)
        continue;
      leave_until (self, result->accepted_ns);
      move_to (self, result->accepted_ns);
      wp_ring_push (&self->leavings, wp_request_result_left_queue (result));
      self->most[self->at] = MAX (self->most[self->at], self->leavings.length);
    }
  /* nothing is accepted before it any more */
  leave_until (self, batch->rows[batch->n_rows - 1].arrival_ns);
  if (batch->rows[batch->n_rows - 1].arrival_ns > self->now_ns)
    move_to (self, batch->rows[batch->n_rows - 1].arrival_ns);

  return TRUE;
}

static gboolean
on_restart (gpointer observer, GError **error)
{
  WpChart *self = observer;

  wp_ring_clear (&self->leavings);
  memset (self->most, 0, sizeof self->most);
  self->bucket_ns = 1;
  self->at = 0;
  self->now_ns = 0;

  return TRUE;
}

static gboolean
on_finish (gpointer observer, GError **error)
{
  leave_until (observer, G_MAXINT64);

  return TRUE;
}

const WpObserver wp_chart_observer = { TRUE, on_restart, on_offer, on_finish };

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
gather (const WpChart *self, guint64 *columns, guint n)
{
  gsize used = self->at + 1;
  guint64 peak = 0;

  for (guint i = 0; i < n; i++)
    {
      gsize from = used * i / n, until = MAX (from + 1, used * (i + 1) / n);

      columns[i] = 0;
      for (gsize j = from; j < MIN (until, used); j++)
        columns[i] = MAX (columns[i], self->most[j]);
      peak = MAX (peak, columns[i]);
    }

  return peak;
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
  guint64 peak = gather (self, most, width);
  guint height = (guint) MIN (HEIGHT, peak);
  char cell[WP_FORMAT_CELL];

  if (capacity_jobs == 0)
    {
      g_string_append_printf (text, "%s: a queue of 0 holds nothing: each request needs an idle worker\n",
                              title);
      return;
    }
  if (peak == 0)
    {
      g_string_append_printf (text, "%s: its queue is never used\n", title);
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
  draw_time (text, width,
             (gint64) (self->at + 1) > G_MAXINT64 / self->bucket_ns
                 ? G_MAXINT64
                 : (gint64) (self->at + 1) * self->bucket_ns);
}
