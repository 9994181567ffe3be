/* wp-service-time.h - how long each request's service takes: from the trace, or drawn where the trace does
 * not say. */
#pragma once

#include "sim/model/wp-commit.h"

#define WP_SERVICE_FORMS                                                                                     \
  "500ms, exp:MEAN, lognormal:MEAN:CV, uniform:A:B, hyperexp:MEAN:CV, pareto:MEAN:ALPHA:MAX, from:FILE, "    \
  "batch:FIXED:PER_ROW[:MOST[:IDLE]] or batch:from:FILE[,FILE...]"

typedef enum { WP_SHAPE_CONSTANT, WP_SHAPE_EXPONENTIAL, WP_SHAPE_GENERAL } WpShape;

/* What theory needs to know of a distribution. */
typedef struct {
  WpShape shape;
  double mean_ns;
  double cv2; /* variance over the mean's square */
} WpMoments;

#define WP_SERVICE_STREAM 1
#define WP_ARRIVAL_STREAM 2
#define WP_THINK_STREAM   3

typedef struct _WpServiceTime WpServiceTime;

/**
 * wp_service_time_new:
 * @spec: one of WP_SERVICE_FORMS. hyperexp: two exponentials of balanced means, CV > 1; pareto: truncated at
 * MAX, its least value chosen so that the mean is MEAN; from: draws from finished - started of a measured
 * trace; batch: a database that commits in groups, see wp_service_time_commit()
 * @scale: what is drawn is multiplied by this, as the trace's reader does with its own column
 * @always: draw even where the trace has a service time
 *
 * Equal seeds draw equal times, on every machine whose libm rounds alike.
 *
 * Returns: NULL with WP_ERROR_BAD_VALUE `"gamma:2" is not a service time: ...`, or what reading FILE said.
 */
WpServiceTime *wp_service_time_new (const char *spec, double scale, gboolean always, guint64 seed,
                                    GError **error);

void wp_service_time_free (WpServiceTime *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpServiceTime, wp_service_time_free)

/* The commits of a database that commits in groups, or NULL. Of such a one the services that are drawn are
 * those of a commit of one row, and stand for no request's own: that depends on who comes with it. A trace's
 * own services are not looked at then. */
WpCommit *wp_service_time_commit (const WpServiceTime *self);

/* The service of each row, in ns, >= 0. One draw for each row that needs one, in order. */
void wp_service_time_fill (WpServiceTime *self, const WpRow *rows, gsize n_rows, gint64 *services_ns);

/* Draws from a stream of their own (a client's thinking), and starts it anew. */
void wp_service_time_use_stream (WpServiceTime *self, guint64 stream);

/* The next @n draws, whatever a trace says. */
void wp_service_time_draw (WpServiceTime *self, gint64 *services_ns, gsize n);

/* The distribution that is drawn from, scale and all; rounding to ns apart. */
void wp_service_time_moments (const WpServiceTime *self, WpMoments *moments);

/* The same draws again from the first. */
void wp_service_time_restart (WpServiceTime *self);

/* How many were drawn since the start; the others came from the trace. */
guint64 wp_service_time_drawn (const WpServiceTime *self);
