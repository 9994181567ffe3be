/* wp-report-fleet.h - what a report has of several servers, or of fronts and workers with one shared queue.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "sim/report/wp-report.h"

/* The heading of a model's column: its mode, or what it is in a fleet. Returns @cell, of WP_FORMAT_CELL, or a
 * literal. */
const char *wp_report_fleet_name_model (char *cell, const WpReport *report, guint model);

/* Nothing where there is no fleet. */
void wp_report_fleet_add_text (GString *text, const WpReport *report);
void wp_report_fleet_add_plan_text (GString *text, const WpReport *report);

/* Of a comparison with the records of fronts and workers. */
void wp_report_fleet_add_records_text (GString *text, const WpReport *report);
void wp_report_fleet_add_judgement (GString *text, const WpComparison *comparison);
void wp_report_fleet_add_records_json (JsonBuilder *builder, const WpComparison *comparison);

void wp_report_fleet_add_model_json (JsonBuilder *builder, const WpReport *report, guint model);
void wp_report_fleet_add_json (JsonBuilder *builder, const WpReport *report);
const char *wp_report_fleet_csv_columns (const WpReport *report); /* "" or ",NAME..." */
void wp_report_fleet_add_csv (GString *text, const WpReport *report, guint model);
