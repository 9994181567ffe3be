/* wp-method-list.h - the methods that a trace may have: a replay must not repeat by accident the changes that
 * the recorded requests made. */
#pragma once

#include "runtime/replay/wp-request-template.h"
#include "runtime/replay/wp-schedule.h"

/* `"GET POST" is not a list of methods such as GET,HEAD,POST` */
gboolean wp_method_list_check (const char *text, GError **error);

/* @allowed: as typed; NULL: GET,HEAD. Rows without method and path are not looked at: all of theirs was
 * typed. FALSE with WP_ERROR_USAGE: the counts, and what to type. */
gboolean wp_method_list_allows (const char *allowed, const WpSchedule *schedule,
                                const WpRequestTemplate *template, GError **error);
