/* wp-report-json.h - parts of the JSON report that other documents have too. */
#pragma once

#include <json-glib/json-glib.h>

#include "sim/report/wp-report.h"

/* Adds all metrics as members of the open object. */
void wp_report_json_add_summary (JsonBuilder *builder, const WpSummary *summary);

/* The member "notes", if there are any; @notes: (element-type utf8) (nullable) */
void wp_report_json_add_notes (JsonBuilder *builder, const GPtrArray *notes);
