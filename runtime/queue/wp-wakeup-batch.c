#include "runtime/queue/wp-wakeup-batch.h"

#define MAX_HELD 16 /* HTTP threads; further ones are woken at once */

static _Thread_local struct {
  guint depth, n;
  GSource *sources[MAX_HELD]; /* owned */
} held;

void
wp_wakeup_batch_hold (void)
{
  held.depth++;
}

void
wp_wakeup_batch_release (void)
{
  g_return_if_fail (held.depth > 0);
  if (--held.depth > 0)
    return;
  for (; held.n > 0; held.n--)
    {
      g_source_set_ready_time (held.sources[held.n - 1], 0);
      g_source_unref (held.sources[held.n - 1]);
    }
}

void
wp_wakeup_batch_add (GSource *source)
{
  if (held.depth == 0 || held.n == MAX_HELD)
    {
      g_source_set_ready_time (source, 0);
      return;
    }
  for (guint i = 0; i < held.n; i++)
    if (held.sources[i] == source)
      return;
  held.sources[held.n++] = g_source_ref (source);
}
