/* wp-closed-loop-bulk.h - a closed loop before a database that commits in groups, event by event: what
 * becomes of a request is known late there. */
#pragma once

#include "sim/run/wp-closed-loop.h"

/* As wp_closed_loop_go(), nobody looking on. */
gboolean wp_closed_loop_bulk_go (const WpClosedLoopOptions *options, const WpLayout *layout,
                                 gint64 patience_ns, WpServiceTime *service, WpServiceTime *think,
                                 WpBatchMeans *parts, WpSummary *summary, WpTrafficSummary *traffic,
                                 GError **error);
