/* wp-uuid.h - keys for jobs without an id. */
#pragma once

#include <glib.h>

#define WP_UUID_BUFFER 37

/* A UUID of version 7 (RFC 9562, 5.7). It begins with the time in ms, so that successive keys are neighbours
 * in an index. Keys that one thread makes within one ms ascend (6.2, method 2). Any thread. Returns: @buffer.
 */
const char *wp_uuid_v7 (char buffer[WP_UUID_BUFFER]);
