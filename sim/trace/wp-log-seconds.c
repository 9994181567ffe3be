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
  guint before;   /* lines of earlier files in the first second */
  guint after;    /* and of later files in the last one */
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

static const Stamp *
stamp_at (const WpLogSeconds *self, guint i)
{
  return &g_array_index (self->stamps, Stamp, i);
}

static const Stamp *
last_stamp (const WpLogSeconds *self)
{
  return stamp_at (self, self->stamps->len - 1);
}

/* By the first second, then by the last. */
static int
compare_spans (gconstpointer a, gconstpointer b)
{
  const WpLogSeconds *one = *(WpLogSeconds *const *) a, *two = *(WpLogSeconds *const *) b;
  gint64 first = stamp_at (one, 0)->second, second = stamp_at (two, 0)->second;

  if (first == second)
    {
      first = last_stamp (one)->second;
      second = last_stamp (two)->second;
    }

  return (first > second) - (first < second);
}

static gboolean
share_second (const WpLogSeconds *earlier, const WpLogSeconds *later)
{
  return last_stamp (earlier)->second == stamp_at (later, 0)->second;
}

void
wp_log_seconds_share (GPtrArray *files)
{
  g_ptr_array_sort (files, compare_spans);
  for (guint i = 1; i < files->len; i++)
    {
      const WpLogSeconds *earlier = files->pdata[i - 1];
      WpLogSeconds *later = files->pdata[i];

      if (share_second (earlier, later))
        later->before = last_stamp (earlier)->n + (earlier->stamps->len == 1 ? earlier->before : 0);
    }
  for (guint i = files->len; i-- > 1;)
    {
      WpLogSeconds *earlier = files->pdata[i - 1];
      const WpLogSeconds *later = files->pdata[i];

      if (share_second (earlier, later))
        earlier->after = stamp_at (later, 0)->n + (later->stamps->len == 1 ? later->after : 0);
    }
}

gint64
wp_log_seconds_next (WpLogSeconds *self, gint64 second)
{
  Stamp wanted = { second, 0, 0 };
  guint64 given, n;
  Stamp *stamp;

  if (self->at + 1 < self->stamps->len && g_array_index (self->stamps, Stamp, self->at + 1).second == second)
    self->at++;
  else if ((self->at >= self->stamps->len || g_array_index (self->stamps, Stamp, self->at).second != second)
           && !g_array_binary_search (self->stamps, &wanted, wp_time_compare, &self->at))
    return -1;
  stamp = &g_array_index (self->stamps, Stamp, self->at);
  if (stamp->given == stamp->n)
    return -1;
  given = (guint64) stamp->given++ + (self->at == 0 ? self->before : 0);
  n = (guint64) stamp->n + (self->at == 0 ? self->before : 0)
      + (self->at + 1 == self->stamps->len ? self->after : 0);

  return (gint64) ((2 * given + 1) * (guint64) WP_NS_PER_S / (2 * n));
}

gboolean
wp_log_seconds_is_crowded (const WpLogSeconds *self)
{
  for (guint i = 0; i < self->stamps->len; i++)
    if (g_array_index (self->stamps, Stamp, i).n > 1)
      return TRUE;

  return self->before > 0 || self->after > 0;
}
