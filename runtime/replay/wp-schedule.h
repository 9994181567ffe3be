/* wp-schedule.h - the requests of a run and their times: a trace's rows, checked for values that HTTP cannot
 * carry. */
#pragma once

#include "runtime/replay/wp-drawn-traffic.h"

typedef struct _WpSchedule WpSchedule;

/**
 * wp_schedule_load:
 * @paths, @options: as wp_trace_open_files() takes them
 *
 * Reads the whole trace, in order of arrival. Row i is to go out at the run's start + its arrival_ns.
 *
 * Returns: NULL with what wp_trace_load() says, or WP_ERROR_BAD_TRACE: an id that can't stand in a header (a
 * control character, a blank at either end), or a body over 1 GiB.
 */
WpSchedule *wp_schedule_load (const char *const *paths, const WpTraceOptions *options, GError **error);

/* The same of traffic that is drawn; of @options only the scales and the limit count. */
WpSchedule *wp_schedule_draw (const WpDrawnTraffic *traffic, const WpTraceOptions *options, GError **error);

void wp_schedule_free (WpSchedule *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSchedule, wp_schedule_free)

gsize wp_schedule_length (const WpSchedule *self); /* >= 1 */
const WpRow *wp_schedule_row (const WpSchedule *self, gsize i);
gboolean wp_schedule_has_requests (const WpSchedule *self); /* methods or paths of its own */
const char *wp_schedule_name (const WpSchedule *self);
void wp_schedule_append_notes (const WpSchedule *self, GPtrArray *lines); /* as wp_trace_append_notes() */
guint64 wp_schedule_out_of_order (const WpSchedule *self);                /* rows that had to be sorted */
