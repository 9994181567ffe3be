/* wp-report-verdict.h - the answer in a line. */
#pragma once

#include "sim/report/wp-report.h"

/* Do the given sizes meet the objectives, of which there is at least one? */
void wp_report_verdict_add_gate (GString *text, const WpReport *report);
