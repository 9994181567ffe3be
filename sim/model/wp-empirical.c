#include "sim/model/wp-empirical.h"

#include "sim/base/wp-error.h"
#include "sim/stats/wp-random-inline.h"
#include "sim/trace/wp-trace.h"

struct _WpEmpirical {
  GArray *values_ns;   /* (element-type gint64), in the file's order */
};

static gboolean
add (GArray *values_ns, const char *file, const WpRow *rows, gsize n_rows, GError **error)
{
  for (gsize i = 0; i < n_rows; i++)
    {
      gint64 service_ns;

      if (rows[i].finished_ns == WP_TIME_NONE || rows[i].started_ns == WP_TIME_NONE)
        continue;
      if (rows[i].finished_ns < rows[i].started_ns)
        {
          g_set_error (error, WP_ERROR, WP_ERROR_BAD_TRACE, "%s: a request was finished before it was started", file);
          return FALSE;
        }
      service_ns = rows[i].finished_ns - rows[i].started_ns;
      g_array_append_val (values_ns, service_ns);
    }

  return TRUE;
}

WpEmpirical *
wp_empirical_load (const char *file, GError **error)
{
  g_autoptr(WpTrace) trace = wp_trace_open (file, NULL, error);
  g_autoptr(WpEmpirical) self = NULL;
  const WpRow *rows;
  gsize n_rows;

  if (!trace || !(rows = wp_trace_load (trace, &n_rows, error)))
    return NULL;
  self = g_new0 (WpEmpirical, 1);
  self->values_ns = g_array_new (FALSE, FALSE, sizeof (gint64));
  if (!add (self->values_ns, file, rows, n_rows, error))
    return NULL;
  if (self->values_ns->len > 0)
    return g_steal_pointer (&self);
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_TRACE, "%s: no row has both \"started\" and \"finished\", so there is no service to draw from", file);

  return NULL;
}

void
wp_empirical_free (WpEmpirical *self)
{
  g_array_unref (self->values_ns);
  g_free (self);
}

gint64
wp_empirical_draw (const WpEmpirical *self, WpRandom *random)
{
  return g_array_index (self->values_ns, gint64, wp_random_below (random, self->values_ns->len));
}

void
wp_empirical_moments (const WpEmpirical *self, double *mean_ns, double *cv2)
{
  double sum = 0, squares = 0, n = self->values_ns->len;

  for (guint i = 0; i < self->values_ns->len; i++)
    sum += (double) g_array_index (self->values_ns, gint64, i);
  *mean_ns = sum / n;
  for (guint i = 0; i < self->values_ns->len; i++)
    {
      double off_ns = (double) g_array_index (self->values_ns, gint64, i) - *mean_ns;

      squares += off_ns * off_ns;
    }
  *cv2 = *mean_ns > 0 ? squares / n / (*mean_ns * *mean_ns) : 0;
}
