/* wp-module.h - parts of the server that are loaded where they are needed, with the libraries that they
 * bring. */
#pragma once

#include <glib.h>

/**
 * wp_module_load:
 * @file: a name that the loader finds: a system library's, or that of a module of ours, which is beside the
 * program or where its RUNPATH says
 * @symbol: what is wanted of it
 *
 * It stays until the program ends. Any thread.
 *
 * Returns: (nullable): NULL with WP_ERROR_IO
 */
gpointer wp_module_load (const char *file, const char *symbol, GError **error);
