/* wp-measurement.h - a server's record: its rows and its notes on the settings. */
#pragma once

#include "sim/base/wp-policy.h"
#include "sim/trace/wp-trace.h"

typedef struct _WpMeasurement WpMeasurement;

/* Reads the whole record. @unique_ids: rows are matched by id, so that an id twice, as of a request that was
 * sent again, is an error. NULL with the reader's error, or WP_ERROR_BAD_TRACE if it is not a measurement. */
WpMeasurement *wp_measurement_load (const char *path, gboolean unique_ids, GError **error);
void wp_measurement_free (WpMeasurement *self);

/* Is it of a server that takes its jobs from a shared queue? Its rows then have the time of the publish, the
 * column `enqueued`, as accepted_ns; a job that was delivered twice may have two rows. */
gboolean wp_measurement_is_worker (const WpMeasurement *self);

/* Is it of a front, which has no finish of a job? */
gboolean wp_measurement_is_front (const WpMeasurement *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpMeasurement, wp_measurement_free)

/**
 * wp_measurement_merge:
 * @parts: (element-type WpMeasurement): outlive the result; notes are those of the first
 * @shifts_ns: for each, what is added to its times
 *
 * Returns: the rows of all of them, by arrival. Its name is all names.
 */
WpMeasurement *wp_measurement_merge (const GPtrArray *parts, const gint64 *shifts_ns);

/* Of rows that are made of those of all @parts, as above: takes @rows. */
WpMeasurement *wp_measurement_new_of (const GPtrArray *parts, WpRow *rows, gsize n_rows);

const WpRow *wp_measurement_rows (const WpMeasurement *self, gsize *n_rows);
const char *wp_measurement_path (const WpMeasurement *self);
const char *wp_measurement_note (const WpMeasurement *self, const char *key); /* or NULL */

/* Was the machine so busy that the record says little of the server? FALSE also where the record does not
 * say. */
gboolean wp_measurement_is_disturbed (const WpMeasurement *self);

/**
 * wp_measurement_complete:
 * @policy: fields that were not given are taken from the notes, and changes of sizes from the record (of
 * which they are a part) if no size was given
 * @warnings: (element-type utf8): gets a line for each missing note and for each given value that contradicts
 * one
 *
 * Returns: FALSE with WP_ERROR_USAGE if neither option nor note sets the mode, or WP_ERROR_BAD_VALUE for an
 * invalid note.
 */
gboolean wp_measurement_complete (const WpMeasurement *self, WpPolicy *policy, GPtrArray *warnings,
                                  GError **error);

/* Takes --ack and --keep-abandoned from the notes of @trace unless they were given. FALSE for an invalid
 * note. */
gboolean wp_measurement_take_ack (const WpTrace *trace, WpPolicy *policy, GError **error);

/* Of one record: what its lines "# at=..." say; times as the file has them, and the record's origin there. */
const WpTraceMoments *wp_measurement_moments (const WpMeasurement *self, gint64 *origin_ns);

/* Is it the later part of a server's record, which was rotated? Sets how long after the first request of the
 * run it begins. */
gboolean wp_measurement_is_later_part (const WpMeasurement *self, gint64 *begins_ns);

/* Returns: TRUE if the sizes changed while the record was written. */
gboolean wp_measurement_changes (const WpMeasurement *self);

/* Warns if the measurement is the input @trace (at @path) itself, a prediction, or of a disturbed run. */
void wp_measurement_warn (const WpMeasurement *self, const WpTrace *trace, const char *path,
                          GPtrArray *warnings);
