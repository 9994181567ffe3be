/* wp-uuid.h - names for jobs that came without one. */
#pragma once

#include <glib.h>

#define WP_UUID_BUFFER 37

/* A UUID of version 7 (RFC 9562, 5.7): the time in ms first, so that keys made one after another lie side by
 * side in an index. Those that one thread makes in one ms ascend (6.2, method 2): they are appended to it.
 * Any thread. Returns @buffer. */
const char *wp_uuid_v7 (char buffer[WP_UUID_BUFFER]);
