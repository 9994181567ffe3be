#include "runtime/database/wp-database.h"

#include <string.h>

#include "sim/base/wp-error.h"

static const WpDatabaseClass *const classes[] = { &wp_sqlite_database_class, &wp_delay_database_class };

static char *
known_forms (void)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", classes[i]->form);
  return g_string_free (text, FALSE);
}

/* @location: (out): points into @spec */
static const WpDatabaseClass *
find_class (const char *spec, const char **location, GError **error)
{
  g_autofree char *forms = known_forms ();
  const char *colon = strchr (spec, ':');

  for (guint i = 0; colon && i < G_N_ELEMENTS (classes); i++)
    if (strlen (classes[i]->scheme) == (gsize) (colon - spec) && g_str_has_prefix (spec, classes[i]->scheme))
      {
        *location = colon + 1;
        return classes[i];
      }
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not a database: %s", spec, forms);
  return NULL;
}

gboolean
wp_database_check (const char *spec, GError **error)
{
  const char *location;
  const WpDatabaseClass *class = find_class (spec, &location, error);

  return class && class->check (location, error);
}

WpDatabase *
wp_database_open (const char *spec, WpClock *clock, GError **error)
{
  const char *location;
  const WpDatabaseClass *class = find_class (spec, &location, error);
  WpDatabase *self = class && class->check (location, error) ? class->open (location, clock, error) : NULL;

  if (self)
    {
      self->class = class;
      self->retry_for_ns = WP_TIME_NONE;
    }
  return self;
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

void
wp_database_set_down (WpDatabase *self, gint64 since_ns)
{
  self->down_ns = since_ns == WP_TIME_NONE ? 0 : since_ns;
}
