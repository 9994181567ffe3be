/* wp-closed-loop-bulk.h - event simulation of a closed loop with group commit, where a request's result is
 * known late. */
#pragma once

#include "sim/run/wp-closed-loop.h"

/* Like wp_closed_loop_run(), without observers. */
gboolean wp_closed_loop_bulk_run (const WpClosedLoopOptions *options, const WpLayout *layout,
                                  gint64 patience_ns, WpServiceTime *service, WpServiceTime *think,
                                  WpBatchMeans *parts, WpSummary *summary, WpTrafficSummary *traffic,
                                  GError **error);
