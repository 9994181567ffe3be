/* wp-html-verdict.h - the first line of the page of --report. */
#pragma once

#include "sim/plan/wp-sweep.h"
#include "sim/report/wp-report.h"

/* @sizes: (nullable): as wp_html_report_commit() takes it. NULL: there is no verdict; else to be freed. */
char *wp_html_verdict (const WpReport *report, const WpSweep *sizes);
