/* wp-start-lock.h - a lock between servers that start at the same time, held while one checks that an address
 * is free and listens on it. It is needed because two sockets that are bound, but do not listen yet, can
 * share a port by SO_REUSEPORT. */
#pragma once

#include <glib.h>

/* @name: of the address, "port 8080" or a path. Waits up to 5 s. Returns: a descriptor, whose close releases
 * the lock; -1 with WP_ERROR_IO */
int wp_start_lock (const char *name, GError **error);
