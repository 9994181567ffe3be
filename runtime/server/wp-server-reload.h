/* wp-server-reload.h - SIGHUP reads the configuration again: other sizes take effect, all else needs a
 * restart. */
#pragma once

#include "runtime/server/wp-server-options.h"

/**
 * wp_server_reload:
 * @options: as they were read last; gets the new sizes
 * @argv: the command line, which still wins over the configuration
 * @memory_bytes: as for wp_server_options_set_memory_defaults()
 *
 * Sizes that are not changed in the configuration stay as a client of the admin listener may have set them
 * meanwhile. The result is logged; with a configuration that is not valid nothing is changed.
 */
void wp_server_reload (WpServerOptions *options, char **argv, guint64 memory_bytes, WpEngine *engine);
