#include "runtime/engine/wp-engine-private.h"

#include <string.h>

#include "runtime/queue/wp-wakeup-batch.h"

WpPolicy
wp_engine_get_policy (WpEngine *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  return self->policy;
}

/* @resized: what the change of sizes did. */
static void
places_changed (WpEngine *self, WpResized *resized)
{
  for (guint i = 0; i < resized->admitted->len; i++)
    wp_engine_job_accepted (self, resized->admitted->pdata[i]);
  wp_engine_refuse_jobs (self, resized->expired);
  for (guint i = 0; i < resized->started->len; i++)
    wp_engine_serve (self, resized->started->pdata[i]);
  wp_resized_clear (resized);
  if (g_atomic_int_get (&self->recovers))
    wp_journal_resume (self->journal);
}

/* "workers from 4 to 8, queue from 10 to 20": what differs. */
static char *
format_change (const WpPolicy *from, const WpPolicy *to)
{
  g_autofree char *old = wp_policy_format_sizes (from), *new = wp_policy_format_sizes (to);
  g_auto (GStrv) before = g_strsplit (old, " ", -1), after = g_strsplit (new, " ", -1);
  GString *text = g_string_new (NULL);

  for (guint i = 0; before[i]; i++)
    if (!g_str_equal (before[i], after[i]))
      g_string_append_printf (text, "%s%.*s from %s to %s", text->len > 0 ? ", " : "",
                              (int) (strchr (before[i], '=') - before[i]), before[i],
                              strchr (before[i], '=') + 1, strchr (after[i], '=') + 1);
  return g_string_free (text, FALSE);
}

static void
resize_locked (WpEngine *self, WpResized *resized)
{
  g_autofree char *sizes = wp_policy_format_sizes (&self->policy);
  WpLayout layout;

  wp_policy_layout (&self->policy, &layout);
  /* first the time for requests that will be parked, last the timer for those that are */
  self->block_timeout_ns = layout.block_timeout_ns;
  wp_channel_resize (self->channel, layout.queue_jobs, layout.workers, layout.rejects,
                     layout.block_timeout_ns, resized);
  if (self->source)
    wp_engine_limit_source (self);
  if (self->recorder)
    wp_recorder_note_sizes (self->recorder, resized->at_ns, sizes);
}

void
wp_engine_resize (WpEngine *self, const char *by, const WpPolicy *policy, guint fields)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  g_autofree char *change = NULL;
  const WpPolicy before = self->policy;
  WpResized resized;

  g_return_if_fail (self->policy.mode != WP_MODE_DEFAULT);
  if (fields & WP_POLICY_WORKERS)
    self->policy.workers = policy->workers;
  if (fields & WP_POLICY_QUEUE)
    self->policy.queue_jobs = policy->queue_jobs;
  if (fields & WP_POLICY_WHEN_FULL)
    self->policy.when_full = policy->when_full;
  if (fields & WP_POLICY_BLOCK_TIMEOUT)
    self->policy.block_timeout_ns = policy->block_timeout_ns;
  change = format_change (&before, &self->policy);
  if (*change == '\0')
    return;
  g_message ("%s: %s", by, change);
  g_atomic_int_inc (&self->n_resizes);
  resize_locked (self, &resized);
  wp_wakeup_batch_hold ();
  places_changed (self, &resized);
  wp_wakeup_batch_release ();
  wp_engine_on_parked_timer (&self->parked_timer, self);
}

WpResizes
wp_engine_count_resizes (WpEngine *self)
{
  return (WpResizes){ g_atomic_int_get (&self->n_resizes), g_atomic_int_get (&self->n_refused_resizes) };
}

void
wp_engine_count_refused_resize (WpEngine *self)
{
  g_atomic_int_inc (&self->n_refused_resizes);
}
