/* wp-bulk-service.h - event simulation of a queue and its workers with group commit (bulk service). */
#pragma once

#include "sim/model/wp-commit.h"
#include "sim/model/wp-model.h"

/**
 * WpBulkService:
 * A started job is handed to the database's single writer. A free writer commits the jobs handed to it, in
 * order and up to the largest commit; all of them finish when the commit ends. So a job in service may wait
 * for the previous commit, and the size of its own commit depends on later arrivals: results are reported by
 * a callback as they become known. O(1) per job; memory for the jobs in the system. Source: Bailey, On
 * queueing processes with bulk service, J. Royal Statistical Society B 16 (1954); the tests compare it with a
 * naive model.
 */
typedef struct _WpBulkService WpBulkService;

/* The request with this number, in order of arrival from 0, was accepted (@result's outcome is still
 * WP_OUTCOME_NONE) or has ended. */
typedef void (*WpBatchNotify) (guint64 request, const WpRequestResult *result, gpointer data);

/* @commit: takes a reference. @notify: (nullable). */
WpBulkService *wp_bulk_service_new (const WpLayout *layout, gint64 patience_ns, WpCommit *commit,
                                    WpBatchNotify notify, gpointer data);
void wp_bulk_service_free (WpBulkService *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpBulkService, wp_bulk_service_free)

/* Offers the next request; @arrival_ns does not decrease. FALSE if a time exceeds 292 years. */
gboolean wp_bulk_service_offer (WpBulkService *self, gint64 arrival_ns);

/* The same under a number of the caller's, which its results have. */
gboolean wp_bulk_service_offer_as (WpBulkService *self, guint64 number, gint64 arrival_ns);

/* Before the first request: one of several servers, whose commits take other times. */
void wp_bulk_service_set_server (WpBulkService *self, guint server);

/* At the moment of the last advance or offer. */
guint64 wp_bulk_service_depth (const WpBulkService *self);
guint64 wp_bulk_service_parked (const WpBulkService *self);

/* After wp_bulk_service_finish() of both: adds what @other counted. */
void wp_bulk_service_merge (WpBulkService *self, const WpBulkService *other);

/* After that: the figures of all @servers, which have been merged. @depths: of them together, by the clock;
 * takes it. */
void wp_bulk_service_finish_merged (WpBulkService *self, guint servers, guint64 blocked_peak,
                                    WpHistogram *depths, WpSummary *summary);

/* The time of the next internal event; WP_TIME_NONE: none. */
gint64 wp_bulk_service_next (const WpBulkService *self);

/* Processes all internal events up to and including @until_ns. FALSE as above. */
gboolean wp_bulk_service_advance (WpBulkService *self, gint64 until_ns);

/* What is in the system now. */
void wp_bulk_service_get_state (const WpBulkService *self, guint64 *queued, guint64 *parked,
                                guint64 *in_service);

/* Like wp_model_start_counting(), but busy.max is exact too. */
void wp_bulk_service_start_counting (WpBulkService *self, gint64 now_ns);

void wp_bulk_service_sums (const WpBulkService *self, WpSums *sums);

/* Call it once after the last request: empties the system and fills @summary. FALSE as above. */
gboolean wp_bulk_service_finish (WpBulkService *self, WpSummary *summary);

/* As wp_model_check(). */
gboolean wp_bulk_service_check (const WpBulkService *self, GError **error);
