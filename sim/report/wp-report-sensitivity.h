/* wp-report-sensitivity.h - the section of the reports on --sensitivity. */
#pragma once

#include <json-glib/json-glib.h>

#include "sim/report/wp-report.h"

/* Add nothing without report->sensitivity. */
void wp_report_sensitivity_add_text (GString *text, const WpReport *report);
void wp_report_sensitivity_add_json (JsonBuilder *builder, const WpReport *report);
