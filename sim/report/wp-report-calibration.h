/* wp-report-calibration.h - what a server's record teaches, as options of wp-sim. */
#pragma once

#include <glib.h>

/* @path: a record of wp-server. The whole text, or one JSON object; to be freed. NULL with what reading it
 * said. */
char *wp_report_calibration (const char *path, gboolean as_json, GError **error);
