/* wp-histogram.h - a log-linear histogram: percentiles within 0.1 %, exact mean and maximum. */
#pragma once

#include <glib.h>

typedef struct _WpHistogram WpHistogram;

WpHistogram *wp_histogram_new (void);
void wp_histogram_free (WpHistogram *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpHistogram, wp_histogram_free)

/* @value: >= 0 (ns, jobs, ...). @weight: its count, or for averages over time its duration in ns. */
void wp_histogram_add (WpHistogram *self, gint64 value, guint64 weight);
void wp_histogram_merge (WpHistogram *self, const WpHistogram *other);

guint64 wp_histogram_count (const WpHistogram *self); /* sum of weights */
double wp_histogram_mean (const WpHistogram *self);   /* exact (128-bit sum); NaN if empty */
gint64 wp_histogram_max (const WpHistogram *self);    /* exact; WP_TIME_NONE if empty */

/* A lower bound of the weight above @value: that of the buckets after its own. */
guint64 wp_histogram_count_above (const WpHistogram *self, gint64 value);

/* Nearest rank: the smallest value with at least @share of the weight at or below it, within 0.1 % (exact
 * below 1024). @share: in (0, 1]. WP_TIME_NONE if empty. */
gint64 wp_histogram_quantile (const WpHistogram *self, double share);
