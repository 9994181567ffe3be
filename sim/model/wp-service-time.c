#include "sim/model/wp-service-time.h"

#include <math.h>
#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/model/wp-calibration.h"
#include "sim/stats/wp-random.h"
#include "sim/trace/wp-trace.h"

typedef struct {
  const char *prefix; /* "" is a constant */
  guint n_parts;      /* after the prefix, separated by colons */
  gboolean (*parse) (WpServiceTime *self, char **parts, GError **error);
  double (*draw) (WpServiceTime *self);                            /* in ns, before scaling, >= 0 */
  void (*moments) (const WpServiceTime *self, WpMoments *moments); /* before scaling */
} Kind;

struct _WpServiceTime {
  const Kind *kind;
  double scale;
  gboolean always;
  guint64 seed, stream, drawn;
  WpRandom random;

  gint64 a_ns, b_ns; /* the constant, the mean, or both ends */
  double cv;
  double mu, sigma; /* of a lognormal's logarithm */
  double share;     /* of a hyperexponential: probability of the first of @means_ns */
  double means_ns[2];
  double alpha, least_ns; /* of a Pareto truncated to [least_ns, b_ns] */
  double tail;            /* 1 - (least / b)^alpha */
  GArray *measured_ns;    /* of from: (element-type gint64), in the file's order */
  WpCommit *commit;       /* of batch: */
};

static gboolean
parse_one_time (WpServiceTime *self, char **parts, GError **error)
{
  return wp_time_parse_duration (parts[0], &self->a_ns, error);
}

static double
draw_constant (WpServiceTime *self)
{
  return (double) self->a_ns;
}

static void
moments_constant (const WpServiceTime *self, WpMoments *moments)
{
  *moments = (WpMoments){ WP_SHAPE_CONSTANT, (double) self->a_ns, 0 };
}

static double
draw_exponential (WpServiceTime *self)
{
  return (double) self->a_ns * wp_random_exponential (&self->random);
}

static void
moments_exponential (const WpServiceTime *self, WpMoments *moments)
{
  *moments = (WpMoments){ WP_SHAPE_EXPONENTIAL, (double) self->a_ns, self->a_ns > 0 ? 1 : 0 };
}

static gboolean
parse_mean_and_cv (WpServiceTime *self, char **parts, GError **error)
{
  return wp_time_parse_duration (parts[0], &self->a_ns, error)
         && wp_options_parse_positive (parts[1], &self->cv, error);
}

static void
moments_mean_and_cv (const WpServiceTime *self, WpMoments *moments)
{
  *moments = (WpMoments){ WP_SHAPE_GENERAL, (double) self->a_ns, self->cv * self->cv };
}

/* For mean m and coefficient of variation c: sigma^2 = ln (1 + c^2), mu = ln m - sigma^2 / 2. */
static gboolean
parse_lognormal (WpServiceTime *self, char **parts, GError **error)
{
  if (!parse_mean_and_cv (self, parts, error))
    return FALSE;
  self->sigma = sqrt (log1p (self->cv * self->cv));
  /* mean 0 gives -inf: every draw is 0 */
  self->mu = log ((double) self->a_ns) - self->sigma * self->sigma / 2;

  return TRUE;
}

static double
draw_lognormal (WpServiceTime *self)
{
  return exp (self->mu + self->sigma * wp_random_normal (&self->random));
}

static gboolean
parse_uniform (WpServiceTime *self, char **parts, GError **error)
{
  if (!wp_time_parse_duration (parts[0], &self->a_ns, error)
      || !wp_time_parse_duration (parts[1], &self->b_ns, error))
    return FALSE;
  if (self->a_ns <= self->b_ns)
    return TRUE;
  return wp_fail (error, WP_ERROR_BAD_VALUE, "%s is more than %s", parts[0], parts[1]);
}

static double
draw_uniform (WpServiceTime *self)
{
  return (double) self->a_ns + (double) (self->b_ns - self->a_ns) * wp_random_uniform (&self->random);
}

static void
moments_uniform (const WpServiceTime *self, WpMoments *moments)
{
  double mean_ns = ((double) self->a_ns + (double) self->b_ns) / 2,
         width_ns = (double) (self->b_ns - self->a_ns);

  *moments = (WpMoments){ WP_SHAPE_GENERAL, mean_ns,
                          mean_ns > 0 ? width_ns * width_ns / 12 / (mean_ns * mean_ns) : 0 };
}

/* Two exponentials with balanced means (half of the work each): p = (1 + sqrt ((c^2 - 1) / (c^2 + 1))) / 2,
 * means m / 2p and m / 2(1 - p). Source: Whitt, Approximating a point process by a renewal process,
 * Operations Research 30 (1982). */
static gboolean
parse_hyperexponential (WpServiceTime *self, char **parts, GError **error)
{
  double square;

  if (!parse_mean_and_cv (self, parts, error))
    return FALSE;
  if (self->cv <= 1)
    return wp_fail (error, WP_ERROR_BAD_VALUE, "CV must be more than 1, not %s", parts[1]);
  square = self->cv * self->cv;
  self->share = (1 + sqrt ((square - 1) / (square + 1))) / 2;
  self->means_ns[0] = (double) self->a_ns / (2 * self->share);
  self->means_ns[1] = (double) self->a_ns / (2 * (1 - self->share));

  return TRUE;
}

static double
draw_hyperexponential (WpServiceTime *self)
{
  gboolean second = wp_random_uniform (&self->random) >= self->share;

  return self->means_ns[second] * wp_random_exponential (&self->random);
}

/* The @k-th moment of a Pareto distribution on [least, most]: with r = least / most, most^k a (r^a - r^k) /
 * (k - a) / (1 - r^a), where (r^a - r^k) / (k - a) is r^k ln (1 / r) at k = a. All powers have bases <= 1, so
 * none overflows. */
static double
pareto_moment (double least, double most, double alpha, double k)
{
  double ratio = least / most, power = pow (ratio, k);
  double inner = fabs (k - alpha) < 1e-9 ? -power * log (ratio) : (pow (ratio, alpha) - power) / (k - alpha);

  return pow (most, k) * alpha * inner / -expm1 (alpha * log (ratio));
}

/* Finds the least value for the requested mean by bisection. */
static gboolean
parse_pareto (WpServiceTime *self, char **parts, GError **error)
{
  double low = 0, high;

  if (!wp_time_parse_duration (parts[0], &self->a_ns, error)
      || !wp_options_parse_positive (parts[1], &self->alpha, error)
      || !wp_time_parse_duration (parts[2], &self->b_ns, error))
    return FALSE;
  if (self->a_ns == 0 || self->a_ns >= self->b_ns)
    return wp_fail (error, WP_ERROR_BAD_VALUE, "the mean must be between 0 and %s", parts[2]);
  high = (double) self->a_ns;
  for (guint i = 0; i < 200; i++)
    {
      self->least_ns = (low + high) / 2;
      if (pareto_moment (self->least_ns / (double) self->b_ns, 1, self->alpha, 1) * (double) self->b_ns
          < (double) self->a_ns)
        low = self->least_ns;
      else
        high = self->least_ns;
    }
  self->tail = -expm1 (self->alpha * log (self->least_ns / (double) self->b_ns));

  return TRUE;
}

static double
draw_pareto (WpServiceTime *self)
{
  return self->least_ns * pow (1 - self->tail * wp_random_uniform (&self->random), -1 / self->alpha);
}

static void
moments_pareto (const WpServiceTime *self, WpMoments *moments)
{
  double mean = (double) self->a_ns / (double) self->b_ns;
  double square = pareto_moment (self->least_ns / (double) self->b_ns, 1, self->alpha, 2);

  *moments = (WpMoments){ WP_SHAPE_GENERAL, (double) self->a_ns, fmax (square / (mean * mean) - 1, 0) };
}

/* finished - started of the rows that have both. */
static gboolean
add_measured (WpServiceTime *self, const char *file, const WpRow *rows, gsize n_rows, GError **error)
{
  for (gsize i = 0; i < n_rows; i++)
    {
      gint64 service_ns;

      if (rows[i].finished_ns == WP_TIME_NONE || rows[i].started_ns == WP_TIME_NONE)
        continue;
      if (rows[i].finished_ns < rows[i].started_ns)
        return wp_fail (error, WP_ERROR_BAD_TRACE, "%s: a request was finished before it was started", file);
      service_ns = rows[i].finished_ns - rows[i].started_ns;
      g_array_append_val (self->measured_ns, service_ns);
    }

  return TRUE;
}

static gboolean
parse_from (WpServiceTime *self, char **parts, GError **error)
{
  g_autoptr (WpTrace) trace = wp_trace_open (parts[0], NULL, error);
  const WpRow *rows;
  gsize n_rows;

  if (!trace || !(rows = wp_trace_load (trace, &n_rows, error)))
    return FALSE;
  self->measured_ns = g_array_new (FALSE, FALSE, sizeof (gint64));
  if (!add_measured (self, parts[0], rows, n_rows, error))
    return FALSE;
  if (self->measured_ns->len > 0)
    return TRUE;
  return wp_fail (error, WP_ERROR_BAD_TRACE,
                  "%s: no row has both \"started\" and \"finished\", so it has no service times to draw from",
                  parts[0]);
}

static double
draw_measured (WpServiceTime *self)
{
  return (double) g_array_index (self->measured_ns, gint64,
                                 wp_random_below (&self->random, self->measured_ns->len));
}

static void
moments_measured (const WpServiceTime *self, WpMoments *moments)
{
  double sum = 0, squares = 0, n = self->measured_ns->len, mean_ns;

  for (guint i = 0; i < self->measured_ns->len; i++)
    sum += (double) g_array_index (self->measured_ns, gint64, i);
  mean_ns = sum / n;
  for (guint i = 0; i < self->measured_ns->len; i++)
    {
      double off_ns = (double) g_array_index (self->measured_ns, gint64, i) - mean_ns;

      squares += off_ns * off_ns;
    }
  *moments = (WpMoments){ WP_SHAPE_GENERAL, mean_ns, mean_ns > 0 ? squares / n / (mean_ns * mean_ns) : 0 };
}

static gboolean
take_commit (WpServiceTime *self, WpCommit *commit)
{
  self->commit = commit;
  self->always = TRUE;

  return commit != NULL;
}

static gboolean
parse_batch (WpServiceTime *self, char **parts, GError **error)
{
  return take_commit (self, wp_commit_parse (parts[0], self->scale, self->seed, error));
}

static gboolean
parse_batch_from (WpServiceTime *self, char **parts, GError **error)
{
  g_autoptr (GPtrArray) records = wp_calibration_load (parts[0], error);

  return records && take_commit (self, wp_calibration_commit (records, self->scale, self->seed));
}

static double
draw_batch (WpServiceTime *self)
{
  return wp_commit_cost (self->commit)->fixed_ns + wp_commit_cost (self->commit)->row_ns;
}

static void
moments_batch (const WpServiceTime *self, WpMoments *moments)
{
  *moments
      = (WpMoments){ WP_SHAPE_GENERAL,
                     wp_commit_cost (self->commit)->fixed_ns + wp_commit_cost (self->commit)->row_ns, 0 };
}

static const Kind kinds[] = {
  { "exp:", 1, parse_one_time, draw_exponential, moments_exponential },
  { "lognormal:", 2, parse_lognormal, draw_lognormal, moments_mean_and_cv },
  { "uniform:", 2, parse_uniform, draw_uniform, moments_uniform },
  { "hyperexp:", 2, parse_hyperexponential, draw_hyperexponential, moments_mean_and_cv },
  { "pareto:", 3, parse_pareto, draw_pareto, moments_pareto },
  { "from:", 1, parse_from, draw_measured, moments_measured },
  /* before "batch:", which is a prefix of it */
  { "batch:from:", 1, parse_batch_from, draw_batch, moments_batch },
  { "batch:", 1, parse_batch, draw_batch, moments_batch },
  { "", 1, parse_one_time, draw_constant, moments_constant },
};

static const Kind *
find_kind (const char *spec)
{
  const Kind *kind = kinds;

  while (g_ascii_strncasecmp (spec, kind->prefix, strlen (kind->prefix)) != 0)
    kind++; /* "" ends it */

  return kind;
}

static gboolean
parse (WpServiceTime *self, const char *spec, GError **error)
{
  const char *rest = spec + strlen (self->kind->prefix);
  g_auto (GStrv) parts = g_strsplit (rest, ":", self->kind->n_parts); /* a file name may contain colons */
  g_autoptr (GError) cause = NULL;

  if (g_strv_length (parts) == self->kind->n_parts && self->kind->parse (self, parts, &cause))
    return TRUE;
  if (cause && (self->kind->parse == parse_from || self->kind->parse == parse_batch_from))
    g_propagate_error (error, g_steal_pointer (&cause));
  else
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE,
                 "\"%s\" is not a service time: " WP_SERVICE_FORMS "%s%s%s", spec,
                 cause && *self->kind->prefix ? " (" : "", cause && *self->kind->prefix ? cause->message : "",
                 cause && *self->kind->prefix ? ")" : "");

  return FALSE;
}

static WpServiceTime *
service_time_new (const char *spec, double scale, gboolean always, guint64 seed)
{
  WpServiceTime *self = g_new0 (WpServiceTime, 1);

  self->kind = find_kind (spec);
  self->scale = scale;
  self->always = always;
  self->seed = seed;
  self->stream = WP_SERVICE_STREAM;
  wp_service_time_restart (self);

  return self;
}

WpServiceTime *
wp_service_time_new (const char *spec, double scale, gboolean always, guint64 seed, GError **error)
{
  g_autoptr (WpServiceTime) self = service_time_new (spec, scale, always, seed);

  return parse (self, spec, error) ? g_steal_pointer (&self) : NULL;
}

WpServiceTime *
wp_service_time_new_learnt (const GPtrArray *records)
{
  WpServiceTime *self = service_time_new ("batch:from:", 1, TRUE, 0);

  take_commit (self, wp_calibration_commit (records, 1, 0));

  return self;
}

WpServiceTime *
wp_service_time_copy (const WpServiceTime *self, double scale, gboolean always, guint64 seed)
{
  WpServiceTime *copy = g_new (WpServiceTime, 1);

  *copy = *self;
  copy->scale = scale;
  copy->always = always || self->commit;
  copy->seed = seed;
  copy->measured_ns = self->measured_ns ? g_array_ref (self->measured_ns) : NULL;
  copy->commit = self->commit ? wp_commit_copy (self->commit, scale, seed) : NULL;
  wp_service_time_restart (copy);

  return copy;
}

void
wp_service_time_free (WpServiceTime *self)
{
  g_clear_pointer (&self->measured_ns, g_array_unref);
  g_clear_pointer (&self->commit, wp_commit_unref);
  g_free (self);
}

gboolean
wp_service_time_is_batch (const char *spec)
{
  return spec && g_ascii_strncasecmp (spec, "batch:", strlen ("batch:")) == 0;
}

WpCommit *
wp_service_time_commit (const WpServiceTime *self)
{
  return self->commit;
}

static inline gint64
round_service (double ns)
{
  return ns < (double) G_MAXINT64 ? (gint64) (ns + 0.5) : G_MAXINT64;
}

static void
draw_many (WpServiceTime *self, gint64 *services_ns, gsize n)
{
  if (self->kind->draw == draw_exponential)
    {
      WpRandom random = self->random; /* a copy, which stays in registers */
      double mean_ns = (double) self->a_ns * self->scale;

      for (gsize i = 0; i < n; i++)
        services_ns[i] = round_service (mean_ns * wp_random_exponential (&random));
      self->random = random;
    }
  else
    for (gsize i = 0; i < n; i++)
      services_ns[i] = round_service (self->kind->draw (self) * self->scale);
  self->drawn += n;
}

void
wp_service_time_fill (WpServiceTime *self, const WpRow *rows, gsize n_rows, gint64 *services_ns)
{
  gsize i = 0;

  while (i < n_rows)
    {
      gsize from = i;

      for (; i < n_rows && rows[i].service_ns != WP_TIME_NONE && !self->always; i++)
        services_ns[i] = rows[i].service_ns;
      for (from = i; i < n_rows && (rows[i].service_ns == WP_TIME_NONE || self->always); i++)
        ;
      draw_many (self, services_ns + from, i - from);
    }
}

void
wp_service_time_use_stream (WpServiceTime *self, guint64 stream)
{
  self->stream = stream;
  wp_service_time_restart (self);
}

void
wp_service_time_draw (WpServiceTime *self, gint64 *services_ns, gsize n)
{
  draw_many (self, services_ns, n);
}

void
wp_service_time_restart (WpServiceTime *self)
{
  wp_random_init (&self->random, self->seed, self->stream);
  self->drawn = 0;
}

guint64
wp_service_time_drawn (const WpServiceTime *self)
{
  return self->drawn;
}

void
wp_service_time_moments (const WpServiceTime *self, WpMoments *moments)
{
  self->kind->moments (self, moments);
  moments->mean_ns *= self->scale;
}
