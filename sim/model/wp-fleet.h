/* wp-fleet.h - several servers of one kind behind a load balancer, each with a queue of its own. */
#pragma once

#include "sim/model/wp-balance.h"
#include "sim/model/wp-http-stage.h"
#include "sim/model/wp-model.h"

typedef struct {
  guint instances; /* 0: there is no fleet */
  WpBalance balance;
  gboolean until_stored; /* a request is open until its job is stored (--ack=stored), or until it is accepted
                          */
  guint64 seed;          /* of WP_BALANCE_RANDOM */
  WpHttpStageOptions http_stage; /* of each server; time 0: none. Not with a warm-up */
  guint given;                   /* bits of the options that were set */
} WpFleetOptions;

/**
 * WpFleet:
 * A WpModel for each server. The balancer chooses a server at a request's arrival, for good. It counts open
 * requests: those without an answer whose client has not left.
 *
 * Figures are those of all servers together: counts are added, and percentiles are over all requests. Depth
 * and parked requests are the sum over the servers at each moment. time_full is the mean of the servers' own,
 * first_full the earliest; busy.max adds their maxima. O(servers) per request with WP_BALANCE_LEAST, and
 * O(log requests in the fleet) otherwise. A fleet of one server equals its WpModel.
 */
typedef struct _WpFleet WpFleet;

/* @layout: of each server, with a limited number of workers. @patience_ns: as of wp_model_new() */
WpFleet *wp_fleet_new (const WpFleetOptions *options, const WpLayout *layout, gint64 patience_ns);
void wp_fleet_free (WpFleet *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpFleet, wp_fleet_free)

/* As wp_model_offer_dispatched(); a request's results count from its arrival at its server's queue.
 * @dispatches_ns: (nullable): all are 0. @warms_up: as of wp_model_warm_up(), before
 * wp_fleet_start_counting(). */
gboolean wp_fleet_offer (WpFleet *self, const WpRow *rows, const gint64 *services_ns,
                         const gint64 *dispatches_ns, gsize n_rows, gboolean warms_up,
                         WpRequestResult *results);

void wp_fleet_start_counting (WpFleet *self, gint64 now_ns); /* see wp_model_start_counting() */

/* After wp_fleet_finish(). FALSE: there is no HTTP stage. */
gboolean wp_fleet_http_stage_summary (const WpFleet *self, WpHttpStageSummary *summary);

/* Call it once after the last row. */
void wp_fleet_finish (WpFleet *self, WpSummary *summary);

/* wp_model_check() for all servers together, after wp_fleet_finish(). */
gboolean wp_fleet_check (WpFleet *self, GError **error);
