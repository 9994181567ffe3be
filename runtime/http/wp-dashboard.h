/* wp-dashboard.h - the files of the operator's page (runtime/http/dashboard), in the program as a GResource.
 */
#pragma once

#include <libsoup/soup.h>

void wp_dashboard_setup (void);

/* FALSE: @path is not one of the page's. */
gboolean wp_dashboard_respond (SoupServerMessage *message, const char *path);
