/* wp-options.h - reads the command line and the configuration file by one table of options per program. */
#pragma once

#include <glib.h>

typedef enum {
  WP_OPTION_FLAG,    /* gboolean; a configuration says true or false */
  WP_OPTION_COUNT,   /* guint or guint64, from min to max: 10k is 10,000 and 2m is 2,000,000 */
  WP_OPTION_INTEGER, /* the same without k and m */
  WP_OPTION_SIZE,    /* guint64, bytes from min to max: 1k is 1024, 1m and 1g its powers */
  WP_OPTION_FACTOR,  /* double above 0 */
  WP_OPTION_SHARE,   /* double, 2% or 0.02, at most 1; above 0 with a min of 1 */
  WP_OPTION_TIME,    /* gint64, ns; above 0 with a min of 1 */
  WP_OPTION_TEXT,    /* char *, not empty; freed by wp_options_clear() */
  WP_OPTION_FILE,    /* a TEXT that a shell completes as a file name */
  WP_OPTION_CHOICE,  /* an enum: the index in names */
  WP_OPTION_OTHER    /* any field, by parse() */
} WpOptionKind;

typedef struct {
  const char *name; /* the long name without dashes; NULL ends a table */
  char letter;      /* 0: none */
  WpOptionKind kind;
  const char *argument; /* the name of its value in --help and the man page; NULL for a flag */
  gsize offset;         /* of the field, see WP_FIELD() */
  gsize size;
  const char *help; /* NULL: an old name, which works but is hidden */
  guint64 min, max;
  gboolean or_none;         /* TIME, TEXT: "none" is WP_TIME_NONE, NULL */
  const char *const *names; /* CHOICE: NULL-terminated, matched in any letter case */
  const char *what;         /* CHOICE: "a mode", for the message, or NULL */
  guint given;              /* bits for the group's given */
  gboolean (*check) (const char *value, GError **error);                 /* TEXT: or NULL */
  gboolean (*parse) (gpointer field, const char *value, GError **error); /* OTHER */
} WpOption;

/* The initialisers of offset and size. */
#define WP_FIELD(type, member) G_STRUCT_OFFSET (type, member), sizeof (((type *) NULL)->member)

typedef struct {
  const char *title; /* in --help; NULL continues the previous group */
  const WpOption *options;
  gsize offset; /* of the struct with the fields, in the program's struct */
  gsize given;  /* in that struct, a guint that collects the bits of the options that were set; 0: none */
} WpOptionGroup;

typedef struct _WpCommandLine WpCommandLine;

struct _WpCommandLine {
  const char *parameters;      /* parameters in the usage line, e.g. "TRACE URL"; NULL: none */
  const char *summary;         /* a paragraph for --help */
  const WpOptionGroup *groups; /* ended by one without options */
  const char *subcommand_name; /* with options of its own as a first word; NULL: none */
  const WpCommandLine *subcommand;
};

/**
 * wp_options_parse:
 * @data: the program's struct of options
 * @argv: NULL-terminated, starting with the program's name; outlives the result
 *
 * --help, --version and --completion=SHELL print and exit, with wp_process_end().
 * Returns: (transfer container): the words that are not options, NULL-terminated; NULL with one line that
 * names the option, and for an unknown option the nearest known one
 */
char **wp_options_parse (const WpCommandLine *self, gpointer data, char *const *argv, GError **error);

/**
 * wp_options_load:
 * @path: a file of lines `key = value`, where key is a long option's name; # begins a comment, blank lines
 * and a byte order mark are ignored
 * To give the command line precedence, parse it again after loading.
 *
 * Returns: FALSE with `wp.conf:12: queue: "abc" is not a number`
 */
gboolean wp_options_load (const WpCommandLine *self, gpointer data, const char *path, GError **error);

/* Sets one option by its long name; @value: NULL for a flag on a command line. FALSE with WP_ERROR_BAD_VALUE,
 * which does not name the option. */
gboolean wp_options_set (const WpOptionGroup *groups, gpointer data, const char *name, const char *value,
                         GError **error);

/* Frees the texts. */
void wp_options_clear (const WpCommandLine *self, gpointer data);

/* Prints "PROGRAM: message" on standard error, in one line (see wp-text.h); returns the exit status of bad
 * input, 2. */
int wp_options_fail (const GError *error);

/* Returns @text without the byte order mark that some editors put first. */
char *wp_options_skip_bom (char *text);

/* Do both names refer to one existing file? NULL and "-" refer to none. */
gboolean wp_options_same_file (const char *a, const char *b);

/* The first of @paths (NULL-terminated) that is the file of one before it, "-" too; or NULL. */
const char *wp_options_find_repeated (const char *const *paths);

/* The name of @names (NULL-terminated) nearest to @typed, or NULL if none is near. Any letter case. */
const char *wp_options_nearest (const char *typed, const char *const *names);

/* Parses a whole decimal number without sign or blanks in [min, max]; else WP_ERROR_BAD_VALUE `"x" is not a
 * number from MIN to MAX`. */
gboolean wp_options_parse_uint (const char *text, guint64 min, guint64 max, guint64 *value, GError **error);

/* The same with suffixes: 10k is 10,000 and 2m is 2,000,000, in either letter case. */
gboolean wp_options_parse_count (const char *text, guint64 min, guint64 max, guint64 *value, GError **error);

/* Parses a finite decimal > 0, with a point in every locale; else WP_ERROR_BAD_VALUE. */
gboolean wp_options_parse_positive (const char *text, double *value, GError **error);

/* Parses a share in percent ("2%") or as a number of at most 1: a bare 2 for 2 % is WP_ERROR_BAD_VALUE. */
gboolean wp_options_parse_share (const char *text, gboolean may_be_zero, double *share, GError **error);

/* --help, --version and --completion, which every program has; a group without options ends the array. */
extern const WpOptionGroup wp_options_own_groups[];

char *wp_options_format_help (const WpCommandLine *self);

typedef enum { WP_SHELL_BASH, WP_SHELL_ZSH, WP_SHELL_FISH } WpShell;

extern const char *const wp_shell_names[]; /* by WpShell; NULL-terminated */

/* Returns: (transfer full): a script that completes options, names of choices, files, and behind a
 * subcommand's name its options. */
char *wp_options_format_completion (const WpCommandLine *self, WpShell shell);
