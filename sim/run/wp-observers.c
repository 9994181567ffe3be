#include "sim/run/wp-observers.h"

gboolean
wp_observers_restart (const GArray *self, GError **error)
{
  for (guint i = 0; i < self->len; i++)
    {
      const WpWatcher *entry = &g_array_index (self, WpWatcher, i);

      if (!entry->functions->restart (entry->observer, error))
        return FALSE;
    }

  return TRUE;
}

gboolean
wp_observers_offer (const GArray *self, const WpBatch *batch, GError **error)
{
  for (guint i = 0; i < self->len; i++)
    {
      const WpWatcher *entry = &g_array_index (self, WpWatcher, i);

      if (!entry->functions->offer (entry->observer, batch, error))
        return FALSE;
    }

  return TRUE;
}

gboolean
wp_observers_finish (const GArray *self, GError **error)
{
  for (guint i = 0; i < self->len; i++)
    {
      const WpWatcher *entry = &g_array_index (self, WpWatcher, i);

      if (entry->functions->finish && !entry->functions->finish (entry->observer, error))
        return FALSE;
    }

  return TRUE;
}
