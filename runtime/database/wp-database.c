#include "runtime/database/wp-database.h"

#include <string.h>

#include "sim/base/wp-process.h"
#include "sim/base/wp-error.h"

/* Without a class it is in a module, with the class of that symbol. */
typedef struct {
  const char *scheme; /* of SCHEME:LOCATION */
  const char *form;   /* for messages; NULL: an other name of the one before */
  const WpDatabaseClass *class;
  const char *module, *symbol;
  gboolean is_queue; /* a shared queue, whose location has the scheme too */
} Kind;

static const Kind kinds[] = {
  { "sqlite", "sqlite:FILE", &wp_sqlite_database_class, NULL, NULL },
  { "postgresql", "postgresql://...", NULL, "wp-postgresql.so", "wp_postgresql_database_class" },
  { "postgres", NULL, NULL, "wp-postgresql.so", "wp_postgresql_database_class" },
  { "amqp", "amqp://...", NULL, "wp-amqp.so", "wp_amqp_database_class", TRUE },
  { "amqps", NULL, NULL, "wp-amqp.so", "wp_amqp_database_class", TRUE },
  { "delay", "delay:TIME or delay:request", &wp_delay_database_class, NULL, NULL },
};

static char *
known_forms (void)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].form)
      g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", kinds[i].form);
  return g_string_free (text, FALSE);
}

/* The rest may be a password. */
static gboolean
fail_unknown (const char *spec, GError **error)
{
  g_autofree char *forms = known_forms ();
  gsize shown = strcspn (spec, ":=@?");

  return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%.*s%s\" is not a database: %s", (int) shown, spec,
                  spec[shown] ? "..." : "", forms);
}

static const Kind *
find_kind (const char *spec)
{
  const char *colon = strchr (spec, ':');

  for (guint i = 0; colon && i < G_N_ELEMENTS (kinds); i++)
    if (strlen (kinds[i].scheme) == (gsize) (colon - spec) && g_str_has_prefix (spec, kinds[i].scheme))
      return &kinds[i];
  return NULL;
}

/* @location: (out): points into @spec */
static const WpDatabaseClass *
find_class (const char *spec, const char **location, GError **error)
{
  const Kind *kind = find_kind (spec);

  if (!kind)
    {
      fail_unknown (spec, error);
      return NULL;
    }
  *location = kind->is_queue ? spec : strchr (spec, ':') + 1;
  return kind->class ? kind->class : wp_module_load (kind->module, kind->symbol, error);
}

gboolean
wp_database_is_queue (const char *spec)
{
  const Kind *kind = find_kind (spec);

  return kind && kind->is_queue;
}

gboolean
wp_database_check (const char *spec, GError **error)
{
  const char *location;
  const WpDatabaseClass *class = find_class (spec, &location, error);

  return class && class->check (location, error);
}

WpDatabase *
wp_database_open (const char *spec, const WpDatabaseOptions *options, WpClock *clock, GError **error)
{
  const char *location;
  const WpDatabaseClass *class = find_class (spec, &location, error);
  WpDatabase *self
      = class && class->check (location, error) ? class->open (location, options, clock, error) : NULL;

  if (self)
    {
      self->class = class;
      self->retry_for_ns = WP_TIME_NONE;
    }
  return self;
}

char *
wp_database_init (const char *spec, const WpDatabaseOptions *options, GError **error)
{
  const char *location;
  const WpDatabaseClass *class = find_class (spec, &location, error);

  if (!class || class->init)
    return class ? class->init (location, options, error) : NULL;
  g_set_error (error, WP_ERROR, WP_ERROR_USAGE, "%s needs no --init-database", spec);
  return NULL;
}

char *
wp_database_describe (const char *spec)
{
  const char *location;
  const WpDatabaseClass *class = find_class (spec, &location, NULL);

  return class && class->describe ? class->describe (location) : g_strdup (spec);
}

void
wp_database_free (WpDatabase *self)
{
  self->class->free (self);
}

void
wp_database_on_done (WpDatabase *self, WpDatabaseDone done, gpointer data)
{
  self->done = done;
  self->done_data = data;
}

gboolean
wp_database_update (WpDatabase *self, WpJob *job)
{
  return self->class->update (self, job);
}

void
wp_database_check_files (WpDatabase *self)
{
  if (self->class->check_files)
    self->class->check_files (self);
}

gint64
wp_database_down_since (const WpDatabase *self)
{
  gint64 down_ns = self->down_ns;

  return down_ns == 0 ? WP_TIME_NONE : down_ns;
}

static GMutex reasons; /* guards down_reason of all databases: it is rarely used */

char *
wp_database_down_reason (WpDatabase *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&reasons);

  return g_strdup (self->down_reason);
}

void
wp_database_set_down_reason (WpDatabase *self, const char *reason)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&reasons);

  g_strlcpy (self->down_reason, reason, sizeof self->down_reason);
}

void
wp_database_set_down (WpDatabase *self, gint64 since_ns)
{
  self->down_ns = since_ns == WP_TIME_NONE ? 0 : since_ns;
}
