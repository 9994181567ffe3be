/* wp-confidence-text.h - intervals and theory, as a section of the reports. */
#pragma once

#include <json-glib/json-glib.h>

#include "sim/report/wp-report.h"

/* Nothing where report->confidence is NULL. */
void wp_confidence_add_text (GString *text, const WpReport *report);
void wp_confidence_add_json (JsonBuilder *builder, const WpReport *report); /* a member "confidence" */
