#include "runtime/server/wp-server-reload.h"

#include "sim/base/wp-text.h"

/* The WpPolicyField bits of the sizes that differ, of those that the mode uses. The policy for a full queue
 * changes as a whole. */
static guint
changed_sizes (const WpPolicy *before, const WpPolicy *now)
{
  guint fields = 0;

  if (before->workers != now->workers && wp_policy_uses (before, WP_POLICY_WORKERS))
    fields |= WP_POLICY_WORKERS;
  if (before->queue_jobs != now->queue_jobs && wp_policy_uses (before, WP_POLICY_QUEUE))
    fields |= WP_POLICY_QUEUE;
  if ((before->when_full != now->when_full || before->block_timeout_ns != now->block_timeout_ns)
      && wp_policy_uses (before, WP_POLICY_WHEN_FULL))
    fields |= WP_POLICY_WHEN_FULL | WP_POLICY_BLOCK_TIMEOUT;
  return fields;
}

static void
take_sizes (WpServerOptions *options, const WpServerOptions *fresh, WpEngine *engine)
{
  guint fields = changed_sizes (&options->policy, &fresh->policy);

  if (fields != 0)
    wp_engine_resize (engine, "SIGHUP", &fresh->policy, fields);
  options->policy.workers = fresh->policy.workers;
  options->policy.queue_jobs = fresh->policy.queue_jobs;
  options->policy.when_full = fresh->policy.when_full;
  options->policy.block_timeout_ns = fresh->policy.block_timeout_ns;
}

void
wp_server_reload (WpServerOptions *options, char **argv, guint64 memory_bytes, WpEngine *engine)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) names = NULL;
  WpServerOptions fresh;
  gboolean is_valid = wp_server_options_read (&fresh, options->file_limit, argv, &error);

  if (is_valid)
    {
      wp_server_options_set_memory_defaults (&fresh, memory_bytes);
      names = wp_server_options_compare (options, &fresh);
      for (guint i = 0; i < names->len; i++)
        g_message ("%s: %s needs a restart", options->config, (const char *) names->pdata[i]);
      take_sizes (options, &fresh, engine);
    }
  else
    {
      g_autofree char *reason = wp_text_escape (error->message);

      g_warning ("the configuration was not reloaded: %s", reason);
      wp_engine_count_refused_resize (engine);
    }
  wp_server_options_clear (&fresh);
}
