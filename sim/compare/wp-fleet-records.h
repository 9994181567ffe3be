/* wp-fleet-records.h - the records of fronts and workers with one shared queue, joined by id. */
#pragma once

#include "sim/compare/wp-measurement.h"

typedef struct {
  guint n_fronts, n_workers;
  gsize n_unstored;  /* accepted by a front, and in no worker's record as stored */
  gint64 deliver_ns; /* the first decile from the confirm to the start, >= 0: little waiting; WP_TIME_NONE:
                      nothing was stored */
} WpFleetRecords;

/**
 * wp_fleet_records_join:
 * @records: (element-type WpMeasurement), of fronts and of workers: outlive the result
 * @rows: of the trace or its prediction, with ids
 *
 * A front's clock is set by the median difference of its arrivals from those of @rows; a worker's by the
 * least difference of `enqueued` from the arrival at a front.
 *
 * Returns: a row for each request of a front: its arrival and acceptance, and where a worker stored it its
 * start and finish. NULL with WP_ERROR_BAD_TRACE where there are no fronts, no workers, or no ids in common.
 */
WpMeasurement *wp_fleet_records_join (WpFleetRecords *self, const GPtrArray *records, const WpRow *rows,
                                      gsize n_rows, GError **error);
