/* wp-trace-buffer.h - arrivals and service times of a trace, in memory: read once, simulated many times. */
#pragma once

#include "sim/model/wp-service-time.h"

/* Two plain arrays. Any number of threads may read it once it is full. */
typedef struct _WpTraceBuffer WpTraceBuffer;

#define WP_TRACE_BUFFER_BLOCK_ROWS 4096

/* @memory_bytes: at most, rounded down to whole rows; @n_buffers: that share them. */
WpTraceBuffer *wp_trace_buffer_new (guint64 memory_bytes, guint n_buffers);
void wp_trace_buffer_free (WpTraceBuffer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTraceBuffer, wp_trace_buffer_free)

/* In order of arrival. Rows that do not fit are counted only. */
void wp_trace_buffer_add (WpTraceBuffer *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows);
void wp_trace_buffer_clear (WpTraceBuffer *self);

/* FALSE with WP_ERROR_IO: not all rows fit; how much memory they need, and what to do, which ends with
 * @or_else. */
gboolean wp_trace_buffer_check (const WpTraceBuffer *self, const char *or_else, GError **error);

guint64 wp_trace_buffer_length (const WpTraceBuffer *self);

/* In Erlangs: the workers that the rows keep busy, on average from the first arrival to the last; infinite
 * where all come at once. */
double wp_trace_buffer_offered_load (const WpTraceBuffer *self);

/* @read is called for each block that is read from now on, by the thread that reads it. @data outlives the
 * reading. */
typedef void (*WpTraceBufferRead) (gpointer data, gsize n_rows);
void wp_trace_buffer_watch (WpTraceBuffer *self, WpTraceBufferRead read, gpointer data);

/**
 * wp_trace_buffer_load:
 * @self: empty
 * @service: NULL: the rows' own, WP_TIME_NONE where they have none
 *
 * Reads all of a trace not yet read from, sorted.
 *
 * Returns: FALSE with what the trace's reader said, or as wp_trace_buffer_check()
 */
gboolean wp_trace_buffer_load (WpTraceBuffer *self, WpTrace *trace, WpServiceTime *service, GError **error);

/* Fills @self, which is empty, with the rows of @from: each service time as @service makes it of @from's,
 * times
 * @service_scale. FALSE as wp_trace_buffer_check(). */
gboolean wp_trace_buffer_copy (WpTraceBuffer *self, const WpTraceBuffer *from, WpServiceTime *service,
                               double service_scale, GError **error);

typedef struct {
  const gint64 *arrivals_ns, *services_ns;
  gsize n_rows;
  gint64 scaled_ns[WP_TRACE_BUFFER_BLOCK_ROWS];
} WpTraceBlock;

/* The rows from number @first on, one block of them; arrivals are divided by @scale, as
 * wp_time_scale_arrival() does. FALSE: there are none. */
gboolean wp_trace_buffer_read (const WpTraceBuffer *self, double scale, guint64 first, WpTraceBlock *block);
