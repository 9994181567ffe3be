/* wp-replay-compare.h - `wp-replay compare A B`: two client records beside each other. */
#pragma once

#include <glib.h>

/* @argv: of the program; argv[1] is "compare". FALSE with one line; --help exits. */
gboolean wp_replay_compare (char **argv, GError **error);
