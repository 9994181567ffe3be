#include "runtime/engine/wp-source.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-process.h"

#define MAX_PREFETCH 65535u /* of AMQP */

static const WpSourceClass *
find_class (const char *spec, GError **error)
{
  gsize shown = strcspn (spec, ":=@?"); /* the rest may be a password */

  if (g_str_has_prefix (spec, "amqp://") || g_str_has_prefix (spec, "amqps://"))
    return wp_module_load ("wp-amqp.so", "wp_amqp_source_class", error);
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE,
               "\"%.*s%s\" is not a shared queue: amqp://HOST?queue=NAME", (int) shown, spec,
               spec[shown] ? "..." : "");
  return NULL;
}

gboolean
wp_source_check (const char *spec, GError **error)
{
  const WpSourceClass *class = find_class (spec, error);

  return class && class->check (spec, error);
}

guint
wp_source_prefetch (const WpPolicy *policy)
{
  return (guint) MIN ((guint64) policy->workers + policy->queue_jobs, MAX_PREFETCH);
}

gboolean
wp_source_check_sizes (const WpPolicy *policy, GError **error)
{
  return (guint64) policy->workers + policy->queue_jobs <= MAX_PREFETCH
         || wp_fail (
             error, WP_ERROR_USAGE,
             "--workers and --queue are over %u, the most jobs that a server can hold of a shared queue",
             MAX_PREFETCH);
}

WpSource *
wp_source_open (const char *spec, const WpDatabaseOptions *options, GError **error)
{
  const WpSourceClass *class = find_class (spec, error);
  WpSource *self = class ? class->open (spec, options, error) : NULL;

  if (self)
    self->class = class;
  return self;
}
