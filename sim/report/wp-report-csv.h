/* wp-report-csv.h - the report as CSV: one row per model; with --against, one row per metric. */
#pragma once

#include "sim/report/wp-report.h"

char *wp_report_csv (const WpReport *report);
