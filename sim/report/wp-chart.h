/* wp-chart.h - a queue's depth over time, for a terminal. */
#pragma once

#include "sim/run/wp-observers.h"

/* The most in each stretch of time; memory does not grow with the trace. */
typedef struct _WpChart WpChart;

/* Of the run's model with that number. */
WpChart *wp_chart_new (guint model);
void wp_chart_free (WpChart *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpChart, wp_chart_free)

extern const WpObserver wp_chart_observer;

/* After the run, @columns wide in all. @capacity_jobs: marks it as full there. One line if the queue was
 * never used. */
void wp_chart_draw (const WpChart *self, GString *text, const char *title, guint64 capacity_jobs,
                    guint columns, gboolean utf8);

/* Does the environment (LC_ALL, LC_CTYPE, LANG) say UTF-8? */
gboolean wp_chart_is_utf8 (void);

/* Of the terminal at standard output, 40 to 200; 80 where it is none. */
guint wp_chart_columns (void);
