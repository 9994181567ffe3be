/* wp-history-page.h - GET /history.json?period=5m|1h|1d[&since=UNIX_TIME] */
#pragma once

#include "runtime/engine/wp-engine.h"
#include "runtime/engine/wp-history.h"

/**
 * wp_history_page:
 * @query: with its "?", or empty
 *
 * Returns: (transfer full): the page; NULL with one line on the query
 */
char *wp_history_page (WpHistory *history, const WpPolicy *policy, const char *query, GError **error);
