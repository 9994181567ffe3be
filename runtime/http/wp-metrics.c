#include "runtime/http/wp-metrics.h"

#include "runtime/http/wp-process-metrics.h"

static void
add_head (GString *text, const char *name, const char *type, const char *help)
{
  g_string_append_printf (text, "# HELP wp_%s %s\n# TYPE wp_%s %s\n", name, help, name, type);
}

static void
add (GString *text, const char *name, const char *type, const char *help, guint64 value)
{
  add_head (text, name, type, help);
  g_string_append_printf (text, "wp_%s %" G_GUINT64_FORMAT "\n", name, value);
}

static void
add_seconds (GString *text, const char *name, const char *type, const char *help, gint64 ns)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  add_head (text, name, type, help);
  g_string_append_printf (text, "wp_%s %s\n", name,
                          g_ascii_dtostr (number, sizeof number, (double) ns / WP_NS_PER_S));
}

static void
add_labelled (GString *text, const char *name, const char *label, const char *value, guint64 number)
{
  g_string_append_printf (text, "wp_%s{%s=\"%s\"} %" G_GUINT64_FORMAT "\n", name, label, value, number);
}

static void
add_outcomes (GString *text, const WpLedger *ledger)
{
  const struct {
    const char *name;
    guint64 value;
  } outcomes[] = {
    { ledger->passes ? "passed" : "stored", ledger->stored },
    { "rejected", ledger->rejected },
    { "timed_out", ledger->timed_out },
    { "abandoned", ledger->abandoned },
    { "failed", ledger->failed },
  };

  add_head (text, "requests_ended_total", "counter", "Requests that have ended, by outcome.");
  for (guint i = 0; i < G_N_ELEMENTS (outcomes); i++)
    add_labelled (text, "requests_ended_total", "outcome", outcomes[i].name, outcomes[i].value);
}

/* Length and capacity are separate metrics, so that sums over a metric make sense. */
static void
add_places (GString *text, const WpPolicy *policy, const WpLedger *ledger)
{
  add_head (text, "requests_inside", "gauge", "Requests that have not ended, by place.");
  add_labelled (text, "requests_inside", "place", "parked", ledger->parked);
  add_labelled (text, "requests_inside", "place", "queued", ledger->queued);
  add_labelled (text, "requests_inside", "place", "in_service", ledger->in_service);
  if (wp_policy_uses (policy, WP_POLICY_QUEUE))
    add (text, "queue_capacity", "gauge", "Capacity of the queue, in jobs.", policy->queue_jobs);
  if (wp_policy_uses (policy, WP_POLICY_WORKERS))
    add (text, "workers", "gauge", "Maximum number of jobs in service.", policy->workers);
}

static void
add_journal (GString *text, WpJournal *journal)
{
  WpJournalCounts counts;

  wp_journal_count (journal, &counts);
  add (text, "journal_failed_jobs", "gauge", "Failed jobs in the journal, also those of earlier runs.",
       counts.failed);
  add (text, "journal_refused_total", "counter", "Jobs that could not be written to the journal.",
       counts.refused);
  add (text, "journal_commits_total", "counter", "Transactions of the journal.", counts.commits);
  add (text, "journal_backlog", "gauge", "Jobs of an earlier run that are still to be read from the journal.",
       counts.backlog);
  add (text, "journal_file_bytes", "gauge", "Size of the journal.", counts.file_bytes);
  add (text, "journal_log_bytes", "gauge", "Size of the journal's write-ahead log.", counts.log_bytes);
  add (text, "journal_writable", "gauge",
       "1 while the journal can be written, 0 while it cannot and requests get 503.", counts.writable);
}

static void
add_refusals (GString *text, const guint64 *refused)
{
  add_head (text, "refusals_total", "counter", "Requests refused before they became a job, by reason.");
  for (WpHttpError i = 0; i < WP_N_HTTP_ERRORS; i++)
    add_labelled (text, "refusals_total", "reason", wp_http_error_name (i), refused[i]);
}

/* @low, @high: the first and the last bound, @unit: divisor of these and of the sum */
static void
add_histogram (GString *text, const char *name, const char *help, const WpDecimalHistogram *histogram,
               guint64 low, guint64 high, double unit)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  guint64 n;

  add_head (text, name, "histogram", help);
  for (guint i = 0; i < WP_DECIMAL_BOUNDS && wp_decimal_bounds[i] <= high; i++)
    if (wp_decimal_bounds[i] >= low)
      g_string_append_printf (text, "wp_%s_bucket{le=\"%s\"} %" G_GUINT64_FORMAT "\n", name,
                              g_ascii_formatd (number, sizeof number, "%.12g",
                                               (double) wp_decimal_bounds[i] / unit),
                              wp_decimal_histogram_count (histogram, i));
  n = wp_decimal_histogram_count (histogram, WP_DECIMAL_BOUNDS);
  g_string_append_printf (text, "wp_%s_bucket{le=\"+Inf\"} %" G_GUINT64_FORMAT "\n", name, n);
  g_string_append_printf (text, "wp_%s_sum %s\n", name,
                          g_ascii_dtostr (number, sizeof number, (double) histogram->sum / unit));
  g_string_append_printf (text, "wp_%s_count %" G_GUINT64_FORMAT "\n", name, n);
}

/* Their sum is that of the outcome. */
static void
add_failures (GString *text, const WpLedger *ledger)
{
  add_head (text, "failures_total", "counter",
            "Failed requests: their id was stored with another payload (conflict), the database was down for "
            "too long (outage), or it refused the job (refused).");
  add_labelled (text, "failures_total", "kind", "conflict", ledger->conflicts);
  add_labelled (text, "failures_total", "kind", "outage", ledger->outages);
  add_labelled (text, "failures_total", "kind", "refused",
                ledger->failed - ledger->conflicts - ledger->outages);
}

#define SHORTEST_NS (100 * WP_NS_PER_US)
#define LONGEST_NS  (500 * WP_NS_PER_S)

static void
add_times (GString *text, const WpChannelTimes *times)
{
  add_histogram (text, "wait_seconds", "Time from the arrival of a request to the start of its update.",
                 &times->wait, SHORTEST_NS, LONGEST_NS, WP_NS_PER_S);
  add_histogram (text, "response_seconds", "Time from the arrival of a request to the end of its update.",
                 &times->response, SHORTEST_NS, LONGEST_NS, WP_NS_PER_S);
  add_histogram (text, "blocked_seconds", "Time for which a request was parked.", &times->blocked,
                 SHORTEST_NS, LONGEST_NS, WP_NS_PER_S);
}

static void
add_full (GString *text, const WpLedger *ledger, guint64 peak)
{
  add_seconds (text, "queue_full_seconds_total", "counter", "Time for which queue and workers were full.",
               ledger->full_ns);
  add (text, "queue_peak_jobs", "gauge", "The most jobs queued at once in the last 60 s.", peak);
}

static void
add_database (GString *text, const WpDatabase *database)
{
  add (text, "database_up", "gauge", "1 while the database is up, 0 while it is down and jobs wait.",
       wp_database_down_since (database) == WP_TIME_NONE);
  add (text, "database_reconnects_total", "counter",
       "New connections to the database server after the first.", database->reconnects);
  add (text, "database_log_bytes", "gauge", "Size of SQLite's write-ahead log; 0 without one.",
       (guint64) database->log_bytes);
  add_histogram (text, "database_commit_seconds", "Durations of commits, without --commit-pace.",
                 &database->commit_ns, 100 * WP_NS_PER_US, 10 * WP_NS_PER_S, WP_NS_PER_S);
  add_histogram (text, "database_rows_per_commit", "Jobs of a commit.", &database->commit_rows, 1, 1000, 1);
}

static void
add_engine (GString *text, const WpBrokerCounts *counts)
{
  add (text, "engine_up", "gauge", "1 while the shared queue takes jobs.",
       counts->node != NULL && !counts->blocked);
  add (text, "engine_blocked", "gauge", "1 while the broker blocks publishers: low on memory or disk.",
       counts->blocked);
  add (text, "engine_ready_jobs", "gauge", "Jobs in the shared queue.", counts->ready);
  if (counts->capacity > 0)
    add (text, "engine_capacity", "gauge", "Capacity of the shared queue, in jobs.", counts->capacity);
  add (text, "engine_consumers", "gauge", "Consumers of the shared queue.", counts->consumers);
  add (text, "engine_reconnects_total", "counter", "New connections to the broker after the first.",
       counts->reconnects);
  add (text, "engine_refused_total", "counter", "Publishes that the broker refused: the queue was full.",
       counts->refused);
  add (text, "engine_offered_again_total", "counter",
       "Publishes of jobs that an outage left in an unknown state.", counts->offered_again);
  add (text, "jobs_redelivered_total", "counter",
       "Jobs taken that the shared queue had delivered before, here or elsewhere.", counts->redelivered);
  add (text, "jobs_dead_lettered_total", "counter", "Jobs moved to the queue of failed jobs.",
       counts->dead_lettered);
  add_histogram (text, "engine_confirm_seconds", "Time from a publish to its confirm.", &counts->confirms_ns,
                 100 * WP_NS_PER_US, 10 * WP_NS_PER_S, WP_NS_PER_S);
}

static void
add_requests (GString *text, WpEngine *engine, const WpLedger *ledger, const guint64 *refused)
{
  const WpResizes resizes = wp_engine_count_resizes (engine);

  add (text, "requests_received_total", "counter", "Complete, well-formed requests.", ledger->received);
  add (text, "jobs_recovered_total", "counter", "Jobs of an earlier run, read from the journal so far.",
       ledger->recovered);
  add (text, "jobs_taken_total", "counter", "Jobs taken from the shared queue.", ledger->taken);
  add_outcomes (text, ledger);
  add_failures (text, ledger);
  add_refusals (text, refused);
  add (text, "duplicates_total", "counter", "Stored jobs whose id was stored already.", ledger->duplicates);
  add (text, "conflicts_total", "counter", "Failed jobs whose id was stored already with another payload.",
       ledger->conflicts);
  add (text, "requests_blocked_total", "counter", "Requests that found the queue full and were parked.",
       ledger->blocked);
  add (text, "retries_total", "counter", "Repeated updates.", wp_engine_count_retries (engine));
  add (text, "resizes_total", "counter", "Changes of sizes or of the policy for a full queue.", resizes.done);
  add (text, "resizes_refused_total", "counter", "Such changes that were refused.", resizes.refused);
}

char *
wp_metrics_format (WpEngine *engine, const WpLedger *ledger, const guint64 *refused, gint64 age_ns,
                   guint64 peak, guint connections, gboolean ready)
{
  GString *text = g_string_new (NULL);
  const WpPolicy policy = wp_engine_get_policy (engine);

  add_head (text, "build_info", "gauge", "1; its label is the version of wp-server.");
  add_labelled (text, "build_info", "version", WP_VERSION, 1);
  add_requests (text, engine, ledger, refused);
  add_places (text, &policy, ledger);
  add_full (text, ledger, peak);
  add_times (text, wp_engine_get_times (engine));
  add_seconds (text, "oldest_job_age_seconds", "gauge",
               "Age of the oldest job that has not ended; 0 without one.",
               age_ns == WP_TIME_NONE ? 0 : age_ns);
  add (text, "connections", "gauge", "Open client connections.", connections);
  add (text, "ready", "gauge",
       "1 while the server takes requests, 0 while it drains, or while the journal or the database prevents "
       "that.",
       ready);
  add_database (text, wp_engine_get_database (engine));
  if (wp_engine_get_broker (engine))
    add_engine (text, wp_engine_get_broker (engine));
  if (wp_engine_get_journal (engine))
    add_journal (text, wp_engine_get_journal (engine));
  wp_process_metrics_append (text);

  return g_string_free (text, FALSE);
}
