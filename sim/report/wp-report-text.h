/* wp-report-text.h - the report as text: one screen, aligned, with units. */
#pragma once

#include "sim/report/wp-report.h"

char *wp_report_text (const WpReport *report);

/* What was read and assumed, a line each. */
void wp_report_text_add_traffic (GString *text, const WpReport *report);

/* "block", "block for 2 s", "reject", or "-": it has no queue. Returns @cell, of WP_FORMAT_CELL, or a
 * literal.
 */
const char *wp_report_describe_full (char *cell, const WpPolicy *policy);
