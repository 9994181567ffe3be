/* wp-bulk-service.h - one queue and its workers before a database that commits in groups, simulated event by
 * event. */
#pragma once

#include "sim/model/wp-commit.h"
#include "sim/model/wp-model.h"

/**
 * WpBulkService:
 *
 * A started job is handed to the database's one writer. The writer, when free, takes what it has been handed,
 * in order, the commit's most at most, and is done with all of it a commit's time later. So a job in service
 * may wait for the commit before its own, and how long its own takes depends on who comes meanwhile: a
 * request's fate is known only later, and is told then. O(1) a job; memory of the jobs in the system. Source:
 * Bailey, On queueing processes with bulk service, J. Royal Statistical Society B 16 (1954); the tests hold
 * it equal to a naive one.
 */
typedef struct _WpBulkService WpBulkService;

/* A request, by its number in order of arrival from 0, was accepted (the verdict's outcome is WP_OUTCOME_NONE
 * yet), or has ended. */
typedef void (*WpBatchNotify) (guint64 request, const WpRequestResult *result, gpointer data);

/* @commit: takes a reference. @told: (nullable). */
WpBulkService *wp_bulk_service_new (const WpLayout *layout, gint64 patience_ns, WpCommit *commit,
                                    WpBatchNotify notify, gpointer data);
void wp_bulk_service_free (WpBulkService *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpBulkService, wp_bulk_service_free)

/* The next request; @arrival_ns never goes back. FALSE where a time no longer fits 292 years. */
gboolean wp_bulk_service_offer (WpBulkService *self, gint64 arrival_ns);

/* The next moment at which something happens of itself; WP_TIME_NONE: none. */
gint64 wp_bulk_service_next (const WpBulkService *self);

/* All that happens until then, that moment too, but for arrivals. FALSE as above. */
gboolean wp_bulk_service_advance (WpBulkService *self, gint64 until_ns);

/* As wp_model_start_counting(), and exact. */
void wp_bulk_service_start_counting (WpBulkService *self, gint64 now_ns);

void wp_bulk_service_sums (const WpBulkService *self, WpSums *sums);

/* Once, after the last request: the system empties, and all is counted. FALSE as above. */
gboolean wp_bulk_service_finish (WpBulkService *self, WpSummary *summary);

/* As wp_model_check(). */
gboolean wp_bulk_service_check (const WpBulkService *self, GError **error);
