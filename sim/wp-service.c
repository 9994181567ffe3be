#include "sim/wp-service.h"

#include <math.h>
#include <string.h>

#include "sim/wp-error.h"
#include "sim/wp-options.h"
#include "sim/wp-random.h"

typedef struct {
  const char *prefix;   /* "" is a constant */
  guint n_parts;        /* after the prefix, parted by colons */
  gboolean (*parse) (WpService *self, char **parts, GError **error);
  double (*draw) (WpService *self);   /* in ns, before scaling, >= 0 */
} Kind;

struct _WpService {
  const Kind *kind;
  double scale;
  gboolean always;
  guint64 seed, drawn;
  WpRandom random;

  gint64 a_ns, b_ns;      /* the constant, the mean, or both ends */
  double mu, sigma;       /* of a lognormal's logarithm */
  GArray *measured_ns;    /* of from: */
};

/* Arrivals, when they are drawn, have a stream of their own. */
#define SERVICE_STREAM 1

static gboolean
parse_one_time (WpService *self, char **parts, GError **error)
{
  return wp_time_parse_duration (parts[0], &self->a_ns, error);
}

static double
draw_constant (WpService *self)
{
  return (double) self->a_ns;
}

static double
draw_exponential (WpService *self)
{
  return (double) self->a_ns * wp_random_exponential (&self->random);
}

/* Of given mean m and coefficient of variation c: sigma^2 = ln (1 + c^2), mu = ln m - sigma^2 / 2. */
static gboolean
parse_lognormal (WpService *self, char **parts, GError **error)
{
  double cv;

  if (!wp_time_parse_duration (parts[0], &self->a_ns, error) || !wp_options_parse_positive (parts[1], &cv, error))
    return FALSE;
  self->sigma = sqrt (log1p (cv * cv));
  self->mu = log ((double) self->a_ns) - self->sigma * self->sigma / 2;   /* of mean 0: -inf, and every draw is 0 */

  return TRUE;
}

static double
draw_lognormal (WpService *self)
{
  return exp (self->mu + self->sigma * wp_random_normal (&self->random));
}

static gboolean
parse_uniform (WpService *self, char **parts, GError **error)
{
  if (!wp_time_parse_duration (parts[0], &self->a_ns, error) || !wp_time_parse_duration (parts[1], &self->b_ns, error))
    return FALSE;
  if (self->a_ns <= self->b_ns)
    return TRUE;
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "%s is more than %s", parts[0], parts[1]);

  return FALSE;
}

static double
draw_uniform (WpService *self)
{
  return (double) self->a_ns + (double) (self->b_ns - self->a_ns) * wp_random_uniform (&self->random);
}

static gboolean
add_measured (GArray *measured_ns, const char *file, const WpRow *rows, gsize n_rows, GError **error)
{
  for (gsize i = 0; i < n_rows; i++)
    {
      gint64 service_ns = rows[i].finished_ns - rows[i].started_ns;

      if (rows[i].finished_ns == WP_TIME_NONE || rows[i].started_ns == WP_TIME_NONE)
        continue;
      if (rows[i].finished_ns < rows[i].started_ns)
        {
          g_set_error (error, WP_ERROR, WP_ERROR_BAD_TRACE, "%s: a request was finished before it was started", file);
          return FALSE;
        }
      g_array_append_val (measured_ns, service_ns);
    }

  return TRUE;
}

static gboolean
parse_from (WpService *self, char **parts, GError **error)
{
  g_autoptr(WpTrace) trace = wp_trace_open (parts[0], NULL, error);
  const WpRow *rows;
  gsize n_rows;

  if (!trace || !(rows = wp_trace_load (trace, &n_rows, error)))
    return FALSE;
  self->measured_ns = g_array_new (FALSE, FALSE, sizeof (gint64));
  if (!add_measured (self->measured_ns, parts[0], rows, n_rows, error))
    return FALSE;
  if (self->measured_ns->len > 0)
    return TRUE;
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_TRACE, "%s: no row has both \"started\" and \"finished\", so there is no service to draw from",
               parts[0]);

  return FALSE;
}

static double
draw_measured (WpService *self)
{
  return (double) g_array_index (self->measured_ns, gint64, wp_random_below (&self->random, self->measured_ns->len));
}

static const Kind kinds[] = {
  { "exp:", 1, parse_one_time, draw_exponential },
  { "lognormal:", 2, parse_lognormal, draw_lognormal },
  { "uniform:", 2, parse_uniform, draw_uniform },
  { "from:", 1, parse_from, draw_measured },
  { "", 1, parse_one_time, draw_constant },
};

static const Kind *
find_kind (const char *spec)
{
  const Kind *kind = kinds;

  while (g_ascii_strncasecmp (spec, kind->prefix, strlen (kind->prefix)) != 0)
    kind++;   /* "" ends it */

  return kind;
}

static gboolean
parse (WpService *self, const char *spec, GError **error)
{
  const char *rest = spec + strlen (self->kind->prefix);
  g_auto(GStrv) parts = g_strsplit (rest, ":", self->kind->n_parts);   /* a file's name may have colons */
  g_autoptr(GError) cause = NULL;

  if (g_strv_length (parts) == self->kind->n_parts && self->kind->parse (self, parts, &cause))
    return TRUE;
  if (cause && self->kind->parse == parse_from)
    g_propagate_error (error, g_steal_pointer (&cause));
  else
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE,
                 "\"%s\" is not a service time: 500ms, exp:MEAN, lognormal:MEAN:CV, uniform:A:B or from:FILE%s%s%s", spec,
                 cause && *self->kind->prefix ? " (" : "", cause && *self->kind->prefix ? cause->message : "",
                 cause && *self->kind->prefix ? ")" : "");

  return FALSE;
}

WpService *
wp_service_new (const char *spec, double scale, gboolean always, guint64 seed, GError **error)
{
  g_autoptr(WpService) self = g_new0 (WpService, 1);

  self->kind = find_kind (spec);
  self->scale = scale;
  self->always = always;
  self->seed = seed;
  if (!parse (self, spec, error))
    return NULL;
  wp_service_restart (self);

  return g_steal_pointer (&self);
}

void
wp_service_free (WpService *self)
{
  g_clear_pointer (&self->measured_ns, g_array_unref);
  g_free (self);
}

static gint64
draw (WpService *self)
{
  double ns = self->kind->draw (self) * self->scale;

  return ns < (double) G_MAXINT64 ? (gint64) (ns + 0.5) : G_MAXINT64;
}

void
wp_service_fill (WpService *self, const WpRow *rows, gsize n_rows, gint64 *services_ns)
{
  for (gsize i = 0; i < n_rows; i++)
    if (rows[i].service_ns != WP_TIME_NONE && !self->always)
      services_ns[i] = rows[i].service_ns;
    else
      {
        services_ns[i] = draw (self);
        self->drawn++;
      }
}

void
wp_service_restart (WpService *self)
{
  wp_random_init (&self->random, self->seed, SERVICE_STREAM);
  self->drawn = 0;
}

guint64
wp_service_drawn (const WpService *self)
{
  return self->drawn;
}
