#include "sim/model/wp-batch-means.h"

#include <math.h>

#include "sim/stats/wp-student.h"

#define MAX_PARTS       64
#define FEWEST_PARTS    32
#define FIRST_REQUESTS  256
#define BATCHES         8   /* of an interval: few and long, for they depend on each other the less */
#define MAX_CORRELATION 0.9 /* the factor of the variance is 19 at most */

/* The sums of a part, or of the run up to its end. */
typedef struct {
  WpSums sums;
  double clock;
} Part;

struct _WpBatchMeans {
  Part parts[MAX_PARTS], last; /* last: the run's sums at the end of the last part */
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
  for (guint i = 0; i < MAX_PARTS / 2; i++)
    combine (&self->parts[i], &self->parts[2 * i], &self->parts[2 * i + 1], 1);
  self->n_parts = MAX_PARTS / 2;
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
  if (self->n_parts == MAX_PARTS)
    halve (self);
}

static double
get (const Part *part, gsize offset)
{
  return G_STRUCT_MEMBER (double, part, offset);
}

/* The sums of all parts, and of BATCHES batches: 4 to 8 parts each. */
static void
make_batches (const WpBatchMeans *self, Part *whole, Part batches[BATCHES])
{
  *whole = (Part){ 0 };
  for (guint i = 0; i < BATCHES; i++)
    {
      batches[i] = (Part){ 0 };
      for (guint j = i * self->n_parts / BATCHES; j < (i + 1) * self->n_parts / BATCHES; j++)
        combine (&batches[i], &batches[i], &self->parts[j], 1);
      combine (whole, whole, &batches[i], 1);
    }
}

/* The variance of a mean of batches whose neighbours correlate as those of an autoregressive process,
 * relative to that of independent ones. The estimate of the correlation is short by (1 + 3 r) / n (Kendall,
 * Note on bias in the estimation of autocorrelation, Biometrika 41, 1954); a negative one does not count. */
static double
variance_factor (double products, double squares)
{
  double estimate = squares > 0 ? products / squares : 0;
  double correlation = CLAMP (estimate + (1 + 3 * estimate) / BATCHES, 0, MAX_CORRELATION);

  return (1 + correlation) / (1 - correlation);
}

/* The ratio of two means, and the standard deviation of the batches' residuals. */
static WpInterval
interval_of (const Part *whole, const Part batches[BATCHES], guint ratio, double confidence)
{
  double per = get (whole, ratios[ratio].per), squares = 0, products = 0, before = 0;
  WpInterval interval = { ratios[ratio].metric, NAN, NAN, NAN };

  if (per == 0)
    return interval;
  interval.mean = get (whole, ratios[ratio].sum) / per;
  for (guint i = 0; i < BATCHES; i++)
    {
      double residual
          = get (&batches[i], ratios[ratio].sum) - interval.mean * get (&batches[i], ratios[ratio].per);

      squares += residual * residual;
      products += residual * before;
      before = residual;
    }
  interval.deviation = sqrt (variance_factor (products, squares) * squares / (BATCHES - 1)) / (per / BATCHES);
  interval.half_width = wp_student_t (BATCHES - 1, confidence) * interval.deviation / sqrt (BATCHES);

  return interval;
}

guint
wp_batch_means_intervals (const WpBatchMeans *self, double confidence, WpInterval intervals[WP_BATCH_METRICS])
{
  Part whole, batches[BATCHES];

  if (self->n_parts < FEWEST_PARTS)
    return 0;
  make_batches (self, &whole, batches);
  for (guint i = 0; i < WP_BATCH_METRICS; i++)
    intervals[i] = interval_of (&whole, batches, i, confidence);

  return BATCHES;
}

guint64
wp_batch_means_requests (const WpBatchMeans *self)
{
  return (guint64) self->part_requests * self->n_parts / BATCHES;
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
