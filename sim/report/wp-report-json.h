/* wp-report-json.h - the report as one JSON object: durations in seconds, not rounded, null if undefined. */
#pragma once

#include <json-glib/json-glib.h>

#include "sim/report/wp-report.h"

char *wp_report_json (const WpReport *report);

/* Adds all metrics as members of the open object. */
void wp_report_json_add_summary (JsonBuilder *builder, const WpSummary *summary);
