#include "runtime/http/wp-soup-load.h"

#include "runtime/secure/wp-module.h"

const WpSoupClass *
wp_soup_load (GError **error)
{
  static gsize found;

  if (&wp_soup_class)
    return &wp_soup_class;
  if (!g_atomic_pointer_get (&found))
    g_atomic_pointer_set (&found, (gsize) wp_module_load ("wp-soup.so", "wp_soup_class", error));
  return (const WpSoupClass *) g_atomic_pointer_get (&found);
}
