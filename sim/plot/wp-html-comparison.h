/* wp-html-comparison.h - what the page of --report has of --against. */
#pragma once

#include "sim/compare/wp-comparison.h"

/* Do prediction and measurement agree, in one line; to be freed. */
char *wp_html_comparison_verdict (const WpComparison *comparison);

/* The table of all metrics. */
void wp_html_comparison_add (const WpComparison *comparison, GString *html);
