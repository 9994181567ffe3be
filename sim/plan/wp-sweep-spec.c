#include "sim/plan/wp-sweep-spec.h"

#include <math.h>
#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/base/wp-policy.h"

#define LEAST_SCALE 1e-9 /* values are rounded to so many digits */
#define MAX_SCALE   1e9

static const char *const names[] = { "workers", "queue", "scale", "service", NULL };

static gboolean
fail (const char *part, GError **error, const char *problem)
{
  return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\": %s", part, problem);
}

static int
compare_whole (gconstpointer a, gconstpointer b)
{
  guint one = *(const guint *) a, other = *(const guint *) b;

  return (one > other) - (one < other);
}

static int
compare_double (gconstpointer a, gconstpointer b)
{
  double one = *(const double *) a, other = *(const double *) b;

  return (one > other) - (one < other);
}

/* Sorted, each value once. */
static void
tidy (GArray *values, GCompareFunc compare)
{
  gsize size = g_array_get_element_size (values), n = 0;

  g_array_sort (values, compare);
  for (gsize i = 0; i < values->len; i++)
    if (n == 0 || memcmp (values->data + i * size, values->data + (n - 1) * size, size) != 0)
      memmove (values->data + n++ * size, values->data + i * size, size);
  g_array_set_size (values, (guint) n);
}

static gboolean
add_whole (GArray *values, guint least, char **range, const char *part, GError **error)
{
  guint64 from, until, step = 1;

  if (!wp_options_parse_count (range[0], least, WP_UNBOUNDED - 2, &from, error))
    return FALSE;
  until = from;
  if (range[1]
      && (!wp_options_parse_count (range[1], least, WP_UNBOUNDED - 2, &until, error)
          || (range[2] && !wp_options_parse_count (range[2], 1, WP_UNBOUNDED, &step, error))))
    return FALSE;
  if (until < from)
    return fail (part, error, "the end is before the beginning");
  if ((until - from) / step + values->len >= WP_SWEEP_MAX)
    return fail (part, error, "more than a million combinations");
  for (guint64 value = from; value <= until; value += step)
    {
      guint whole = (guint) value;

      g_array_append_val (values, whole);
    }

  return TRUE;
}

static gboolean
add_double (GArray *values, char **range, const char *part, GError **error)
{
  double from, until, step = 1, n;

  if (!wp_options_parse_positive (range[0], &from, error))
    return FALSE;
  until = from;
  if (range[1]
      && (!wp_options_parse_positive (range[1], &until, error)
          || (range[2] && !wp_options_parse_positive (range[2], &step, error))))
    return FALSE;
  if (until < from)
    return fail (part, error, "the end is before the beginning");
  if (from < LEAST_SCALE || until > MAX_SCALE)
    return fail (part, error, "a scale is from 1e-9 to 1e9");
  n = floor ((until * (1 + 1e-12) - from) / step);
  if (n + values->len >= WP_SWEEP_MAX)
    return fail (part, error, "more than a million combinations");
  for (guint i = 0; i <= n; i++)
    {
      double value = nearbyint ((from + i * step) * 1e9) / 1e9; /* 1.1, not 1.1000000000000001 */

      g_array_append_val (values, value);
    }

  return TRUE;
}

static gboolean
parse_part (WpSweepSpec *self, const char *part, GError **error)
{
  const char *equals = strchr (part, '=');
  g_autofree char *name = equals ? g_strstrip (g_strndup (part, (gsize) (equals - part))) : g_strdup (part);
  g_auto (GStrv) range = g_strsplit (equals ? equals + 1 : "", ":", -1);
  GError *reason = NULL;
  gboolean parsed;

  if (!equals || !g_strv_contains (names, name))
    {
      const char *nearest = wp_options_nearest (name, names);

      return wp_fail (error, WP_ERROR_BAD_VALUE,
                      "\"%s\" is not workers=, queue=, scale= or service= and FROM:UNTIL:STEP%s%s%s", part,
                      !equals || !nearest ? "" : "; did you mean ", !equals || !nearest ? "" : nearest,
                      !equals || !nearest ? "" : "=?");
    }
  if (g_strv_length (range) < 1 || g_strv_length (range) > 3)
    return fail (part, error, "not a value, FROM:UNTIL or FROM:UNTIL:STEP");
  if (g_str_equal (name, "workers"))
    parsed = add_whole (self->workers, 1, range, part, &reason);
  else if (g_str_equal (name, "queue"))
    parsed = add_whole (self->queues, 0, range, part, &reason);
  else
    parsed = add_double (g_str_equal (name, "scale") ? self->scales : self->services, range, part, &reason);
  if (!parsed)
    g_propagate_prefixed_error (error, reason, "%s: ", name);

  return parsed;
}

WpSweepSpec *
wp_sweep_spec_parse (const char *text, GError **error)
{
  g_autoptr (WpSweepSpec) self = g_new (WpSweepSpec, 1);
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);
  double combinations;

  self->workers = g_array_new (FALSE, FALSE, sizeof (guint));
  self->queues = g_array_new (FALSE, FALSE, sizeof (guint));
  self->scales = g_array_new (FALSE, FALSE, sizeof (double));
  self->services = g_array_new (FALSE, FALSE, sizeof (double));
  if (!parts[0])
    return fail (text, error, "no range; write for example workers=1:64"), NULL;
  for (guint i = 0; parts[i]; i++)
    if (!parse_part (self, parts[i], error))
      return NULL;
  tidy (self->workers, compare_whole);
  tidy (self->queues, compare_whole);
  tidy (self->scales, compare_double);
  tidy (self->services, compare_double);
  combinations = (double) MAX (1, self->workers->len) * MAX (1, self->queues->len)
                 * MAX (1, self->scales->len) * MAX (1, self->services->len);
  if (combinations > WP_SWEEP_MAX)
    return fail (text, error, "more than a million combinations"), NULL;

  return g_steal_pointer (&self);
}

void
wp_sweep_spec_free (WpSweepSpec *self)
{
  g_array_unref (self->workers);
  g_array_unref (self->queues);
  g_array_unref (self->scales);
  g_array_unref (self->services);
  g_free (self);
}
