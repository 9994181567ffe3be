/* wp-trace-buffer.h - arrivals and services of a trace, read once and held compactly, for those who go through them many times. */
#pragma once

#include "sim/model/wp-service-time.h"
#include "sim/model/wp-traffic.h"

/* 8 bytes a request, or 16 where there are few a second or their service takes seconds: in memory up to WP_TRACE_BUFFER_MEMORY_BYTES, further
 * ones in an unlinked temporary file. Any number of threads may read it at once, once it is whole, or while
 * wp_trace_buffer_load() fills it. */
typedef struct _WpTraceBuffer WpTraceBuffer;

#define WP_TRACE_BUFFER_MEMORY_BYTES (256 * 1024 * 1024)

/* @memory_bytes: WP_TRACE_BUFFER_MEMORY_BYTES, but for tests. */
WpTraceBuffer *wp_trace_buffer_new (gsize memory_bytes);
void wp_trace_buffer_free (WpTraceBuffer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTraceBuffer, wp_trace_buffer_free)

/* In order of arrival. FALSE with WP_ERROR_IO where there is no room. */
gboolean wp_trace_buffer_add (WpTraceBuffer *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows, GError **error);
void wp_trace_buffer_restart (WpTraceBuffer *self);   /* awaits that all readers are gone */

guint64 wp_trace_buffer_length (const WpTraceBuffer *self);

/* In Erlangs: workers that the first @limit rows (0: all) keep busy, on average from their first arrival to their last; infinite where all come
 * at once. To the whole blocks of 4,096 rows where there is a limit. */
double wp_trace_buffer_offered_load (const WpTraceBuffer *self, guint64 limit);

/* @read is told of each piece that is read from now on, by whatever thread. @data outlives the buffer's readers. */
typedef void (*WpTraceBufferRead) (gpointer data, gsize n_rows);
void wp_trace_buffer_watch (WpTraceBuffer *self, WpTraceBufferRead read, gpointer data);

/* From now until wp_trace_buffer_load() has returned readers that come to its end await what comes next. */
void wp_trace_buffer_follow (WpTraceBuffer *self);

/**
 * wp_trace_buffer_load:
 * @self: empty
 * @service: NULL: the rows' own, WP_TIME_NONE where they have none
 * @traffic: (nullable): gets the rows too; with a service only
 *
 * Reads all of a trace not yet read from, sorted. Where it fails, so do those who follow.
 */
gboolean wp_trace_buffer_load (WpTraceBuffer *self, WpTrace *trace, WpServiceTime *service, WpTraffic **traffic, GError **error);

/* A copy with each service as @service makes it of the buffer's own, which is multiplied by @service_scale. */
WpTraceBuffer *wp_trace_buffer_copy (const WpTraceBuffer *self, WpServiceTime *service, double service_scale, GError **error);

typedef struct _WpTraceBufferReader WpTraceBufferReader;

/* From the first row to row @limit (0: the last); arrivals are divided by @scale, as wp_scale_arrival() does. */
WpTraceBufferReader *wp_trace_buffer_reader_new (const WpTraceBuffer *buffer, double scale, guint64 limit);
void wp_trace_buffer_reader_free (WpTraceBufferReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTraceBufferReader, wp_trace_buffer_reader_free)

/* What it has read is worth nothing, since the rows turned out to be out of order; it is at its end. A new one reads them sorted. */
gboolean wp_trace_buffer_reader_is_void (const WpTraceBufferReader *self);

/* Some rows, until the next call; their number, 0 at the end; -1 with WP_ERROR_IO or WP_ERROR_BAD_VALUE (a time of over 292 years). */
gssize wp_trace_buffer_reader_next (WpTraceBufferReader *self, const gint64 **arrivals_ns, const gint64 **services_ns, GError **error);
