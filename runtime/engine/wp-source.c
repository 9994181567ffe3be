#include "runtime/engine/wp-source.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-process.h"

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

WpSource *
wp_source_open (const char *spec, const WpDatabaseOptions *options, guint prefetch, GError **error)
{
  const WpSourceClass *class = find_class (spec, error);
  WpSource *self = class ? class->open (spec, options, prefetch, error) : NULL;

  if (self)
    self->class = class;
  return self;
}
