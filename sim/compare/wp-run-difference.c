#include "sim/compare/wp-run-difference.h"

#include <math.h>
#include <stdlib.h>

#include "sim/compare/wp-match.h"
#include "sim/stats/wp-random.h"

#define MAX_BLOCKS       40
#define LEAST_BLOCKS     10
#define REQUESTS_A_BLOCK 10
#define RESAMPLES        1000
#define LEAST_BEYOND     10  /* responses beyond a percentile */
#define NEARLY_ALL       0.9 /* of the responses, that must be paired */
#define BOOTSTRAP_STREAM 4

/* The mean comes first, the maximum last; neither has a share. */
static const struct {
  const char *name;
  double share;
} kinds[WP_RUN_FIGURES] = { { "mean", 0 },   { "p50", 0.5 },    { "p90", 0.9 }, { "p95", 0.95 },
                            { "p99", 0.99 }, { "p999", 0.999 }, { "max", 0 } };

/* The latencies of one run by block: how many are in each bucket of the histogram that is not empty. */
typedef struct {
  guint n_buckets;
  guint *buckets;  /* of the histogram */
  guint32 *counts; /* [bucket * n_blocks + block] */
  double sums_ns[MAX_BLOCKS], n[MAX_BLOCKS];
} Blocks;

static gint64
latency_of (const WpRow *row)
{
  gboolean is_answered
      = row->status > 0 || (row->outcome != WP_OUTCOME_ABANDONED && row->outcome != WP_OUTCOME_FAILED);

  if (!is_answered)
    return WP_TIME_NONE;
  return row->ended_ns != WP_TIME_NONE ? MAX (row->ended_ns - row->arrival_ns, 0) : row->response_ns;
}

static void
count (WpMeasuredRun *self, const WpRow *rows, gsize n_rows)
{
  self->n_requests = n_rows;
  self->duration_ns = n_rows > 0 ? rows[n_rows - 1].arrival_ns - rows[0].arrival_ns : 0;
  self->latency = wp_histogram_new ();
  for (gsize i = 0; i < n_rows; i++)
    {
      gint64 latency_ns = latency_of (&rows[i]);

      if (latency_ns == WP_TIME_NONE)
        continue;
      self->n_responses++;
      self->n_status[rows[i].status]++;
      wp_histogram_add (self->latency, latency_ns, 1);
    }
}

static guint
block_at (gint64 arrival_ns, gint64 span_ns, guint n_blocks)
{
  return (guint) MIN ((double) arrival_ns / (double) MAX (span_ns, 1) * n_blocks, n_blocks - 1);
}

static void
blocks_begin (Blocks *self, const WpHistogram *latency, guint n_blocks, guint *places)
{
  *self = (Blocks){ .buckets = g_new (guint, WP_HISTOGRAM_BUCKETS) };
  for (guint i = 0; i < WP_HISTOGRAM_BUCKETS; i++)
    if (latency->weights[i] > 0)
      {
        places[i] = self->n_buckets;
        self->buckets[self->n_buckets++] = i;
      }
  self->counts = g_new0 (guint32, (gsize) self->n_buckets * n_blocks);
}

static void
blocks_clear (Blocks *self)
{
  g_free (self->buckets);
  g_free (self->counts);
}

/* @firsts: of each row its partner's row in the first run, or NULL: the blocks are its own run's. */
static void
blocks_fill (Blocks *self, const WpMeasuredRun *run, const WpRow *rows, const WpRow *const *firsts,
             gint64 span_ns, guint n_blocks)
{
  g_autofree guint *places = g_new (guint, WP_HISTOGRAM_BUCKETS);

  blocks_begin (self, run->latency, n_blocks, places);
  for (guint64 i = 0; i < run->n_requests; i++)
    {
      gint64 latency_ns = latency_of (&rows[i]);
      guint block = block_at ((firsts && firsts[i] ? firsts[i] : &rows[i])->arrival_ns, span_ns, n_blocks);

      if (latency_ns == WP_TIME_NONE)
        continue;
      self->counts[(gsize) places[wp_histogram_bucket (latency_ns)] * n_blocks + block]++;
      self->sums_ns[block] += (double) latency_ns;
      self->n[block]++;
    }
}

/* All figures but the maximum, with each block as often as @weights says. FALSE: nothing was drawn. */
static gboolean
evaluate (const Blocks *self, const guint *weights, guint n_blocks, double *values)
{
  double total = 0, sum = 0, below = 0;
  guint figure = 1;

  for (guint b = 0; b < n_blocks; b++)
    {
      total += weights[b] * self->n[b];
      sum += weights[b] * self->sums_ns[b];
    }
  values[0] = sum / total;
  for (guint k = 0; k < self->n_buckets && total > 0; k++)
    {
      const guint32 *counts = self->counts + (gsize) k * n_blocks;
      guint64 n = 0;

      for (guint b = 0; b < n_blocks; b++)
        n += (guint64) weights[b] * counts[b];
      below += (double) n;
      for (; figure < WP_RUN_FIGURES - 1 && below >= kinds[figure].share * total; figure++)
        values[figure] = (double) wp_histogram_bucket_min (self->buckets[k]);
    }

  return total > 0;
}

static void
draw (WpRandom *random, guint *weights, guint n_blocks)
{
  for (guint b = 0; b < n_blocks; b++)
    weights[b] = 0;
  for (guint b = 0; b < n_blocks; b++)
    weights[wp_random_below (random, n_blocks)]++;
}

static int
compare (const void *a, const void *b)
{
  double left = *(const double *) a, right = *(const double *) b;

  return left < right ? -1 : left > right;
}

/* Is the percentile of @figure supported by enough responses? */
static gboolean
has_tail (const WpRunDifference *self, guint figure)
{
  for (guint i = 0; i < 2; i++)
    if ((double) self->runs[i].n_responses * (1 - kinds[figure].share) < LEAST_BEYOND)
      return FALSE;
  return figure < WP_RUN_FIGURES - 1;
}

static void
bootstrap (WpRunDifference *self, const Blocks *blocks, guint64 seed)
{
  g_autofree double *differences = g_new (double, WP_RUN_FIGURES *RESAMPLES);
  guint weights[2][MAX_BLOCKS], n = 0;
  double values[2][WP_RUN_FIGURES] = { { 0 } };
  WpRandom random;

  wp_random_init (&random, seed, BOOTSTRAP_STREAM);
  for (guint r = 0; r < RESAMPLES; r++)
    {
      draw (&random, weights[0], self->n_blocks);
      draw (&random, weights[1], self->n_blocks);
      if (!evaluate (&blocks[0], weights[0], self->n_blocks, values[0])
          || !evaluate (&blocks[1], weights[self->is_paired ? 0 : 1], self->n_blocks, values[1]))
        continue;
      for (guint f = 0; f < WP_RUN_FIGURES; f++)
        differences[f * RESAMPLES + n] = values[1][f] - values[0][f];
      n++;
    }
  for (guint f = 0; f < WP_RUN_FIGURES && n > 0; f++)
    {
      double *of = differences + f * RESAMPLES;

      qsort (of, n, sizeof *of, compare);
      self->figures[f].has_interval = has_tail (self, f);
      self->figures[f].low_ns = of[(guint) (0.025 * n)];
      self->figures[f].high_ns = of[(guint) (0.975 * n)];
    }
}

/* Of the means of neighbouring blocks. */
static double
correlation_of (const Blocks *self, guint n_blocks)
{
  double mean = 0, product = 0, square = 0, before = NAN;
  guint n = 0;

  for (guint b = 0; b < n_blocks; b++)
    if (self->n[b] > 0)
      {
        mean += self->sums_ns[b] / self->n[b];
        n++;
      }
  mean /= n;
  for (guint b = 0; b < n_blocks; b++)
    if (self->n[b] > 0)
      {
        double deviation = self->sums_ns[b] / self->n[b] - mean;

        square += deviation * deviation;
        product += isnan (before) ? 0 : before * deviation;
        before = deviation;
      }
  return square > 0 ? product / square : (double) NAN;
}

static void
find_intervals (WpRunDifference *self, const WpRow *const rows[2], const WpRow *const *firsts, guint64 seed)
{
  guint64 least = MIN (self->runs[0].n_responses, self->runs[1].n_responses);
  gint64 span_ns = self->runs[0].duration_ns;
  guint n_blocks = (guint) MIN (least / REQUESTS_A_BLOCK, MAX_BLOCKS);
  Blocks blocks[2];

  if (n_blocks < LEAST_BLOCKS)
    return;
  self->n_blocks = n_blocks;
  self->block_ns = span_ns / n_blocks;
  blocks_fill (&blocks[0], &self->runs[0], rows[0], NULL, span_ns, n_blocks);
  blocks_fill (&blocks[1], &self->runs[1], rows[1], self->is_paired ? firsts : NULL,
               self->is_paired ? span_ns : self->runs[1].duration_ns, n_blocks);
  self->correlation = fmax (correlation_of (&blocks[0], n_blocks), correlation_of (&blocks[1], n_blocks));
  bootstrap (self, blocks, seed);
  blocks_clear (&blocks[0]);
  blocks_clear (&blocks[1]);
}

/* Returns of each row of the second run its partner in the first; NULL: ids do not match. */
static const WpRow **
pair (WpRunDifference *self, const WpRow *const rows[2], const gsize n_rows[2])
{
  g_autofree const WpRow **firsts = g_new0 (const WpRow *, n_rows[1] + 1);
  WpMatch match;

  wp_match_rows (&match, rows[0], n_rows[0], rows[1], n_rows[1]);
  for (gsize i = 0; match.by_id && i < n_rows[0]; i++)
    if (match.partners[i] != WP_NO_MATCH && rows[0][i].id && latency_of (&rows[0][i]) != WP_TIME_NONE
        && latency_of (&rows[1][match.partners[i]]) != WP_TIME_NONE)
      {
        firsts[match.partners[i]] = &rows[0][i];
        self->n_paired++;
      }
  wp_match_clear (&match);
  self->is_paired
      = (double) self->n_paired
        >= NEARLY_ALL * (double) MAX (MAX (self->runs[0].n_responses, self->runs[1].n_responses), 1);

  return g_steal_pointer (&firsts);
}

static double
value_of (const WpHistogram *latency, guint figure)
{
  gint64 ns = figure == WP_RUN_FIGURES - 1 ? wp_histogram_max (latency)
              : figure > 0                 ? wp_histogram_quantile (latency, kinds[figure].share)
                                           : 0;

  return wp_histogram_count (latency) == 0 ? (double) NAN
         : figure == 0                     ? wp_histogram_mean (latency)
                                           : (double) ns;
}

void
wp_run_difference_compute (WpRunDifference *self, const WpRow *const rows[2], const gsize n_rows[2],
                           guint64 seed)
{
  g_autofree const WpRow **firsts = NULL;

  *self = (WpRunDifference){ .correlation = NAN };
  count (&self->runs[0], rows[0], n_rows[0]);
  count (&self->runs[1], rows[1], n_rows[1]);
  for (guint f = 0; f < WP_RUN_FIGURES; f++)
    self->figures[f] = (WpRunFigure){ .name = kinds[f].name,
                                      .value_ns = { value_of (self->runs[0].latency, f),
                                                    value_of (self->runs[1].latency, f) } };
  firsts = pair (self, rows, n_rows);
  find_intervals (self, rows, firsts, seed);
}

void
wp_run_difference_clear (WpRunDifference *self)
{
  for (guint i = 0; i < 2; i++)
    g_clear_pointer (&self->runs[i].latency, wp_histogram_free);
}

gboolean
wp_run_figure_differs (const WpRunFigure *figure)
{
  return figure->has_interval && (figure->low_ns > 0 || figure->high_ns < 0);
}
