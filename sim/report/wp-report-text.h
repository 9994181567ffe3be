/* wp-report-text.h - the report as text: one screen, aligned, with units. */
#pragma once

#include "sim/report/wp-report.h"

char *wp_report_text (const WpReport *report);
