/* wp-measurement.h - a server's record: its rows, and what its notes say of how it ran. */
#pragma once

#include "sim/base/wp-policy.h"
#include "sim/trace/wp-trace.h"

typedef struct _WpMeasurement WpMeasurement;

/* Reads it all. NULL with what the reader said, or WP_ERROR_BAD_TRACE where it is no measurement. */
WpMeasurement *wp_measurement_load (const char *path, GError **error);
void wp_measurement_free (WpMeasurement *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpMeasurement, wp_measurement_free)

const WpRow *wp_measurement_rows (const WpMeasurement *self, gsize *n_rows);
const char *wp_measurement_path (const WpMeasurement *self);
const char *wp_measurement_note (const WpMeasurement *self, const char *key); /* or NULL */

/**
 * wp_measurement_complete:
 * @policy: what was not given is taken from the notes
 * @warnings: (element-type utf8): gets a line for what the notes lack, and for what was given and contradicts
 * them
 *
 * Returns: FALSE with WP_ERROR_USAGE where no one says which mode, or WP_ERROR_BAD_VALUE for a note that is
 * no such value.
 */
gboolean wp_measurement_complete (const WpMeasurement *self, WpPolicy *policy, GPtrArray *warnings,
                                  GError **error);

/* What was not given of --ack and --keep-abandoned is taken from the notes of @trace, if it has them. FALSE
 * as above, of a note. */
gboolean wp_measurement_take_ack (const WpTrace *trace, WpPolicy *policy, GError **error);

/* A line to @warnings where the measurement is no measurement of @trace (at @path), but its very input, or a
 * prediction. */
void wp_measurement_warn (const WpMeasurement *self, const WpTrace *trace, const char *path,
                          GPtrArray *warnings);
