/* wp-logged.h - before a run: recovers the service times of another server's log, whose response times
 * contain waiting. */
#pragma once

#include "sim/model/wp-logged-workers.h"
#include "sim/trace/wp-trace.h"

/* --logged-workers */
typedef enum {
  WP_LOGGED_BY_DEFAULT, /* as AUTO, where the trace has response times */
  WP_LOGGED_AUTO,
  WP_LOGGED_GIVEN, /* so many workers */
  WP_LOGGED_NONE   /* response times are service times */
} WpLoggedChoice;

typedef struct {
  WpLoggedChoice choice;
  guint workers; /* of GIVEN */
} WpLoggedOption;

/* N, auto or none; as a parse() of WpOption: @field is a WpLoggedOption. */
gboolean wp_logged_option_parse (gpointer field, const char *value, GError **error);

typedef struct {
  gboolean is_there; /* the trace has response times of requests that have no service */
  WpLoggedChoice choice;
  WpLoggedWorkers found;
  const char *path_column; /* of the trace's; NULL: none is known */
  gboolean are_ends;       /* it seems that its stamps, taken for arrivals, are of the ends of requests */
} WpLogged;

/**
 * wp_logged_apply:
 * @trace: not yet read from
 * @logged: (out): what was found
 *
 * Puts services into the place of the trace's response times: those that are recovered behind N workers, or
 * the response times themselves where nobody waited, or where it cannot be determined. Reads the trace, and
 * holds it in memory, unless the option is none.
 *
 * Returns: FALSE with what the trace's reader said, or with WP_ERROR_BAD_VALUE where the option was given and
 * the trace has no response times.
 */
gboolean wp_logged_apply (WpTrace *trace, const WpLoggedOption *option, WpLogged *logged, GError **error);

/* Are the workers that were given not those of the log, or not of all its requests? */
gboolean wp_logged_is_wrong (const WpLogged *logged);

/* Does nobody know the services, so that no sizes can be recommended? */
gboolean wp_logged_is_unknown (const WpLogged *logged);

/* A sentence on the result; to be freed. NULL: the trace has no response times, or the result is unknown. */
char *wp_logged_describe (const WpLogged *logged);

/* Where the result is unknown, or cannot be right, with the remedy; to be freed. NULL: there is nothing to
 * warn of. */
char *wp_logged_warn (const WpLogged *logged);
