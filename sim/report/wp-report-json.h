/* wp-report-json.h - the report as one JSON object: durations in seconds, nothing rounded, null where there
 * is nothing to say. */
#pragma once

#include <json-glib/json-glib.h>

#include "sim/report/wp-report.h"

char *wp_report_json (const WpReport *report);

/* Every figure, as members of the object that is open. */
void wp_report_json_add_summary (JsonBuilder *builder, const WpSummary *summary);
