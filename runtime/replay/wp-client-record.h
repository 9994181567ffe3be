/* wp-client-record.h - the client's view of a run, request by request, as a trace that wp-sim reads. */
#pragma once

#include "runtime/replay/wp-schedule.h"
#include "runtime/replay/wp-tally.h"

typedef struct _WpClientRecord WpClientRecord;

/**
 * wp_client_record_open:
 * @path: a file, written beside and renamed over it by wp_client_record_finish(), with its mode, or 0600 where it is new; what is no
 *   plain file (/dev/null, a pipe) is written to as it is; "-" is standard output
 *
 * Returns: NULL with WP_ERROR_IO, so that a path that can't be written is known before the run.
 */
WpClientRecord *wp_client_record_open (const char *path, GError **error);

/* Without wp_client_record_finish() before it, nothing is left behind. */
void wp_client_record_free (WpClientRecord *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpClientRecord, wp_client_record_free)

/* The file beside, or NULL where there is none. */
const char *wp_client_record_temporary (const WpClientRecord *self);

/* `# key: value`; before the rows. */
void wp_client_record_note (WpClientRecord *self, const char *key, const char *value);

/* All requests that were sent or have ended, in the schedule's order. Columns: id, arrival (as planned), service, bytes, sent,
 * answered, ended, status (0: none), outcome, error. FALSE with WP_ERROR_IO. */
gboolean wp_client_record_write (WpClientRecord *self, const WpSchedule *schedule, const WpTally *tally, GError **error);

/* Puts the file in its place. FALSE with WP_ERROR_IO. */
gboolean wp_client_record_finish (WpClientRecord *self, GError **error);
