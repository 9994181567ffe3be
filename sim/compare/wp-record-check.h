/* wp-record-check.h - does the model equal a server's record, given its arrivals and its services? */
#pragma once

#include "sim/compare/wp-measurement.h"

typedef struct {
  const char *unchecked; /* NULL, or why the rest says nothing: what of the record is not modelled */
  gsize n_requests;
  gsize n_differ;         /* requests that the model treats otherwise: its error */
  gint64 first_differ_ns; /* arrival of the first one; WP_TIME_NONE */
  gsize n_as_recorded;    /* requests that left by themselves, or were refused while the queue was not full */
} WpRecordCheck;

/**
 * wp_record_check:
 * @policy: of the prediction; what the record's notes say comes first
 *
 * The model at the sizes of the record's notes. Clients leave, parked or queued, when the record says; so do
 * requests that a server refuses as it stops. Jobs that had not ended when the record ended do not end.
 */
void wp_record_check (WpRecordCheck *self, const WpPolicy *policy, const WpMeasurement *measurement);
