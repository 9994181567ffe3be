#include "sim/run/wp-observers.h"

typedef struct {
  const WpObserver *functions;
  gpointer observer;
} Entry;

struct _WpObservers {
  GArray *entries; /* (element-type Entry) */
};

WpObservers *
wp_observers_new (void)
{
  WpObservers *self = g_new0 (WpObservers, 1);

  self->entries = g_array_new (FALSE, FALSE, sizeof (Entry));

  return self;
}

void
wp_observers_free (WpObservers *self)
{
  g_array_unref (self->entries);
  g_free (self);
}

void
wp_observers_add (WpObservers *self, const WpObserver *functions, gpointer observer)
{
  Entry entry = { functions, observer };

  g_array_append_val (self->entries, entry);
}

gboolean
wp_observers_restart (WpObservers *self, GError **error)
{
  for (guint i = 0; i < self->entries->len; i++)
    {
      const Entry *entry = &g_array_index (self->entries, Entry, i);

      if (!entry->functions->restart (entry->observer, error))
        return FALSE;
    }

  return TRUE;
}

gboolean
wp_observers_offer (WpObservers *self, const WpBatch *batch, GError **error)
{
  for (guint i = 0; i < self->entries->len; i++)
    {
      const Entry *entry = &g_array_index (self->entries, Entry, i);

      if (!entry->functions->offer (entry->observer, batch, error))
        return FALSE;
    }

  return TRUE;
}

gboolean
wp_observers_finish (WpObservers *self, GError **error)
{
  for (guint i = 0; i < self->entries->len; i++)
    {
      const Entry *entry = &g_array_index (self->entries, Entry, i);

      if (entry->functions->finish && !entry->functions->finish (entry->observer, error))
        return FALSE;
    }

  return TRUE;
}
