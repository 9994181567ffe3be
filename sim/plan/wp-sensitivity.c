#include "sim/plan/wp-sensitivity.h"

#include <math.h>
#include <stdlib.h>

#include "sim/plan/wp-evaluation.h"
#include "sim/stats/wp-random.h"

#define LAG_STREAM 0x6c6167 /* "lag" */
#define MAX_SCALES (WP_PLAN_SCALES + 1)

typedef struct {
  gint64 arrival_ns, service_ns;
} Request;

static int
compare_requests (const void *a, const void *b)
{
  const Request *one = a, *two = b;

  return (one->arrival_ns > two->arrival_ns) - (one->arrival_ns < two->arrival_ns);
}

/* @requests: as many as @from has */
static void
read_late (Request *requests, const WpTraceBuffer *from, gint64 lag_ns, WpRandom *random)
{
  g_autofree WpTraceBlock *block = g_new (WpTraceBlock, 1);
  gsize n = 0;

  for (guint64 first = 0; wp_trace_buffer_read (from, 1, first, block); first += block->n_rows)
    for (gsize i = 0; i < block->n_rows; i++)
      requests[n++]
          = (Request){ block->arrivals_ns[i] + (gint64) wp_random_below (random, (guint64) lag_ns + 1),
                       block->services_ns[i] };
  qsort (requests, n, sizeof *requests, compare_requests);
}

/* Fills @late, which has room for them, with the rows of @from; arrivals are shifted by up to @lag_ns. */
static gboolean
make_late (WpTraceBuffer *late, const WpTraceBuffer *from, gint64 lag_ns, WpRandom *random, GError **error)
{
  gsize n = (gsize) wp_trace_buffer_length (from);
  g_autofree Request *requests = g_try_new (Request, n + 1);

  wp_trace_buffer_clear (late);
  if (requests)
    read_late (requests, from, lag_ns, random);
  for (gsize i = 0; i < n; i++)
    {
      WpRow row = WP_ROW_INIT;

      row.arrival_ns = requests ? requests[i].arrival_ns : 0;
      wp_trace_buffer_add (late, &row, requests ? &requests[i].service_ns : &row.arrival_ns, 1);
    }

  return wp_trace_buffer_check (late, ", or no --sensitivity", error);
}

static void
add_size (WpSensitivity *self, double scale, guint workers, guint queue_jobs, gboolean meets)
{
  WpSensitivitySize size = { scale, workers, queue_jobs, meets, 0 };

  for (guint i = 0; i < self->sizes->len; i++)
    {
      const WpSensitivitySize *other = &g_array_index (self->sizes, WpSensitivitySize, i);

      if (other->scale == scale && other->workers == workers && other->queue_jobs == queue_jobs)
        return;
    }
  g_array_append_val (self->sizes, size);
}

static void
add_point (WpSensitivity *self, const WpPlanPoint *point)
{
  add_size (self, point->scale, point->workers, point->queue_jobs, point->meets);
}

static void
add_sizes (WpSensitivity *self, const WpSensitivitySetup *setup)
{
  const WpRecommendation *recommendation = setup->recommendation;

  if (recommendation && recommendation->is_found)
    {
      add_size (self, recommendation->margin, recommendation->workers, recommendation->queue_jobs, TRUE);
      if (recommendation->has_neighbour)
        add_point (self, &recommendation->neighbour);
    }
  for (guint i = 0; setup->plan && i < setup->plan->results->len; i++)
    {
      const WpPlanResult *result = &g_array_index (setup->plan->results, WpPlanResult, i);

      add_point (self, &result->point);
      if (result->has_neighbour)
        add_point (self, &result->neighbour);
    }
}

static void
widen (WpSensitivityRange *range, double value)
{
  range->low = fmin (range->low, value); /* of a number and NaN: the number */
  range->high = fmax (range->high, value);
}

static void
take_models (WpSensitivity *self, const WpEvaluation *evaluations)
{
  for (guint model = 0; model < self->n_models; model++)
    for (guint i = 0; i < self->n_metrics; i++)
      widen (&self->ranges[model * self->n_metrics + i],
             wp_metric_value (&wp_metrics[i], &evaluations[model].summary));
}

/* The models, where @with_models, and the sizes of that scale. */
static gboolean
run_scale (WpSensitivity *self, const WpSensitivitySetup *setup, const WpTraceBuffer *late, double scale,
           gboolean with_models, GError **error)
{
  guint n = 0, n_models = with_models ? self->n_models : 0;
  g_autofree WpEvaluation *evaluations = g_new0 (WpEvaluation, self->n_models + self->sizes->len + 1);
  g_autofree WpSensitivitySize **judged = g_new0 (WpSensitivitySize *, self->n_models + self->sizes->len + 1);

  for (; n < n_models; n++)
    evaluations[n] = (WpEvaluation){ .policy = setup->policies[n],
                                     .patience_ns = setup->patience_ns,
                                     .commit = setup->commit,
                                     .stages = setup->stages };
  for (guint i = 0; i < self->sizes->len; i++)
    {
      WpSensitivitySize *size = &g_array_index (self->sizes, WpSensitivitySize, i);

      if (size->scale != scale)
        continue;
      evaluations[n] = (WpEvaluation){ .policy = setup->plan->policy,
                                       .patience_ns = setup->patience_ns,
                                       .commit = setup->commit,
                                       .stages = setup->stages,
                                       .slos = setup->plan->slos };
      evaluations[n].policy.workers = size->workers;
      evaluations[n].policy.queue_jobs = size->queue_jobs;
      judged[n++] = size;
    }
  if (!wp_evaluations_run (late, scale, evaluations, n, setup->threads, NULL, NULL, error))
    return FALSE;
  if (with_models)
    take_models (self, evaluations);
  for (guint i = n_models; i < n; i++)
    judged[i]->n_otherwise += judged[i]->meets
                              != (!evaluations[i].violated
                                  && !wp_slos_first_failure (setup->plan->slos, &evaluations[i].summary));

  return TRUE;
}

/* The scales of the sizes beside 1. */
static guint
find_scales (const WpSensitivity *self, double scales[MAX_SCALES])
{
  guint n = 0;

  for (guint i = 0; i < self->sizes->len; i++)
    {
      double scale = g_array_index (self->sizes, WpSensitivitySize, i).scale;
      gboolean known = scale == 1;

      for (guint j = 0; j < n; j++)
        known = known || scales[j] == scale;
      if (!known)
        scales[n++] = scale;
    }

  return n;
}

/* Arrivals are divided by the scale after they have been shifted: a request is as late at any. */
static gboolean
run_all (WpSensitivity *self, const WpSensitivitySetup *setup, WpTraceBuffer *late, GError **error)
{
  double scales[MAX_SCALES];
  guint n_scales = find_scales (self, scales);
  WpRandom random;

  wp_random_init (&random, setup->seed, LAG_STREAM);
  for (guint run = 0; run < WP_SENSITIVITY_RUNS; run++)
    {
      if (!make_late (late, setup->rows, setup->lag_ns, &random, error)
          || !run_scale (self, setup, late, 1, TRUE, error))
        return FALSE;
      for (guint i = 0; i < n_scales; i++)
        if (!make_late (late, setup->rows, (gint64) ((double) setup->lag_ns * scales[i]), &random, error)
            || !run_scale (self, setup, late, scales[i], FALSE, error))
          return FALSE;
    }

  return TRUE;
}

WpSensitivity *
wp_sensitivity_new (const WpSensitivitySetup *setup, WpTraceBufferRead read, gpointer data, GError **error)
{
  g_autoptr (WpSensitivity) self = g_new0 (WpSensitivity, 1);
  guint64 bytes = wp_trace_buffer_length (setup->rows) * 2 * sizeof (gint64);
  g_autoptr (WpTraceBuffer) late = wp_trace_buffer_new (bytes, 1);

  self->lag_ns = setup->lag_ns;
  self->n_models = setup->n_models;
  while (wp_metrics[self->n_metrics].name)
    self->n_metrics++;
  self->ranges = g_new (WpSensitivityRange, self->n_models * self->n_metrics + 1);
  for (guint i = 0; i < self->n_models * self->n_metrics; i++)
    self->ranges[i] = (WpSensitivityRange){ NAN, NAN };
  self->sizes = g_array_new (FALSE, FALSE, sizeof (WpSensitivitySize));
  add_sizes (self, setup);
  wp_trace_buffer_watch (late, read, data);

  return run_all (self, setup, late, error) ? g_steal_pointer (&self) : NULL;
}

void
wp_sensitivity_free (WpSensitivity *self)
{
  g_array_unref (self->sizes);
  g_free (self->ranges);
  g_free (self);
}
