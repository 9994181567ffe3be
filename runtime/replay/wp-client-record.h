/* wp-client-record.h - the client's view of a run, request by request, as a trace that wp-sim reads. */
#pragma once

#include "runtime/replay/wp-tally.h"

typedef struct _WpClientRecord WpClientRecord;

/* @path: as for wp_atomic_file_new(); a new file is private. NULL with WP_ERROR_IO. */
WpClientRecord *wp_client_record_open (const char *path, GError **error);

/* Without wp_client_record_finish() before it, nothing is left behind. */
void wp_client_record_free (WpClientRecord *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpClientRecord, wp_client_record_free)

/* `# key: value`; before the rows. */
void wp_client_record_note (WpClientRecord *self, const char *key, const char *value);

/* Then the columns: id, arrival (as planned), service, bytes, sent, answered, ended, status (0: none),
 * outcome, error; @has_requests: method and path. */
void wp_client_record_begin (WpClientRecord *self, gboolean has_requests);

/* Nothing for a request that was neither sent nor has ended. */
void wp_client_record_row (WpClientRecord *self, const WpRow *row, const WpTallyResult *result);

/* Puts the file in its place. FALSE with WP_ERROR_IO, also if a row could not be written. */
gboolean wp_client_record_finish (WpClientRecord *self, GError **error);
