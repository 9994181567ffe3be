/* wp-status-set.h - a set of HTTP statuses, as typed: "200-399,429,503". */
#pragma once

#include <glib.h>

#define WP_STATUSES 1000

/* A plain value. */
typedef struct {
  gboolean has[WP_STATUSES];
} WpStatusSet;

/* FALSE with WP_ERROR_BAD_VALUE: `"2xx" is not a list of statuses such as 200-399,429,503`. */
gboolean wp_status_set_parse (WpStatusSet *self, const char *text, GError **error);
