/* wp-report-calibration.h - the report of --calibrate: costs fitted to a record, as options of wp-sim. */
#pragma once

#include <glib.h>

/* @path: a record of wp-server. Returns text or one JSON object, to be freed; NULL with the reader's error.
 */
char *wp_report_calibration (const char *path, gboolean as_json, GError **error);
