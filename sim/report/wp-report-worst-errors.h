/* wp-report-worst-errors.h - the reports' section on the requests with the largest errors. */
#pragma once

#include <json-glib/json-glib.h>

#include "sim/report/wp-report.h"

/* Adds nothing if no request has an error. */
void wp_report_worst_errors_add_text (GString *text, const WpWorstErrors *largest);

/* Adds the member "largest". */
void wp_report_worst_errors_add_json (JsonBuilder *builder, const WpWorstErrors *largest);
