/* wp-hdr.h - a distribution as HdrHistogram prints it, for the tools that plot such files. */
#pragma once

#include "runtime/replay/wp-tally.h"
#include "sim/base/wp-atomic-file.h"

/* The latencies of @tally, in ms: value, percentile, count up to it, 1/(1 - percentile); then mean and so on
 * as comments. Writes all and commits. FALSE with WP_ERROR_IO. Source: HdrHistogram's
 * outputPercentileDistribution(), 5 ticks per half distance. */
gboolean wp_hdr_write (WpAtomicFile *file, const WpTally *tally, GError **error);
