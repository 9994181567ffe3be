#include "sim/plan/wp-points.h"

struct _WpPoints {
  GHashTable *figures;   /* (element-type guint64 WpFigures): NULL: lost */
};

static guint64
key_of (guint workers, guint queue_jobs)
{
  return (guint64) workers << 32 | queue_jobs;
}

WpPoints *
wp_points_new (void)
{
  WpPoints *self = g_new0 (WpPoints, 1);

  self->figures = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);

  return self;
}

void
wp_points_free (WpPoints *self)
{
  g_hash_table_unref (self->figures);
  g_free (self);
}

void
wp_points_put (WpPoints *self, guint workers, guint queue_jobs, const WpFigures *figures)
{
  guint64 key = key_of (workers, queue_jobs);

  g_hash_table_replace (self->figures, g_memdup2 (&key, sizeof key), figures ? g_memdup2 (figures, sizeof *figures) : NULL);
}

gboolean
wp_points_find (const WpPoints *self, guint workers, guint queue_jobs, const WpFigures **figures)
{
  guint64 key = key_of (workers, queue_jobs);

  return g_hash_table_lookup_extended (self->figures, &key, NULL, (gpointer *) figures);
}
