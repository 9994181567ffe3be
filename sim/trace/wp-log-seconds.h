/* wp-log-seconds.h - how many lines of a log bear each whole second, so that they can be spread evenly over
 * it. */
#pragma once

#include <glib.h>

/* Memory: 16 bytes per second of a log in order. */
typedef struct _WpLogSeconds WpLogSeconds;

WpLogSeconds *wp_log_seconds_new (void);
void wp_log_seconds_free (WpLogSeconds *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpLogSeconds, wp_log_seconds_free)

/* Counts one line; @second since 1970. */
void wp_log_seconds_count (WpLogSeconds *self, gint64 second);

/* After the last was counted; and to begin the second pass again. */
void wp_log_seconds_restart (WpLogSeconds *self);

/**
 * wp_log_seconds_next:
 * @second: of the next line, in their order
 *
 * Returns: the k-th of n lines of a second lies (k - 1/2) / n after it, in ns: no line is favoured, and equal
 * seconds make one even row. -1 where that line was not counted.
 */
gint64 wp_log_seconds_next (WpLogSeconds *self, gint64 second);

/**
 * wp_log_seconds_share:
 * @files: (element-type WpLogSeconds): of the files of one trace, counted; is sorted by time
 *
 * A second in which a file ends and the next one begins, as when a log was rotated in it, is one: its lines
 * are spread in the order of the files. Files that overlap otherwise are spread each by itself, as their
 * lines mingle.
 */
void wp_log_seconds_share (GPtrArray *files);

/* After the last was counted: has some second two lines or more, those of other files included? */
gboolean wp_log_seconds_is_crowded (const WpLogSeconds *self);
