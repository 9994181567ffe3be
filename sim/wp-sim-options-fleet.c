#include "sim/wp-sim-options.h"

#include "sim/model/wp-service-time.h"

#define MAX_INSTANCES 1000
#define MAX_FRONTS    10000
#define MAX_WORKERS   65536

enum { FLEET_INSTANCES = 1 << 0, FLEET_BALANCE = 1 << 1 };

const WpOption wp_sim_fleet_options[] = {
  { "instances", 0, WP_OPTION_COUNT, "N", WP_FIELD (WpFleetOptions, instances),
    "simulate N servers behind a load balancer, with --queue and --workers each, and beside them one "
    "shared queue with the places and workers of all",
    1, MAX_INSTANCES, .given = FLEET_INSTANCES },
  { "balance", 0, WP_OPTION_CHOICE, "HOW", WP_FIELD (WpFleetOptions, balance),
    "with --instances or --fronts: round-robin (default), random, or of instances least: the server with "
    "the fewest open requests",
    .names = wp_balance_names, .what = "a balance", .given = FLEET_BALANCE },
  { NULL }
};

#define FIELD(member) WP_FIELD (WpSimOptions, member)

const WpOption wp_sim_shared_queue_options[] = {
  { "fronts", 0, WP_OPTION_COUNT, "G", FIELD (shared.fronts),
    "simulate G fronts that put jobs into one shared queue of --queue places, and --workers=W that each "
    "store a batch of them in one commit, --service=batch:; --http-time is a front's",
    1, MAX_FRONTS },
  { "engine", 0, WP_OPTION_TEXT, "TIMES", FIELD (engine),
    "with --fronts: confirm=4ms,deliver=1ms,retry=3ms: from a publish to its confirm (or "
    "confirm=from:RECORD of a front), from there to a worker, between the tries of a front that finds the "
    "queue full (3ms); prefetch=N, jobs that a worker holds (2 batches); reopen=SHARE of its places with "
    "which a full queue takes jobs again (80%)" },
  { "batch", 0, WP_OPTION_COUNT, "B", FIELD (shared.batch),
    "with --fronts: jobs that a worker stores in one commit (the most of --service)", 1, G_MAXINT32 },
  { NULL }
};

/* What no fleet has. */
static gboolean
check_questions (const WpSimOptions *options, GError **error)
{
  gboolean shared = options->shared.fronts > 0;
  g_autofree char *one_run = g_strdup_printf (
      "--%s is one run of a trace or --synthetic: it does not go with %s--sweep, --margin, --sensitivity, "
      "--calibrate, --generate, --clients, --replications, --precision and --theory",
      shared ? "fronts" : "instances", shared ? "" : "--plan, ");
  g_autofree char *one_server
      = g_strdup_printf ("--%s does not go with --report and --at, which show one server",
                         shared ? "fronts" : "instances");
  const WpSimCheck checks[] = {
    { (options->plan.plan && !shared) || options->plan.sweep || options->plan.margin > 0
          || options->plan.sensitivity_ns > 0 || options->calibrate || options->draw.generate
          || options->draw.clients.clients > 0 || options->draw.replications > 0
          || options->draw.precision > 0 || options->draw.theory,
      one_run },
    { options->report || options->plan.at_ns != WP_TIME_NONE, one_server },
  };

  return wp_sim_options_run_checks (checks, G_N_ELEMENTS (checks), error);
}

static gboolean
check_instances (const WpSimOptions *options, GError **error)
{
  const WpPolicy *policy = &options->policy;
  guint64 most = MAX ((guint64) policy->queue_jobs, policy->workers);
  gboolean in_groups = wp_service_time_is_batch (options->service);
  gboolean is_spawning
      = policy->dispatcher == WP_DISPATCHER_SPAWNING && policy->mode != WP_MODE_BUFFERED_CHANNEL;
  const WpSimCheck checks[] = {
    { policy->mode == WP_MODE_DEFAULT || (policy->mode == WP_MODE_ALL && (policy->given & WP_POLICY_MODE)),
      "--instances simulates WorkerPool (its default) or BufferedChannel: --mode=all and Default have no "
      "sizes to share" },
    { in_groups
          && (options->http_stage.time_ns > 0 || options->patience_ns != WP_TIME_NONE
              || policy->when_full == WP_WHEN_FULL_REJECT || policy->block_timeout_ns != WP_TIME_NONE),
      "--instances with --service=batch: does not go with --http-time, --patience, --when-full=reject and "
      "--block-timeout" },
    { in_groups && is_spawning, "--instances with --service=batch: needs the bounded dispatcher" },
    { options->http_stage.time_ns > 0
          && (options->against || options->jobs || options->series || options->plot
              || options->draw.clients.warmup_rows > 0 || options->draw.clients.warmup_ns != WP_TIME_NONE),
      "--instances with --http-time does not go with --against, --jobs, --series, --plot and --warmup" },
    { options->fleet.instances * most >= WP_UNBOUNDED,
      "--instances: the servers together have over 4,294,967,294 places or workers" },
  };

  return check_questions (options, error) && wp_sim_options_run_checks (checks, G_N_ELEMENTS (checks), error);
}

static gboolean
check_fronts (const WpSimOptions *options, GError **error)
{
  const WpPolicy *policy = &options->policy;
  const WpSimCheck checks[] = {
    { options->fleet.instances > 0,
      "--fronts and --instances exclude each other: fronts share one queue, instances have one each" },
    { options->fleet.balance == WP_BALANCE_LEAST,
      "--fronts: their arrivals are shared out by --balance=round-robin or random" },
    { !options->engine, "--fronts needs the engine's times: --engine=confirm=4ms,deliver=1ms" },
    { !wp_service_time_is_batch (options->service),
      "--fronts needs --service=batch:FIXED:PER_ROW: a worker stores its jobs in one commit" },
    { (policy->given & WP_POLICY_WORKERS) == 0, "--fronts needs --workers, the number of worker processes" },
    { policy->mode != WP_MODE_WORKER_POOL && (policy->given & WP_POLICY_MODE),
      "--fronts: workers of a shared queue are a WorkerPool: leave --mode out" },
    { policy->dispatcher == WP_DISPATCHER_SPAWNING,
      "--fronts: the shared queue is bounded: leave --dispatcher=spawning out" },
    { policy->ack == WP_ACK_STORED,
      "--fronts: a front answers when the engine has its job: it has no --ack=stored" },
    { policy->when_full == WP_WHEN_FULL_REJECT || policy->block_timeout_ns != WP_TIME_NONE
          || options->patience_ns != WP_TIME_NONE,
      "--fronts: a front that finds the queue full tries again until there is a place: --when-full=reject, "
      "--block-timeout and --patience are not modelled" },
    { options->plan.plan
          && (options->draw.clients.warmup_rows > 0 || options->draw.clients.warmup_ns != WP_TIME_NONE),
      "--fronts: the fleets of --plan count every request: leave --warmup out" },
    { options->dispatch != NULL, "--fronts: --dispatch-time is the engine's: --engine=deliver=TIME" },
    { policy->workers > MAX_WORKERS, "--fronts: --workers is over 65536 processes" },
  };

  return wp_sim_options_run_checks (checks, G_N_ELEMENTS (checks), error) && check_questions (options, error);
}

gboolean
wp_sim_options_check_fleet (const WpSimOptions *options, GError **error)
{
  const WpSimCheck checks[] = {
    { options->fleet.given != 0 && !wp_sim_options_are_of_fleet (options),
      "--balance needs --instances or --fronts" },
    { options->engine && options->shared.fronts == 0, "--engine needs --fronts" },
    { options->shared.batch > 0 && options->shared.fronts == 0, "--batch needs --fronts" },
  };

  return wp_sim_options_run_checks (checks, G_N_ELEMENTS (checks), error)
         && (options->shared.fronts == 0 || check_fronts (options, error))
         && (options->fleet.instances == 0 || check_instances (options, error));
}
