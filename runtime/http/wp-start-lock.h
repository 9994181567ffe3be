/* wp-start-lock.h - servers that start at the same moment take their turns: while one looks whether an
 * address is free, and takes it, no other does. The system cannot say so by itself: two sockets that are
 * bound, but do not listen yet, may share a port by SO_REUSEPORT. */
#pragma once

#include <glib.h>

/* @name: of the address, "port 8080" or a path. Waits for its turn, some seconds at most. Returns: a
 * descriptor to be closed, which ends the turn; -1 with WP_ERROR_IO. */
int wp_start_lock (const char *name, GError **error);
