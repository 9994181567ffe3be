/* wp-sequence.h - random requests in sequence on a connection: well formed and malformed, of all methods,
 * versions, framings and forms of target, with bodies and trailers that look like requests. They are drawn by
 * g_test_rand_int(). */
#pragma once

#include <glib.h>

/* Some requests, and a last one which asks for the end of the connection. No two of all sequences have the
 * same id. */
GString *wp_sequence_new (void);
