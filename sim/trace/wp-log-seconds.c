#include "sim/trace/wp-log-seconds.h"

#include "sim/base/wp-time.h"

#define MIN_MERGE 4096

typedef struct {
  gint64 second;
  guint32 n, given;
} Stamp;

struct _WpLogSeconds {
  GArray *stamps; /* of Stamp: one for each run of lines, until they are merged in order of time */
  guint merged;   /* so many are */
  guint at;       /* where the last line's stamp was */
};

WpLogSeconds *
wp_log_seconds_new (void)
{
  WpLogSeconds *self = g_new0 (WpLogSeconds, 1);

  self->stamps = g_array_new (FALSE, FALSE, sizeof (Stamp));

  return self;
}

void
wp_log_seconds_free (WpLogSeconds *self)
{
  g_array_unref (self->stamps);
  g_free (self);
}

static void
merge (WpLogSeconds *self)
{
  Stamp *stamps = (Stamp *) self->stamps->data;
  guint n = 0;

  g_array_sort (self->stamps, wp_time_compare);
  for (guint i = 0; i < self->stamps->len; i++)
    if (n > 0 && stamps[n - 1].second == stamps[i].second)
      stamps[n - 1].n += stamps[i].n;
    else
      stamps[n++] = stamps[i];
  g_array_set_size (self->stamps, n);
  self->merged = n;
}

void
wp_log_seconds_count (WpLogSeconds *self, gint64 second)
{
  guint n = self->stamps->len;
  Stamp stamp = { second, 1, 0 };

  if (n > 0 && g_array_index (self->stamps, Stamp, n - 1).second == second)
    {
      g_array_index (self->stamps, Stamp, n - 1).n++;
      return;
    }
  if (n >= MAX (MIN_MERGE, 2 * self->merged)) /* lines out of order have many runs of few seconds */
    merge (self);
  g_array_append_val (self->stamps, stamp);
}

void
wp_log_seconds_restart (WpLogSeconds *self)
{
  merge (self);
  self->at = 0;
  for (guint i = 0; i < self->stamps->len; i++)
    g_array_index (self->stamps, Stamp, i).given = 0;
}

gint64
wp_log_seconds_next (WpLogSeconds *self, gint64 second)
{
  Stamp wanted = { second, 0, 0 };
  Stamp *stamp;

  if (self->at + 1 < self->stamps->len && g_array_index (self->stamps, Stamp, self->at + 1).second == second)
    self->at++;
  else if ((self->at >= self->stamps->len || g_array_index (self->stamps, Stamp, self->at).second != second)
           && !g_array_binary_search (self->stamps, &wanted, wp_time_compare, &self->at))
    return -1;
  stamp = &g_array_index (self->stamps, Stamp, self->at);
  if (stamp->given == stamp->n)
    return -1;

  return (gint64) ((2 * (guint64) stamp->given++ + 1) * (guint64) WP_NS_PER_S / (2 * (guint64) stamp->n));
}

gboolean
wp_log_seconds_is_crowded (const WpLogSeconds *self)
{
  for (guint i = 0; i < self->stamps->len; i++)
    if (g_array_index (self->stamps, Stamp, i).n > 1)
      return TRUE;

  return FALSE;
}
