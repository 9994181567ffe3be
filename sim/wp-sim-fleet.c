#include "sim/wp-sim-fleet.h"

#include "sim/base/wp-error.h"

/* Beside the servers, their places and workers behind one queue. */
static void
choose_instances (const WpSimOptions *options, WpReport *report)
{
  WpPolicy *each = &report->policies[0], *shared = &report->policies[1];
  guint n = options->fleet.instances;

  report->fleet = options->fleet;
  report->fleet.until_stored = each->ack == WP_ACK_STORED;
  report->fleet.seed = options->seed;
  report->fleet.http_stage = options->http_stage;
  *shared = *each;
  shared->workers = n * wp_report_workers (each);
  shared->queue_jobs = n * each->queue_jobs;
  if (each->mode == WP_MODE_BUFFERED_CHANNEL)
    shared->dispatcher = WP_DISPATCHER_BOUNDED;
  shared->mode = WP_MODE_WORKER_POOL;
  report->n_models = 2;
  if (report->fleet.balance == WP_BALANCE_LEAST && !report->fleet.until_stored)
    g_ptr_array_add (report->warnings,
                     g_strdup (
                         "with --ack=accepted a request is open until its job is accepted, so a balancer "
                         "does not see what waits in a server: --balance=least needs --ack=stored"));
}

void
wp_sim_fleet_choose (const WpSimOptions *options, WpReport *report)
{
  if (options->fleet.instances > 0)
    choose_instances (options, report);
  if (options->shared.fronts == 0)
    return;
  report->shared = options->shared;
  report->shared.balance = options->fleet.balance;
  report->shared.seed = options->seed;
  report->shared.front_ns = options->http_stage.time_ns;
  report->shared.threads = options->http_stage.threads;
  report->engine = options->engine;
}

gboolean
wp_sim_fleet_open_engine (const WpSimOptions *options, const WpServiceTime *service, WpEngineSpec *engine,
                          WpReport *report, GError **error)
{
  guint most = options->shared.fronts > 0 ? wp_commit_max_rows (wp_service_time_commit (service)) : 0;

  if (options->shared.fronts == 0)
    return TRUE;
  if (!wp_engine_spec_parse (engine, options->engine, options->seed, error))
    return FALSE;
  report->shared.deliver_ns = engine->deliver_ns;
  report->shared.retry_ns = engine->retry_ns;
  report->shared.reopen = engine->reopen;
  report->shared.batch = options->shared.batch > 0 ? MIN (options->shared.batch, most) : most;
  report->shared.prefetch = engine->prefetch > 0 ? engine->prefetch : 2 * report->shared.batch;
  if (report->shared.prefetch < report->shared.batch)
    return wp_fail (error, WP_ERROR_USAGE,
                    "--engine: prefetch=%u is less than the %u jobs of a commit: set --batch to at most that",
                    report->shared.prefetch, report->shared.batch);

  return TRUE;
}
