/* wp-report-worst-errors.h - the requests with the largest error, as lines of the report and as a part of its
 * JSON. */
#pragma once

#include <json-glib/json-glib.h>

#include "sim/report/wp-report.h"

/* Nothing where there is none. */
void wp_report_worst_errors_add_text (GString *text, const WpWorstErrors *largest);

/* The member "largest". */
void wp_report_worst_errors_add_json (JsonBuilder *builder, const WpWorstErrors *largest);
