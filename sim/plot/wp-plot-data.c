#include "sim/plot/wp-plot-data.h"

struct _WpPlotData {
  guint n_models;
  WpPlotSide models[WP_N_MODES];
  WpPlotSide measured; /* histograms: NULL if nothing was measured */
};

static void
side_clear (WpPlotSide *self)
{
  g_clear_pointer (&self->depth, wp_downsample_free);
  g_clear_pointer (&self->waiting, wp_downsample_free);
  g_clear_pointer (&self->busy, wp_downsample_free);
  g_clear_pointer (&self->wait, wp_histogram_free);
  g_clear_pointer (&self->response, wp_histogram_free);
}

static void
side_init (WpPlotSide *self, const WpPolicy *policy)
{
  self->policy = *policy;
  self->depth = wp_downsample_new (WP_PLOT_BUCKETS, FALSE);
  self->waiting = wp_downsample_new (WP_PLOT_BUCKETS, FALSE);
  self->busy = wp_downsample_new (WP_PLOT_BUCKETS, FALSE);
  self->wait = wp_histogram_new ();
  self->response = wp_histogram_new ();
}

WpPlotData *
wp_plot_data_new (const WpPolicy *policies, guint n_models)
{
  WpPlotData *self = g_new0 (WpPlotData, 1);

  self->n_models = n_models;
  for (guint i = 0; i < n_models; i++)
    side_init (&self->models[i], &policies[i]);

  return self;
}

void
wp_plot_data_free (WpPlotData *self)
{
  for (guint i = 0; i < self->n_models; i++)
    side_clear (&self->models[i]);
  side_clear (&self->measured);
  g_free (self);
}

static gboolean
on_restart (gpointer data, GError **error)
{
  WpPlotData *self = data;

  for (guint i = 0; i < self->n_models; i++)
    {
      wp_histogram_free (self->models[i].wait);
      wp_histogram_free (self->models[i].response);
      self->models[i].wait = wp_histogram_new ();
      self->models[i].response = wp_histogram_new ();
    }

  return TRUE;
}

static gboolean
on_offer (gpointer observer, const WpBatch *batch, GError **error)
{
  WpPlotData *self = observer;

  for (guint i = 0; i < self->n_models; i++)
    for (gsize row = 0; row < batch->n_rows; row++)
      {
        gint64 arrival_ns = batch->rows[row].arrival_ns;
        const WpRequestResult *result = &batch->results[i][row];

        if (result->started_ns == WP_TIME_NONE)
          continue;
        wp_histogram_add (self->models[i].wait, result->started_ns - arrival_ns, 1);
        wp_histogram_add (self->models[i].response, result->finished_ns - arrival_ns, 1);
      }

  return TRUE;
}

static const WpObserver time_observer = { TRUE, on_restart, on_offer, NULL };

void
wp_plot_data_watch (WpPlotData *self, WpRun *run)
{
  wp_run_watch (run, &time_observer, self);
  for (guint i = 0; i < self->n_models; i++)
    {
      wp_run_follow (run, i, WP_STATE_DEPTH, self->models[i].depth);
      wp_run_follow (run, i, WP_STATE_WAITING, self->models[i].waiting);
      wp_run_follow (run, i, WP_STATE_BUSY, self->models[i].busy);
    }
}

typedef struct {
  gint64 time_ns;
  int depth, parked, busy;
} Change;

/* @what holds from @from_ns until @until_ns. */
static void
add_stay (GArray *changes, gint64 origin_ns, gint64 from_ns, gint64 until_ns, Change what)
{
  if (from_ns == WP_TIME_NONE || until_ns == WP_TIME_NONE)
    return;
  what.time_ns = MAX (from_ns - origin_ns, 0);
  g_array_append_val (changes, what);
  what = (Change){ MAX (until_ns - origin_ns, 0), -what.depth, -what.parked, -what.busy };
  g_array_append_val (changes, what);
}

static GArray *
list_changes (const WpRow *rows, gsize n_rows, gint64 shift_ns)
{
  GArray *changes = g_array_new (FALSE, FALSE, sizeof (Change));
  gint64 origin_ns = rows[0].arrival_ns + shift_ns;

  for (gsize i = 0; i < n_rows; i++)
    {
      const WpRow *row = &rows[i];
      gint64 left_ns = row->accepted_ns != WP_TIME_NONE ? row->accepted_ns : row->ended_ns;

      add_stay (changes, origin_ns, row->arrival_ns, left_ns, (Change){ .parked = 1 });
      add_stay (changes, origin_ns, row->accepted_ns,
                row->started_ns != WP_TIME_NONE ? row->started_ns : row->ended_ns, (Change){ .depth = 1 });
      add_stay (changes, origin_ns, row->started_ns,
                row->finished_ns != WP_TIME_NONE ? row->finished_ns : row->ended_ns, (Change){ .busy = 1 });
    }
  g_array_sort (changes, wp_time_compare);

  return changes;
}

void
wp_plot_data_measure (WpPlotData *self, const WpRow *rows, gsize n_rows, gint64 shift_ns)
{
  g_autoptr (GArray) changes = list_changes (rows, n_rows, shift_ns);
  gint64 depth = 0, parked = 0, busy = 0;

  side_init (&self->measured, &self->models[0].policy);
  for (guint i = 0; i < changes->len; i++)
    {
      const Change *change = &g_array_index (changes, Change, i);

      depth += change->depth;
      parked += change->parked;
      busy += change->busy;
      if (i + 1 < changes->len && change[1].time_ns == change->time_ns)
        continue;
      wp_downsample_add (self->measured.depth, change->time_ns, (guint64) depth);
      wp_downsample_add (self->measured.waiting, change->time_ns, (guint64) (depth + parked));
      wp_downsample_add (self->measured.busy, change->time_ns, (guint64) busy);
    }
  for (gsize i = 0; i < n_rows; i++)
    {
      if (rows[i].started_ns != WP_TIME_NONE)
        wp_histogram_add (self->measured.wait, MAX (rows[i].started_ns - rows[i].arrival_ns, 0), 1);
      if (rows[i].finished_ns != WP_TIME_NONE)
        wp_histogram_add (self->measured.response, MAX (rows[i].finished_ns - rows[i].arrival_ns, 0), 1);
    }
}

guint
wp_plot_data_models (const WpPlotData *self)
{
  return self->n_models;
}

const WpPlotSide *
wp_plot_data_side (const WpPlotData *self, guint model)
{
  return &self->models[model];
}

const WpPlotSide *
wp_plot_data_measured (const WpPlotData *self)
{
  return self->measured.wait ? &self->measured : NULL;
}

static void
side_align (WpPlotSide *self)
{
  WpDownsample *const all[] = { self->depth, self->waiting, self->busy };
  gint64 end_ns = 0;

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    end_ns = MAX (end_ns, wp_downsample_end (all[i]));
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    wp_downsample_add (all[i], end_ns, all[i]->last);
}

void
wp_plot_data_align (WpPlotData *self)
{
  for (guint i = 0; i < self->n_models; i++)
    side_align (&self->models[i]);
  if (self->measured.wait)
    side_align (&self->measured);
}
