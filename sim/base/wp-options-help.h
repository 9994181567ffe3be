/* wp-options-help.h - prints a program's options: --help, and the completion script for a shell. */
#pragma once

#include "sim/base/wp-option.h"

/* --help, --version and --completion, which every program has; a group without options ends the array. */
extern const WpOptionGroup wp_options_own_groups[];

char *wp_options_format_help (const WpCommandLine *self);

/* A script for bash that completes options, names of choices, and files. */
char *wp_options_format_completion (const WpCommandLine *self);
