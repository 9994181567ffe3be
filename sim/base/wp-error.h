/* wp-error.h - kinds of errors in a user's input. A message is one line with the place and the problem. */
#pragma once

#include <glib.h>

#define WP_ERROR (g_quark_from_static_string ("wp-error-quark"))

typedef enum {
  WP_ERROR_USAGE,       /* an option, alone or beside another */
  WP_ERROR_BAD_VALUE,   /* a text that is not a number, time, expression, ... */
  WP_ERROR_BAD_TRACE,   /* "FILE:LINE: column "arrival": "abc" is not a time" */
  WP_ERROR_IO,          /* a file, socket or database that can't be opened, read or written */
  WP_ERROR_DOWN,        /* a database server that does not answer, and may answer later */
  WP_ERROR_INTERRUPTED, /* Ctrl-C */
  WP_ERROR_INTERNAL     /* a defect of the program, not of its input */
} WpErrorCode;

/* Sets @error, with a format and its arguments. FALSE, so that a check can end with it. */
#define wp_fail(error, code, ...) (g_set_error (error, WP_ERROR, code, __VA_ARGS__), FALSE)
