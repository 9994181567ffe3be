/* wp-open-loop.h - the requests of a schedule, each at its planned time, whether or not earlier ones have
 * ended. */
#pragma once

#include "runtime/replay/wp-schedule.h"
#include "runtime/replay/wp-workload.h"

/* Of several threads each sends every @stride-th row, from row @first on. @tally has as many places;
 * @connections: at most. All are kept, none is owned. */
WpWorkload *wp_open_loop_new (const WpSchedule *schedule, gsize first, gsize stride, guint connections,
                              WpTally *tally);
void wp_open_loop_free (WpWorkload *self);

/* How many rows that are. */
gsize wp_open_loop_share (const WpSchedule *schedule, gsize first, gsize stride);
