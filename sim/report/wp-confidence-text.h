/* wp-confidence-text.h - the section of the reports on confidence intervals and theory. */
#pragma once

#include <json-glib/json-glib.h>

#include "sim/report/wp-report.h"

/* Adds nothing if report->confidence is NULL. */
void wp_confidence_add_text (GString *text, const WpReport *report);
void wp_confidence_add_json (JsonBuilder *builder, const WpReport *report); /* a member "confidence" */
