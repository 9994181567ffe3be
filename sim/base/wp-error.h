/* wp-error.h - kinds of errors in a user's input. A message is one line that says where and what. */
#pragma once

#include <glib.h>

#define WP_ERROR (wp_error_quark ())
GQuark wp_error_quark (void);

typedef enum {
  WP_ERROR_USAGE,       /* an option, alone or beside another */
  WP_ERROR_BAD_VALUE,   /* a text that is not a number, time, expression, ... */
  WP_ERROR_BAD_TRACE,   /* "FILE:LINE: column "arrival": "abc" is not a time" */
  WP_ERROR_IO,          /* a file, socket or database that can't be opened, read or written */
  WP_ERROR_DOWN,        /* a database server that does not answer, and may answer later */
  WP_ERROR_INTERRUPTED, /* Ctrl-C */
  WP_ERROR_INTERNAL     /* a defect of the program, not of its input */
} WpErrorCode;
