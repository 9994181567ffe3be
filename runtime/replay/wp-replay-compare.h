/* wp-replay-compare.h - `wp-replay compare A B`: two client records beside each other. */
#pragma once

#include "sim/base/wp-options.h"

/* @argv: of the program; argv[1] is "compare". FALSE with one line; --help exits. */
gboolean wp_replay_compare (char **argv, GError **error);

extern const WpCommandLine wp_replay_compare_command_line;
