#include "sim/run/wp-progress.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "sim/base/wp-interrupt.h"

#define INTERVAL_NS (250 * WP_NS_PER_MS)

struct _WpProgress {
  const char *what;     /* the line's first words; "" */
  const WpTrace *trace; /* NULL: the remaining work is unknown */
  gboolean on_terminal;
  guint64 offered; /* rows of a run */
  GMutex mutex;    /* guards what follows */
  gboolean shown;
  guint64 rows;
  gint64 start_ns, next_ns; /* CLOCK_MONOTONIC */
};

WpProgress *
wp_progress_new (const char *what, const WpTrace *trace)
{
  WpProgress *self = g_new0 (WpProgress, 1);

  g_mutex_init (&self->mutex);
  self->what = what;
  self->trace = trace;
  self->on_terminal = isatty (STDERR_FILENO);
  self->start_ns = wp_time_monotonic ();
  self->next_ns = self->start_ns + INTERVAL_NS;

  return self;
}

static void
wipe (WpProgress *self)
{
  if (!self->shown)
    return;
  fputs ("\r\033[K", stderr);
  fflush (stderr);
  self->shown = FALSE;
  wp_interrupt_set_line (FALSE);
}

void
wp_progress_free (WpProgress *self)
{
  wipe (self);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static void
print_count (double count, const char *what)
{
  if (count >= 1e6)
    fprintf (stderr, "%.1f M %s", count / 1e6, what);
  else
    fprintf (stderr, "%.0f %s", count, what);
}

static void
show (WpProgress *self, gint64 now_ns)
{
  double elapsed = (double) (now_ns - self->start_ns) / WP_NS_PER_S;
  double share = self->trace ? wp_trace_progress (self->trace) : -1;
  double left = ceil (elapsed * (1 - share) / share);
  char buffer[WP_TIME_BUFFER];

  wp_interrupt_set_line (TRUE);
  self->shown = TRUE;
  fprintf (stderr, "\r\033[K%s", self->what);
  print_count ((double) self->rows, "rows, ");
  print_count ((double) self->rows / elapsed, "rows/s");
  if (share > 0 && left < 60)
    fprintf (stderr, ", %.0f %%, %.0f s left", 100 * share, left);
  else if (share > 0)
    fprintf (stderr, ", %.0f %%, %s left", 100 * share,
             wp_time_format_people (buffer, (gint64) MIN (left, 1e9) * WP_NS_PER_S));
  fflush (stderr);
}

void
wp_progress_add (gpointer progress, gsize n_rows)
{
  WpProgress *self = progress;
  gint64 now_ns;

  if (!self->on_terminal)
    return;
  now_ns = wp_time_monotonic ();
  g_mutex_lock (&self->mutex);
  self->rows += n_rows;
  if (now_ns >= self->next_ns)
    {
      self->next_ns = now_ns + INTERVAL_NS;
      show (self, now_ns);
    }
  g_mutex_unlock (&self->mutex);
}

static gboolean
on_offer (gpointer observer, const WpBatch *batch, GError **error)
{
  WpProgress *self = observer;

  self->offered += batch->n_rows;
  wp_interrupt_set_rows (self->offered);
  wp_progress_add (self, batch->n_rows);

  return TRUE;
}

static gboolean
on_restart (gpointer observer, GError **error)
{
  WpProgress *self = observer;

  self->rows = self->offered = 0;

  return TRUE;
}

const WpObserver wp_progress_observer = { FALSE, on_restart, on_offer, NULL };
