/* wp-tape.h - arrivals and services of a trace, read once and held compactly, for those who go through them many times. */
#pragma once

#include "sim/model/wp-service-time.h"
#include "sim/model/wp-traffic.h"

/* 8 bytes a request, or 16 where there are few a second or their service takes seconds: in memory up to WP_TAPE_MEMORY_BYTES, further
 * ones in an unlinked temporary file. Any number of threads may read it at once, once it is whole, or while
 * wp_tape_load() fills it. */
typedef struct _WpTape WpTape;

#define WP_TAPE_MEMORY_BYTES (256 * 1024 * 1024)

/* @memory_bytes: WP_TAPE_MEMORY_BYTES, but for tests. */
WpTape *wp_tape_new (gsize memory_bytes);
void wp_tape_free (WpTape *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTape, wp_tape_free)

/* In order of arrival. FALSE with WP_ERROR_IO where there is no room. */
gboolean wp_tape_add (WpTape *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows, GError **error);
void wp_tape_restart (WpTape *self);   /* awaits that all readers are gone */

guint64 wp_tape_length (const WpTape *self);

/* In Erlangs: workers that the first @limit rows (0: all) keep busy, on average from their first arrival to their last; infinite where all come
 * at once. To the whole blocks of 4,096 rows where there is a limit. */
double wp_tape_offered_load (const WpTape *self, guint64 limit);

/* @read is told of each piece that is read from now on, by whatever thread. @data outlives the tape's readers. */
typedef void (*WpTapeRead) (gpointer data, gsize n_rows);
void wp_tape_watch (WpTape *self, WpTapeRead read, gpointer data);

/* From now until wp_tape_load() has returned readers that come to its end await what comes next. */
void wp_tape_follow (WpTape *self);

/**
 * wp_tape_load:
 * @self: empty
 * @service: NULL: the rows' own, WP_TIME_NONE where they have none
 * @traffic: (nullable): gets the rows too; with a service only
 *
 * Reads all of a trace not yet read from, sorted. Where it fails, so do those who follow.
 */
gboolean wp_tape_load (WpTape *self, WpTrace *trace, WpServiceTime *service, WpTraffic **traffic, GError **error);

/* A copy with each service as @service makes it of the tape's own, which is multiplied by @service_scale. */
WpTape *wp_tape_copy (const WpTape *self, WpServiceTime *service, double service_scale, GError **error);

typedef struct _WpTapeReader WpTapeReader;

/* From the first row to row @limit (0: the last); arrivals are divided by @scale, as wp_scale_arrival() does. */
WpTapeReader *wp_tape_reader_new (const WpTape *tape, double scale, guint64 limit);
void wp_tape_reader_free (WpTapeReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTapeReader, wp_tape_reader_free)

/* What it has read is worth nothing, since the rows turned out to be out of order; it is at its end. A new one reads them sorted. */
gboolean wp_tape_reader_is_void (const WpTapeReader *self);

/* Some rows, until the next call; their number, 0 at the end; -1 with WP_ERROR_IO or WP_ERROR_BAD_VALUE (a time of over 292 years). */
gssize wp_tape_reader_next (WpTapeReader *self, const gint64 **arrivals_ns, const gint64 **services_ns, GError **error);
