/* wp-service-time.h - service times: from the trace, or drawn for rows without one. */
#pragma once

#include "sim/model/wp-commit.h"

#define WP_SERVICE_FORMS                                                                                     \
  "500ms, exp:MEAN, lognormal:MEAN:CV, uniform:A:B, hyperexp:MEAN:CV, pareto:MEAN:ALPHA:MAX, from:FILE, "    \
  "batch:FIXED:PER_ROW[:MAX[:IDLE]] or batch:from:FILE[,FILE...]"

typedef enum { WP_SHAPE_CONSTANT, WP_SHAPE_EXPONENTIAL, WP_SHAPE_GENERAL } WpShape;

/* The moments of a distribution, for theory. */
typedef struct {
  WpShape shape;
  double mean_ns;
  double cv2; /* squared coefficient of variation */
} WpMoments;

#define WP_SERVICE_STREAM  1
#define WP_ARRIVAL_STREAM  2
#define WP_THINK_STREAM    3
#define WP_DISPATCH_STREAM 4

typedef struct _WpServiceTime WpServiceTime;

/**
 * wp_service_time_new:
 * @spec: one of WP_SERVICE_FORMS. hyperexp: two exponentials of balanced means, CV > 1; pareto: truncated at
 * MAX, its least value chosen so that the mean is MEAN; from: draws from finished - started of a measured
 * trace; batch: a database that commits in groups, see wp_service_time_commit()
 * @scale: factor of the draws; the trace's reader scales its own column
 * @always: draw even if the row has a service time
 * Equal seeds draw equal times on machines whose libm rounds equally.
 *
 * Returns: NULL with WP_ERROR_BAD_VALUE `"gamma:2" is not a service time: ...`, or the error of reading FILE.
 */
WpServiceTime *wp_service_time_new (const char *spec, double scale, gboolean always, guint64 seed,
                                    GError **error);

/* The commits of @records (element-type WpCalibration), as batch:from: has them. */
WpServiceTime *wp_service_time_new_learnt (const GPtrArray *records);

/* The same times from the first draw on, with another scale and seed, and without reading FILE again. */
WpServiceTime *wp_service_time_copy (const WpServiceTime *self, double scale, gboolean always, guint64 seed);

void wp_service_time_free (WpServiceTime *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpServiceTime, wp_service_time_free)

/* The commits of a batch: spec, or NULL. With group commit a request's service depends on the other rows of
 * its commit: the draws are commits of one row, and the trace's service times are ignored. */
WpCommit *wp_service_time_commit (const WpServiceTime *self);

/* Is @spec, which need not be valid and may be NULL, of a database that commits in groups? */
gboolean wp_service_time_is_batch (const char *spec);

/* Sets the service time of each row, in ns, >= 0: one draw per row without one, in order. */
void wp_service_time_fill (WpServiceTime *self, const WpRow *rows, gsize n_rows, gint64 *services_ns);

/* Restarts the draws on another random stream, e.g. for think times. */
void wp_service_time_use_stream (WpServiceTime *self, guint64 stream);

/* The next @n draws. */
void wp_service_time_draw (WpServiceTime *self, gint64 *services_ns, gsize n);

/* The moments of the scaled distribution, before rounding to ns. */
void wp_service_time_moments (const WpServiceTime *self, WpMoments *moments);

/* Restarts the same draws. */
void wp_service_time_restart (WpServiceTime *self);

/* The number of draws since the start; the other service times came from the trace. */
guint64 wp_service_time_drawn (const WpServiceTime *self);
