/* wp-report-largest.h - the requests with the largest error, as lines of the report and as a part of its
 * JSON. */
#pragma once

#include <json-glib/json-glib.h>

#include "sim/report/wp-report.h"

/* Nothing where there is none. */
void wp_report_largest_add_text (GString *text, const WpLargest *largest);

/* The member "largest". */
void wp_report_largest_add_json (JsonBuilder *builder, const WpLargest *largest);
