/* wp-html-report.h - the report of a run as one page of HTML that needs no other file (--report). */
#pragma once

#include "sim/plan/wp-sweep.h"
#include "sim/report/wp-report.h"
#include "sim/run/wp-run.h"

typedef struct _WpHtmlReport WpHtmlReport;

/* NULL with WP_ERROR_BAD_VALUE (wp-sim cannot draw) or WP_ERROR_IO. */
WpHtmlReport *wp_html_report_new (const char *path, const WpPolicy *policies, guint n_models, GError **error);

/* Removes the file unless it was committed. */
void wp_html_report_free (WpHtmlReport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpHtmlReport, wp_html_report_free)

/* Observes @run; outlives it. */
void wp_html_report_watch (WpHtmlReport *self, WpRun *run);

/**
 * wp_html_report_commit:
 * @command: the command line, to be read by people
 * @sizes: (nullable): what sizes around the given and the recommended ones come to, for the map; or a sweep
 * of one scale and one service scale, beside a report without models
 * @current: (nullable): the given sizes
 *
 * Call it after the run: writes the page and renames the file to its target. FALSE with WP_ERROR_IO.
 */
gboolean wp_html_report_commit (WpHtmlReport *self, const WpReport *report, const char *command,
                                const WpSweep *sizes, const WpPolicy *current, GError **error);
