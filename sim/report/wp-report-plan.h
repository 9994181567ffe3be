/* wp-report-plan.h - the plan, the state at a moment, and the rows of a sweep, as parts of the reports. */
#pragma once

#include <json-glib/json-glib.h>

#include "sim/report/wp-report.h"
#include "sim/plan/wp-sweep.h"

/* Nothing where the report has no such part. */
void wp_report_plan_add_text (GString *text, const WpReport *report);
/* members "at", "plan" and "headroom" */
void wp_report_plan_add_json (JsonBuilder *builder, const WpReport *report);

/* A whole report, to be freed; @format: text, json or csv. */
char *wp_report_sweep (const WpSweep *sweep, const char *trace, const char *format);
