#include "sim/model/wp-batch-means.h"

#include <math.h>

#include "sim/stats/wp-student.h"

#define MOST_PARTS     64
#define FEWEST_PARTS   32
#define FIRST_REQUESTS 256

/* The sums of a part, or of the run up to its end. */
typedef struct {
  WpSums sums;
  double clock;
} Part;

struct _WpBatchMeans {
  Part parts[MOST_PARTS], last; /* last: the run's sums at the end of the last part */
  guint n_parts;
  double part_requests;
  gboolean started;
};

#define SUM(field) G_STRUCT_OFFSET (Part, field)

static const struct {
  const char *metric;
  gsize sum, per;
} ratios[WP_BATCH_METRICS] = {
  { "rejected", SUM (sums.refused), SUM (sums.requests) },
  { "blocked", SUM (sums.blocked), SUM (sums.requests) },
  { "blocked_time.mean", SUM (sums.blocked_time), SUM (sums.blocked_accepted) },
  { "accept_latency.mean", SUM (sums.blocked_time), SUM (sums.accepted) },
  { "wait.mean", SUM (sums.wait), SUM (sums.started) },
  { "response.mean", SUM (sums.response), SUM (sums.started) },
  { "depth.mean", SUM (sums.depth), SUM (sums.depth_clock) },
  { "busy.mean", SUM (sums.service), SUM (clock) },
  { "throughput", SUM (sums.started), SUM (clock) },
};

WpBatchMeans *
wp_batch_means_new (void)
{
  WpBatchMeans *self = g_new0 (WpBatchMeans, 1);

  self->part_requests = FIRST_REQUESTS;

  return self;
}

void
wp_batch_means_free (WpBatchMeans *self)
{
  g_free (self);
}

#define N_DOUBLES (sizeof (Part) / sizeof (double))

static void
combine (Part *to, const Part *one, const Part *other, double sign)
{
  double *sum = (double *) (gpointer) to;
  const double *a = (const double *) (gconstpointer) one, *b = (const double *) (gconstpointer) other;

  for (gsize i = 0; i < N_DOUBLES; i++)
    sum[i] = a[i] + sign * b[i];
}

static void
halve (WpBatchMeans *self)
{
  for (guint i = 0; i < MOST_PARTS / 2; i++)
    combine (&self->parts[i], &self->parts[2 * i], &self->parts[2 * i + 1], 1);
  self->n_parts = MOST_PARTS / 2;
  self->part_requests *= 2;
}

static gboolean
is_part_full (const WpBatchMeans *self, double requests)
{
  return !self->started || requests - self->last.sums.requests >= self->part_requests;
}

/* The sums look at each worker, of which there may be thousands: they are made for a full part only. */
void
wp_batch_means_add (WpBatchMeans *self, const WpModel *model, gint64 now_ns)
{
  WpSums sums;
  gint64 clock_ns;

  if (!is_part_full (self, (double) wp_model_requests (model)))
    return;
  clock_ns = wp_model_sums (model, now_ns, &sums);
  wp_batch_means_add_sums (self, &sums, clock_ns);
}

void
wp_batch_means_add_sums (WpBatchMeans *self, const WpSums *sums, gint64 now_ns)
{
  Part now = { .sums = *sums, .clock = (double) now_ns / 1e9 };

  if (!self->started)
    {
      self->started = TRUE; /* the first call only sets the start */
      self->last = now;
      return;
    }
  if (!is_part_full (self, sums->requests))
    return;
  combine (&self->parts[self->n_parts++], &now, &self->last, -1);
  self->last = now;
  if (self->n_parts == MOST_PARTS)
    halve (self);
}

static double
get (const Part *part, gsize offset)
{
  return G_STRUCT_MEMBER (double, part, offset);
}

/* The ratio of two means, and the standard deviation of the parts' residuals. */
static WpInterval
interval_of (const WpBatchMeans *self, guint ratio, double confidence)
{
  double sum = 0, per = 0, squares = 0, n = self->n_parts;
  WpInterval interval = { ratios[ratio].metric, NAN, NAN, NAN };

  for (guint i = 0; i < self->n_parts; i++)
    {
      sum += get (&self->parts[i], ratios[ratio].sum);
      per += get (&self->parts[i], ratios[ratio].per);
    }
  if (per == 0)
    return interval;
  interval.mean = sum / per;
  for (guint i = 0; i < self->n_parts; i++)
    squares += pow (get (&self->parts[i], ratios[ratio].sum)
                        - interval.mean * get (&self->parts[i], ratios[ratio].per),
                    2);
  interval.deviation = sqrt (squares / (n - 1)) / (per / n);
  interval.half_width = wp_student_t (self->n_parts - 1, confidence) * interval.deviation / sqrt (n);

  return interval;
}

guint
wp_batch_means_intervals (const WpBatchMeans *self, double confidence, WpInterval intervals[WP_BATCH_METRICS])
{
  if (self->n_parts < FEWEST_PARTS)
    return 0;
  for (guint i = 0; i < WP_BATCH_METRICS; i++)
    intervals[i] = interval_of (self, i, confidence);

  return self->n_parts;
}

guint64
wp_batch_means_requests (const WpBatchMeans *self)
{
  return (guint64) self->part_requests;
}

double
wp_batch_means_correlation (const WpBatchMeans *self)
{
  double mean = 0, products = 0, squares = 0, before = 0;

  if (self->n_parts < FEWEST_PARTS)
    return NAN;
  for (guint i = 0; i < self->n_parts; i++)
    mean += self->parts[i].sums.response / self->parts[i].sums.started / self->n_parts;
  for (guint i = 0; i < self->n_parts; i++)
    {
      double above = self->parts[i].sums.response / self->parts[i].sums.started - mean;

      products += before * above;
      squares += above * above;
      before = above;
    }

  return squares > 0 ? products / squares : NAN;
}
