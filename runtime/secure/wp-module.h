/* wp-module.h - loads modules of the server and system libraries only when they are needed. */
#pragma once

#include <glib.h>

/**
 * wp_module_load:
 * @file: a system library, or a module of ours, which is beside the program or in its RUNPATH
 * @symbol: the symbol to return
 *
 * The module stays loaded until the program ends. Any thread.
 *
 * Returns: (nullable): NULL with WP_ERROR_IO
 */
gpointer wp_module_load (const char *file, const char *symbol, GError **error);
