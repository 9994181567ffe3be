/* wp-measured.h - a server's record: its rows, and what its notes say of how it ran. */
#pragma once

#include "sim/base/wp-policy.h"
#include "sim/trace/wp-trace.h"

typedef struct _WpMeasured WpMeasured;

/* Reads it all. NULL with what the reader said, or WP_ERROR_BAD_TRACE where it is no measurement. */
WpMeasured *wp_measured_load (const char *path, GError **error);
void wp_measured_free (WpMeasured *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpMeasured, wp_measured_free)

const WpRow *wp_measured_rows (const WpMeasured *self, gsize *n_rows);
const char *wp_measured_path (const WpMeasured *self);
const char *wp_measured_note (const WpMeasured *self, const char *key); /* or NULL */

/**
 * wp_measured_complete:
 * @policy: what was not given is taken from the notes
 * @warnings: (element-type utf8): gets a line for what the notes lack, and for what was given and contradicts
 * them
 *
 * Returns: FALSE with WP_ERROR_USAGE where no one says which mode, or WP_ERROR_BAD_VALUE for a note that is
 * no such value.
 */
gboolean wp_measured_complete (const WpMeasured *self, WpPolicy *policy, GPtrArray *warnings, GError **error);

/* What was not given of --ack and --keep-abandoned is taken from the notes of @trace, if it has them. FALSE
 * as above, of a note. */
gboolean wp_measured_take_ack (const WpTrace *trace, WpPolicy *policy, GError **error);

/* A line to @warnings where the measurement is no measurement of @trace (at @path), but its very input, or a
 * prediction. */
void wp_measured_warn (const WpMeasured *self, const WpTrace *trace, const char *path, GPtrArray *warnings);
