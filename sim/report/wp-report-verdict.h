/* wp-report-verdict.h - the result in a line or two. */
#pragma once

#include <json-glib/json-glib.h>

#include "sim/report/wp-report.h"

/* "wait.p99 1.07 s, not wait.p99<1s" where the objective is not met, else "wait.p99 210 ms". */
void wp_report_verdict_add_judgement (GString *text, const WpSlo *slo, const WpSummary *summary);

/* "500 ms per request (--service)", to be freed; NULL where services are those of the trace. */
char *wp_report_verdict_assumption (const WpReport *report);

/* Which sizes to use, or that none can be recommended, and an empty line; nothing where none were looked for.
 */
void wp_report_verdict_add_text (GString *text, const WpReport *report);

/* The same as sentences, to be freed; NULL where none were looked for. */
char *wp_report_verdict (const WpReport *report);

/* The same as the member "recommendation". */
void wp_report_verdict_add_json (JsonBuilder *builder, const WpReport *report);

/* Do the given sizes meet the objectives, of which there is at least one? */
void wp_report_verdict_add_gate (GString *text, const WpReport *report);
