/* wp-report-json.h - the report as one JSON object: durations in seconds, nothing rounded, null where there is nothing to say. */
#pragma once

#include "sim/wp-report.h"

char *wp_report_json (const WpReport *report);
