#include "sim/plot/wp-plot-data.h"

typedef struct {
  WpPlotDataSide side;
  WpTimeline *timeline;
  gint64 arrived_ns; /* the last arrival, if its state is not in the curve yet; else WP_TIME_NONE */
} Model;

struct _WpPlotData {
  guint n_models;
  Model models[WP_N_MODES];
  WpPlotDataSide measured; /* its curve is NULL if there is none */
};

static void
side_clear (WpPlotDataSide *self)
{
  g_clear_pointer (&self->curve, wp_downsample_free);
  g_clear_pointer (&self->wait, wp_histogram_free);
  g_clear_pointer (&self->response, wp_histogram_free);
}

static void
side_init (WpPlotDataSide *self, const WpPolicy *policy)
{
  self->policy = *policy;
  self->curve = wp_downsample_new (WP_PLOT_DATA_BUCKETS);
  self->wait = wp_histogram_new ();
  self->response = wp_histogram_new ();
}

static void
model_clear (Model *self)
{
  side_clear (&self->side);
  g_clear_pointer (&self->timeline, wp_timeline_free);
}

static void
model_init (Model *self, const WpPolicy *policy)
{
  side_init (&self->side, policy);
  self->timeline = wp_timeline_new ();
  self->arrived_ns = WP_TIME_NONE;
}

WpPlotData *
wp_plot_data_new (const WpPolicy *policies, guint n_models)
{
  WpPlotData *self = g_new0 (WpPlotData, 1);

  self->n_models = n_models;
  for (guint i = 0; i < n_models; i++)
    model_init (&self->models[i], &policies[i]);

  return self;
}

void
wp_plot_data_free (WpPlotData *self)
{
  for (guint i = 0; i < self->n_models; i++)
    model_clear (&self->models[i]);
  side_clear (&self->measured);
  g_free (self);
}

/* The states at all moments before @limit_ns. */
static void
advance (Model *self, gint64 limit_ns)
{
  for (;;)
    {
      gint64 next_ns = wp_timeline_next (self->timeline);
      WpMoment moment;

      if (self->arrived_ns != WP_TIME_NONE && (next_ns == WP_TIME_NONE || self->arrived_ns < next_ns))
        next_ns = self->arrived_ns;
      if (next_ns == WP_TIME_NONE || next_ns >= limit_ns)
        return;
      moment = wp_timeline_at (self->timeline, next_ns);
      wp_downsample_add (self->side.curve, next_ns, &moment);
      if (self->arrived_ns != WP_TIME_NONE && self->arrived_ns <= next_ns)
        self->arrived_ns = WP_TIME_NONE;
    }
}

static void
model_offer (Model *self, gint64 arrival_ns, const WpRequestResult *result)
{
  advance (self, arrival_ns);
  wp_timeline_offer (self->timeline, arrival_ns, result);
  self->arrived_ns = arrival_ns;
  if (result->started_ns == WP_TIME_NONE)
    return;
  wp_histogram_add (self->side.wait, result->started_ns - arrival_ns, 1);
  wp_histogram_add (self->side.response, result->finished_ns - arrival_ns, 1);
}

static gboolean
on_offer (gpointer observer, const WpBatch *batch, GError **error)
{
  WpPlotData *self = observer;

  for (guint i = 0; i < self->n_models; i++)
    for (gsize row = 0; row < batch->n_rows; row++)
      model_offer (&self->models[i], batch->rows[row].arrival_ns, &batch->results[i][row]);

  return TRUE;
}

static gboolean
on_restart (gpointer observer, GError **error)
{
  WpPlotData *self = observer;

  for (guint i = 0; i < self->n_models; i++)
    {
      WpPolicy policy = self->models[i].side.policy;

      model_clear (&self->models[i]);
      model_init (&self->models[i], &policy);
    }

  return TRUE;
}

static gboolean
on_finish (gpointer observer, GError **error)
{
  WpPlotData *self = observer;

  for (guint i = 0; i < self->n_models; i++)
    advance (&self->models[i], G_MAXINT64);

  return TRUE;
}

const WpObserver wp_plot_data_observer = { TRUE, on_restart, on_offer, on_finish };

typedef struct {
  gint64 time_ns;
  int depth, parked, busy;
} Change;

static int
compare_changes (gconstpointer a, gconstpointer b)
{
  gint64 one = ((const Change *) a)->time_ns, two = ((const Change *) b)->time_ns;

  return (one > two) - (one < two);
}

/* @what holds from @from_ns until @until_ns. */
static void
add_stay (GArray *changes, gint64 origin_ns, gint64 from_ns, gint64 until_ns, Change what)
{
  if (from_ns == WP_TIME_NONE || until_ns == WP_TIME_NONE)
    return;
  what.time_ns = from_ns - origin_ns;
  g_array_append_val (changes, what);
  what = (Change){ until_ns - origin_ns, -what.depth, -what.parked, -what.busy };
  g_array_append_val (changes, what);
}

static GArray *
list_changes (const WpRow *rows, gsize n_rows)
{
  GArray *changes = g_array_new (FALSE, FALSE, sizeof (Change));
  gint64 origin_ns = rows[0].arrival_ns;

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
  g_array_sort (changes, compare_changes);

  return changes;
}

void
wp_plot_data_measure (WpPlotData *self, const WpRow *rows, gsize n_rows)
{
  g_autoptr (GArray) changes = list_changes (rows, n_rows);
  gint64 depth = 0, parked = 0, busy = 0;

  side_init (&self->measured, &self->models[0].side.policy);
  for (guint i = 0; i < changes->len; i++)
    {
      const Change *change = &g_array_index (changes, Change, i);

      depth += change->depth;
      parked += change->parked;
      busy += change->busy;
      if (i + 1 == changes->len || change[1].time_ns > change->time_ns)
        wp_downsample_add (self->measured.curve, change->time_ns,
                           &(WpMoment){ (guint64) depth, (guint64) parked, (guint64) busy });
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

const WpPlotDataSide *
wp_plot_data_side (const WpPlotData *self, guint model)
{
  return &self->models[model].side;
}

const WpPlotDataSide *
wp_plot_data_measured (const WpPlotData *self)
{
  return self->measured.curve ? &self->measured : NULL;
}
