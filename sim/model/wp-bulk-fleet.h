/* wp-bulk-fleet.h - several servers behind a load balancer, each with a queue and a database that commits in
 * groups. */
#pragma once

#include "sim/model/wp-bulk-service.h"
#include "sim/model/wp-fleet.h"

/**
 * WpBulkFleet:
 * As WpFleet, with a WpBulkService for each server: the balancer sees each event of the servers before it
 * chooses. Clients are patient. O(servers) per event.
 */
typedef struct _WpBulkFleet WpBulkFleet;

/* @layout: of each server. @options: without an HTTP stage. Takes a reference of @commit. @notify:
 * (nullable), with the requests' numbers in order of arrival at the balancer. */
WpBulkFleet *wp_bulk_fleet_new (const WpFleetOptions *options, const WpLayout *layout, WpCommit *commit,
                                WpBatchNotify notify, gpointer data);
void wp_bulk_fleet_free (WpBulkFleet *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpBulkFleet, wp_bulk_fleet_free)

/* As the functions of WpBulkService. */
gboolean wp_bulk_fleet_offer (WpBulkFleet *self, gint64 arrival_ns);
void wp_bulk_fleet_start_counting (WpBulkFleet *self, gint64 now_ns);
gboolean wp_bulk_fleet_finish (WpBulkFleet *self, WpSummary *summary);
gboolean wp_bulk_fleet_check (const WpBulkFleet *self, GError **error);
