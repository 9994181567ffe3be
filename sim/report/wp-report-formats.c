#include "sim/report/wp-report-formats.h"

#include "sim/report/wp-report-csv.h"
#include "sim/report/wp-report-json.h"
#include "sim/report/wp-report-text.h"

const WpReportFormat wp_report_formats[] = { { "text", wp_report_text, TRUE },
                                             { "json", wp_report_json, FALSE },
                                             { "csv", wp_report_csv, FALSE },
                                             { NULL } };
