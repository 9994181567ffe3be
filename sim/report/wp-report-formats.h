/* wp-report-formats.h - the formats of the report, by name. */
#pragma once

#include "sim/report/wp-report.h"

typedef struct {
  const char *name;                        /* as typed after --format= */
  char *(*write) (const WpReport *report); /* the whole text, to be freed */
  gboolean has_warnings;                   /* they stand in it; else they go to standard error */
} WpReportFormat;

/* text, json and csv, ended by a NULL name. */
extern const WpReportFormat wp_report_formats[];
