#include "sim/run/wp-snapshot.h"

void
wp_snapshot_init (WpSnapshot *self, gint64 at_ns, guint n_models)
{
  *self = (WpSnapshot){ .at_ns = at_ns, .n_models = n_models };
  for (guint i = 0; i < n_models; i++)
    self->states[i].oldest_ns = WP_TIME_NONE;
}

static gboolean
on_restart (gpointer sampler, GError **error)
{
  WpSnapshot *self = sampler;

  wp_snapshot_init (self, self->at_ns, self->n_models);

  return TRUE;
}

static gboolean
on_sample (gpointer sampler, guint model, gint64 now_ns, const WpState *state, GError **error)
{
  ((WpSnapshot *) sampler)->states[model] = *state;

  return TRUE;
}

const WpStateSampler wp_snapshot_sampler = { .restart = on_restart, .sample = on_sample };
