/* wp-chart.h - a queue's depth over time, for a terminal. */
#pragma once

#include "sim/stats/wp-downsample.h"

/* The most in each stretch of time; memory does not grow with the trace. */
typedef struct _WpChart WpChart;

WpChart *wp_chart_new (void);
void wp_chart_free (WpChart *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpChart, wp_chart_free)

/* To follow a model's WP_STATE_DEPTH with; the chart's own. */
WpDownsample *wp_chart_depth (WpChart *self);

/* Call it after the run. @columns: total width. @capacity_jobs: the depth of a full queue. Prints one line if
 * the queue stayed empty. */
void wp_chart_draw (const WpChart *self, GString *text, const char *title, guint64 capacity_jobs,
                    guint columns, gboolean utf8);

/* Does the environment (LC_ALL, LC_CTYPE, LANG) select UTF-8? */
gboolean wp_chart_is_utf8 (void);

/* The width of the terminal at standard output, 40 to 200; 80 without a terminal. */
guint wp_chart_columns (void);
