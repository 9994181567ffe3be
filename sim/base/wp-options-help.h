/* wp-options-help.h - what a program prints of its options: for people, and for a shell. */
#pragma once

#include "sim/base/wp-option.h"

/* --help, --version and --completion, which every program has, ended by one without options. */
extern const WpOptionGroup wp_options_own_groups[];

char *wp_options_format_help (const WpCommandLine *self);

/* A script for bash, which completes the options, the names of choices, and files. */
char *wp_options_format_completion (const WpCommandLine *self);
