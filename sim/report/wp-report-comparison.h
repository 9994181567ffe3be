/* wp-report-comparison.h - --against as text: prediction and measurement side by side, and whether they
 * agree. */
#pragma once

#include "sim/report/wp-report.h"

/* All of it. */
void wp_report_comparison_add_text (GString *text, const WpReport *report, gboolean in_colour);

/* What was compared, one line each; and, below a line that is empty, whether both agree. */
void wp_report_comparison_add_sides (GString *text, const WpReport *report, gboolean in_colour);
void wp_report_comparison_add_judgement (GString *text, const WpComparison *comparison);

/* Of one metric: "+1.23 %", and "yes", "NO" or why it is neither. Returns @cell, of WP_FORMAT_CELL, or a
 * literal. */
const char *wp_report_comparison_error (char *cell, const WpMetricAgreement *agreement);
const char *wp_report_comparison_ok (const WpComparison *comparison, guint metric);
