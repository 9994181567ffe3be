/* wp-option.h - the options of a program as rows of tables, which wp-options.h reads and wp-options-help.h
 * prints. */
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

typedef struct {
  const char *parameters;      /* parameters in the usage line, e.g. "TRACE URL"; NULL: none */
  const char *summary;         /* a paragraph for --help */
  const WpOptionGroup *groups; /* ended by one without options */
} WpCommandLine;
