#include "runtime/secure/wp-module.h"

#include <dlfcn.h>

#include "sim/base/wp-error.h"

gpointer
wp_module_load (const char *file, const char *symbol, GError **error)
{
  void *module = dlopen (file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  gpointer found = module ? dlsym (module, symbol) : NULL;

  if (!found)
    g_set_error (error, WP_ERROR, WP_ERROR_IO, "cannot load %s: %s", file, dlerror ());
  return found;
}
