/* wp-report-plan.h - the reports' sections on the plan, the snapshot and the sweep. */
#pragma once

#include <json-glib/json-glib.h>

#include "sim/report/wp-report.h"
#include "sim/plan/wp-sweep.h"

/* Adds nothing if the report has no such section. */
void wp_report_plan_add_text (GString *text, const WpReport *report);
/* "25.3 ms, 2.53 times the bound": of the objective that the point fails. */
void wp_report_plan_add_failure (GString *text, const WpPlanPoint *point);
/* "wait.p99<1s", which the most generous size fails; or "utilisation>50% and the others", where a smaller one
 * may meet it. @trend: in the size */
void wp_report_plan_add_unmet (GString *text, const GPtrArray *slos, const WpSlo *slo, WpTrend trend);

/* members "at", "plan", "unmet" and "headroom" */
void wp_report_plan_add_json (JsonBuilder *builder, const WpReport *report);

/* The line on the trace of a sweep. */
void wp_report_sweep_add_traffic (GString *text, const WpSweep *sweep, const char *trace);

/* The whole report, to be freed. @notes: (element-type utf8): assumptions; @format: text, json or csv. */
char *wp_report_sweep (const WpSweep *sweep, const char *trace, const GPtrArray *notes, const char *format);
