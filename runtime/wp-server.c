/* wp-server.c - options, wiring, loop and shutdown. */
#include <glib-unix.h>
#include <libintl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/http/wp-accept-thread.h"
#include "runtime/http/wp-admin.h"
#include "runtime/http/wp-ingest.h"
#include "runtime/http/wp-http1.h"
#include "runtime/queue/wp-ledger.h"
#include "runtime/server/wp-drain.h"
#include "runtime/server/wp-listeners.h"
#include "runtime/server/wp-log-queue.h"
#include "runtime/server/wp-log.h"
#include "runtime/server/wp-resources.h"
#include "runtime/server/wp-sampler.h"
#include "runtime/server/wp-server-files.h"
#include "runtime/server/wp-server-options.h"
#include "runtime/server/wp-server-reload.h"
#include "runtime/server/wp-status-line.h"
#include "runtime/server/wp-systemd.h"
#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/base/wp-process.h"

#define ADMIN_CONNECTIONS    96
#define PROBE_CONNECTIONS    32
#define LIBSOUP_AFTER_MS     200  /* until then the start itself needs all processors */
#define LOOK_MS              1000 /* how often an idle database checks its files */
#define LEAST_RECOVERY_BYTES (1u << 20)
#define LOG_NS               (200 * WP_NS_PER_MS)
/* a terminal and a wrapper script may both forward one Ctrl-C */
#define SAME_REQUEST_NS (500 * WP_NS_PER_MS)

typedef struct {
  WpSlots *slots;
  WpHttpThread *http_thread; /* NULL: none */
} SideListener;

typedef struct {
  WpServerOptions options;
  char **argv;
  guint64 memory_bytes; /* that the server may use */
  WpClock *clock;
  WpDatabase *database;
  WpJournal *journal;   /* NULL: none */
  WpRecorder *recorder; /* NULL: none */
  WpSource *source;     /* NULL: none */
  WpEngine *engine;
  WpForecast *forecast; /* NULL: none */
  WpServerSecurity security;
  WpIngest ingest;
  WpMemoryBudget *budget;
  WpSlots *slots;
  WpListeners listeners;
  GPtrArray *http_threads;  /* (element-type WpHttpThread) */
  WpAcceptThread *acceptor; /* NULL: each HTTP thread accepts its own connections */
  WpHistory *history;       /* NULL without an admin listener, as @sampler */
  WpSampler *sampler;
  WpStatusLine *status_line; /* NULL: standard error is no terminal */
  WpAdmin admin;
  SideListener side_listeners[2]; /* admin, probe */
  GMainLoop *loop;
  WpDrain drain;
} Server;

static void
start_journal (Server *self)
{
  WpJournalCounts counts;

  wp_journal_count (self->journal, &counts);
  if (counts.backlog > 0)
    g_message (ngettext ("%s has %" G_GUINT64_FORMAT " unfinished job, which runs before new requests",
                         "%s has %" G_GUINT64_FORMAT " unfinished jobs, which run before new requests",
                         counts.backlog),
               self->options.journal, counts.backlog);
  if (counts.failed > 0)
    g_message (ngettext ("%s keeps %" G_GUINT64_FORMAT
                         " failed job: /failed.json lists it, --requeue retries it",
                         "%s keeps %" G_GUINT64_FORMAT
                         " failed jobs: /failed.json lists them, --requeue retries them",
                         counts.failed),
               self->options.journal, counts.failed);
  wp_engine_set_journal (self->engine, self->journal,
                         MAX (self->options.max_pending_bytes / 4, LEAST_RECOVERY_BYTES));
}

static void
start_http_threads (Server *self)
{
  const WpListenSocket *listen = &self->listeners.ingest;
  guint n_each = self->listeners.shared ? 0 : listen->n_addresses;
  WpConnectionLimits limits = self->options.limits;

  self->budget = wp_memory_budget_new (self->options.max_pending_bytes);
  limits.budget = self->budget;
  limits.slots = self->slots = wp_slots_new (self->options.max_connections);
  self->ingest = (WpIngest){ self->engine,          self->database->by_request,
                             self->options.by_soup, self->security.tls,
                             self->security.tokens, self->options.threads < g_get_num_processors () };
  for (guint i = 0; i < self->options.threads && listen->n_addresses > 0; i++)
    {
      g_autofree char *name = g_strdup_printf ("wp-http-%u", i);

      g_ptr_array_add (self->http_threads,
                       wp_http_thread_new (name, listen->fds + i * n_each, n_each, &limits, WP_SOUP_INGEST,
                                           wp_http1_setup, wp_pending_request_deliver, &self->ingest));
    }
  if (self->listeners.shared)
    self->acceptor
        = wp_accept_thread_new (listen->fds[0], self->http_threads, self->slots, !self->listeners.inherited);
}

static void
start_side_listener (SideListener *self, const char *name, const char *whose, const WpListenSocket *listen,
                     guint n_connections, WpSoupSite site, WpAdmin *admin)
{
  WpConnectionLimits limits = {
    NULL,          5 * WP_NS_PER_S, 5 * WP_NS_PER_S, 75 * WP_NS_PER_S, 65536, .crowd = n_connections / 2,
    .whose = whose
  };

  if (listen->n_addresses == 0)
    return;
  limits.slots = self->slots = wp_slots_new (n_connections);
  self->http_thread
      = wp_http_thread_new (name, listen->fds, listen->n_addresses, &limits, site, NULL, NULL, admin);
}

static void
start_admin (Server *self)
{
  if (self->listeners.admin.n_addresses > 0)
    {
      self->history = wp_history_new (wp_history_clock (), g_get_real_time () * WP_NS_PER_US);
      self->sampler = wp_sampler_new (self->history, self->engine, self->http_threads, self->forecast);
    }
  self->admin
      = (WpAdmin){ self->engine, self->history,      self->forecast,       self->options.database_name,
                   self->budget, self->http_threads, wp_time_monotonic (), TRUE };
  if (!self->listeners.admin.bound || !g_str_has_prefix (self->listeners.admin.bound[0], "unix:"))
    self->admin.hosts = self->options.admin_hosts;
  self->admin.tokens = self->security.admin_tokens;
  start_side_listener (&self->side_listeners[0], "wp-admin", "the admin listener", &self->listeners.admin,
                       ADMIN_CONNECTIONS, WP_SOUP_ADMIN, &self->admin);
  start_side_listener (&self->side_listeners[1], "wp-probe", "the probe listener", &self->listeners.probe,
                       PROBE_CONNECTIONS, WP_SOUP_PROBE, &self->admin);
}

static void
report_ignored_options (const WpPolicy *policy)
{
  static const struct {
    WpPolicyField field;
    const char *name;
  } sizes[] = {
    { WP_POLICY_QUEUE, "--queue" },
    { WP_POLICY_WORKERS, "--workers" },
    { WP_POLICY_DISPATCHER, "--dispatcher" },
    { WP_POLICY_WHEN_FULL, "--when-full" },
    { WP_POLICY_BLOCK_TIMEOUT, "--block-timeout" },
  };
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    if ((policy->given & sizes[i].field) && !wp_policy_uses (policy, sizes[i].field))
      g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", sizes[i].name);
  if (text->len > 0)
    g_message ("mode %s ignores %s (see --mode)", wp_mode_name (policy->mode), text->str);
}

static void
add_size (GString *text, const char *before, guint64 bytes)
{
  g_autofree char *size = g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);

  g_string_append_printf (text, "%s%s", before, size);
  g_string_replace (text, "\302\240", " ", 0); /* GLib's blank is one that not every log can show */
}

/* What happens when full, and the files and memory that are limited. */
static void
report_limits (const WpServerOptions *options)
{
  const WpPolicy *policy = &options->policy;
  char time[WP_TIME_BUFFER];
  g_autoptr (GString) text = g_string_new (NULL);

  if (policy->mode == WP_MODE_DEFAULT || policy->when_full == WP_WHEN_FULL_REJECT
      || policy->block_timeout_ns == 0)
    g_string_append (text, "when full, requests get 503");
  else if (policy->block_timeout_ns == WP_TIME_NONE)
    g_string_append (text, "when full, requests wait");
  else
    g_string_append_printf (text, "when full, requests wait for at most %s",
                            wp_time_format_people (time, policy->block_timeout_ns));
  g_string_append_printf (text, "; answered when %s", wp_ack_name (policy->ack));
  if (options->journal)
    g_string_append_printf (text, "; journal %s", options->journal);
  if (options->journal)
    add_size (text, ", at most ", options->max_journal_bytes);
  if (options->record)
    g_string_append_printf (text, "; record %s", options->record);
  add_size (text, "; requests in memory: at most ", options->max_pending_bytes);
  g_message ("%s", text->str);
}

static void
report_started (const Server *self)
{
  const WpPolicy *policy = &self->options.policy;
  g_autoptr (GString) text = g_string_new (wp_mode_name (policy->mode));

  if (wp_policy_uses (policy, WP_POLICY_QUEUE))
    g_string_append_printf (text, ", queue %u", policy->queue_jobs);
  if (wp_policy_uses (policy, WP_POLICY_WORKERS))
    g_string_append_printf (text, ", workers %u", policy->workers);
  if (policy->mode == WP_MODE_DEFAULT)
    g_string_append_printf (text, ", at most %u jobs in service (--max-jobs)", self->options.max_jobs);
  g_string_append_printf (text, ", database %s", self->options.database_name);
  if (self->source)
    g_string_append_printf (text, ", jobs from %s", self->options.source);
  if (self->listeners.address)
    g_string_append_printf (text, ", http %s; listening on %s", self->options.by_soup ? "soup" : "fast",
                            self->listeners.address);
  if (self->listeners.admin_address)
    g_string_append_printf (text, ", admin on %s", self->listeners.admin_address);
  if (self->listeners.probe_address)
    g_string_append_printf (text, ", probe on %s", self->listeners.probe_address);
  g_message ("%s", text->str);
  wp_systemd_notify_ready (text->str);
  if (self->listeners.address)
    report_limits (&self->options);
  report_ignored_options (policy);
  if (wp_policy_uses (policy, WP_POLICY_DISPATCHER) && policy->dispatcher == WP_DISPATCHER_SPAWNING)
    g_message (
        "the spawning dispatcher takes every job out of the queue at once: the queue limits nothing, and "
        "memory grows without limit under overload");
}

static gboolean
prefix_option (GError **error, const char *option)
{
  g_prefix_error (error, "--%s: ", option);
  return FALSE;
}

/* Runs before anything is opened, so that a server that cannot start truncates no file. */
static gboolean
check_resources (Server *self, GError **error)
{
  guint n_threads = wp_server_options_count_threads (&self->options);

  if (!wp_resources_find_memory (n_threads, &self->memory_bytes, error)
      || !wp_resources_try_threads (n_threads, error))
    return FALSE;
  wp_server_options_set_memory_defaults (&self->options, self->memory_bytes);
  return TRUE;
}

static gboolean
on_stop (gpointer data)
{
  Server *self = data;
  char limit[WP_TIME_BUFFER];

  if (self->drain.state != WP_DRAIN_NONE && wp_time_monotonic () - self->drain.begun_ns < SAME_REQUEST_NS)
    return G_SOURCE_CONTINUE;
  if (self->drain.state != WP_DRAIN_NONE)
    {
      g_message ("the second signal stops the server at once");
      wp_drain_stop (&self->drain);
      return G_SOURCE_CONTINUE;
    }
  g_atomic_int_set (&self->admin.ready, FALSE);
  g_message ("draining for at most %s; another signal after 0.5 s stops the server at once",
             wp_time_format_people (limit, self->drain.timeout_ns));
  wp_systemd_notify_stopping ();
  wp_listeners_stop_ingest (&self->listeners);
  g_clear_pointer (&self->acceptor, wp_accept_thread_free);
  wp_drain_begin (&self->drain);

  return G_SOURCE_CONTINUE;
}

static gboolean
on_hangup (gpointer data)
{
  Server *self = data;

  wp_systemd_notify_reloading ();
  if (self->options.config)
    wp_server_reload (&self->options, self->argv, self->memory_bytes, self->engine);
  if (self->recorder)
    wp_recorder_reopen (self->recorder);
  wp_server_security_reload (&self->security);
  wp_systemd_notify_ready ("reloaded");
  return G_SOURCE_CONTINUE;
}

/* Loads libsoup early, so that the first request of the admin listener need not wait for it. */
static gboolean
on_started (gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!wp_soup_load (&error))
    g_warning ("the admin listener cannot serve requests: %s", error->message);
  return G_SOURCE_REMOVE;
}

static gboolean
on_check_database (gpointer database)
{
  wp_database_check_files (database);
  return G_SOURCE_CONTINUE;
}

/* Threads that start while the signals are blocked inherit the mask and never handle one. */
static void
mask_signals (int how)
{
  sigset_t signals;

  sigemptyset (&signals);
  sigaddset (&signals, SIGTERM);
  sigaddset (&signals, SIGINT);
  sigaddset (&signals, SIGHUP);
  pthread_sigmask (how, &signals, NULL);
}

/* Runs before the first thread and before the server reports that it is ready. Signals are handled once the
 * loop runs. */
static void
catch_signals (Server *self)
{
  mask_signals (SIG_BLOCK);
  signal (SIGPIPE, SIG_IGN);
  g_unix_signal_add (SIGTERM, on_stop, self);
  g_unix_signal_add (SIGINT, on_stop, self);
  g_unix_signal_add (SIGHUP, on_hangup, self);
}

/* The record is opened last, since that truncates its file. */
static gboolean
start (Server *self, GError **error)
{
  catch_signals (self);
  if (self->options.by_soup && !wp_soup_load (error))
    return prefix_option (error, "http=soup");
  self->clock = wp_clock_new (error);
  if (!self->clock || !wp_server_security_open (&self->security, &self->options, error))
    return FALSE;
  if (!wp_listeners_open (&self->listeners, &self->options, error))
    return FALSE;
  self->database = wp_server_open_database (&self->options, self->clock, error);
  if (!self->database)
    return prefix_option (error, "database");
  if (self->options.source && !(self->source = wp_server_open_source (&self->options, error)))
    return prefix_option (error, "source");
  if (self->options.journal && !(self->journal = wp_server_open_journal (&self->options, error)))
    return prefix_option (error, "journal");
  if (self->options.record && !(self->recorder = wp_server_open_recorder (&self->options, error)))
    return prefix_option (error, "record");

  self->engine = wp_engine_new (&self->options.policy, self->options.max_jobs, self->clock, self->database,
                                self->recorder);
  wp_engine_set_retry (self->engine, &self->options.retry);
  if (self->options.forecast && self->listeners.admin.n_addresses > 0)
    self->forecast = wp_forecast_new (self->engine, self->options.database);
  if (self->source)
    wp_engine_set_source (self->engine, self->source);
  if (self->journal)
    start_journal (self);
  self->http_threads = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_http_thread_free);
  start_http_threads (self);
  start_admin (self);
  self->drain = (WpDrain){ self->options.drain_timeout_ns, self->engine, self->source, self->http_threads,
                           self->loop };
  report_started (self);
  wp_systemd_start_watchdog ();
  wp_log_start_thread (); /* the lines so far were written directly */
  self->status_line = wp_status_line_new (self->engine);
  if (self->source)
    self->source->class->start (self->source);

  return TRUE;
}

/* Stops all threads before it joins the first, so that they stop in parallel. */
static void
stop_http_threads (Server *self)
{
  for (guint i = 0; i < self->http_threads->len; i++)
    wp_http_thread_stop (self->http_threads->pdata[i]);
  for (guint i = 0; i < G_N_ELEMENTS (self->side_listeners); i++)
    if (self->side_listeners[i].http_thread)
      wp_http_thread_stop (self->side_listeners[i].http_thread);
  for (guint i = 0; i < self->http_threads->len; i++)
    wp_http_thread_join (self->http_threads->pdata[i]);
  for (guint i = 0; i < G_N_ELEMENTS (self->side_listeners); i++)
    if (self->side_listeners[i].http_thread)
      wp_http_thread_join (self->side_listeners[i].http_thread);
}

static void
report_closed_connections (const Server *self)
{
  guint n = wp_drain_count_connections (&self->drain);

  if (n > 0)
    g_warning (ngettext ("%u connection was closed, perhaps before its response",
                         "%u connections were closed, perhaps before their responses", n),
               n);
}

/* The journal gets half of the remaining time, the record most of the rest. */
static gboolean
close_journal (Server *self)
{
  g_autoptr (GError) error = NULL;
  gint64 now_ns = wp_time_monotonic (), left_ns = wp_drain_get_deadline (&self->drain) - now_ns;

  if (!self->journal || wp_journal_close (self->journal, now_ns + left_ns / 2, &error))
    return TRUE;
  g_warning ("the journal is not complete: %s", error->message);
  return FALSE;
}

static gboolean
close_record (Server *self, guint64 n_rows)
{
  g_autoptr (GError) error = NULL;
  gint64 now_ns = wp_time_monotonic (), left_ns = wp_drain_get_deadline (&self->drain) - now_ns;

  wp_engine_record_unfinished (self->engine);
  if (!self->recorder || wp_recorder_close (self->recorder, n_rows, now_ns + left_ns / 5 * 4, &error))
    return TRUE;
  g_warning ("the record is not complete: %s", error->message);
  return FALSE;
}

/* Accepted jobs, and those in the journal, that have not ended. Returns: their number. */
static guint64
report_unfinished_jobs (Server *self, const WpLedger *ledger)
{
  WpJournalCounts counts = { .backlog = 0 };
  guint64 left, kept;
  g_autoptr (GString) text = g_string_new (NULL);

  if (self->journal)
    wp_journal_count (self->journal, &counts);
  left = ledger->queued + ledger->in_service + counts.backlog;
  kept = wp_engine_count_in_journal (self->engine) + counts.backlog;
  if (left == 0)
    return 0;
  g_string_append_printf (text,
                          ngettext ("%" G_GUINT64_FORMAT " accepted job was not finished: ",
                                    "%" G_GUINT64_FORMAT " accepted jobs were not finished: ", left),
                          left);
  g_string_append_printf (text, "%" G_GUINT64_FORMAT " queued, %" G_GUINT64_FORMAT " in service",
                          ledger->queued, ledger->in_service);
  if (counts.backlog > 0)
    g_string_append_printf (text, ", %" G_GUINT64_FORMAT " from an earlier run not started", counts.backlog);
  g_string_append (text, "; ");
  if (self->source)
    g_string_append_printf (text, ngettext ("%s delivers it again", "%s delivers them again", left),
                            self->options.source);
  else if (!self->journal)
    g_string_append (text, ngettext ("no journal keeps it", "no journal keeps them", left));
  else if (kept == left)
    g_string_append_printf (text, ngettext ("it is kept in %s", "they are kept in %s", left),
                            self->options.journal);
  else
    g_string_append_printf (text,
                            "%" G_GUINT64_FORMAT " are kept in %s, the others were not written to it, "
                            "and their requests were not answered",
                            kept, self->options.journal);
  g_warning ("%s", text->str);

  return left;
}

static void
report_acked_failures (Server *self, guint64 n)
{
  if (n > 0)
    g_warning (ngettext ("%" G_GUINT64_FORMAT " acknowledged job failed, and is %s%s",
                         "%" G_GUINT64_FORMAT " acknowledged jobs failed, and are %s%s", n),
               n, self->journal ? "kept in " : "lost", self->journal ? self->options.journal : "");
}

/* One that waits for its server is left behind, and one whose jobs have not ended. */
static void
close_source (Server *self)
{
  gint64 now_ns = wp_time_monotonic (), left_ns = wp_drain_get_deadline (&self->drain) - now_ns;

  if (self->source && self->drain.state == WP_DRAIN_EMPTY)
    {
      self->source->class->close (self->source, now_ns + left_ns / 2);
      self->source = NULL;
    }
}

/* Returns: the exit status. */
static int
finish (Server *self)
{
  g_autofree char *text = NULL;
  gboolean is_complete;
  guint64 n_left, n_acked_failures;
  WpLedger ledger;

  wp_engine_close (self->engine);
  wp_listeners_clear (&self->listeners);
  if (self->drain.state == WP_DRAIN_EMPTY)
    stop_http_threads (self);
  else
    report_closed_connections (self);
  close_source (self);
  is_complete = close_journal (self);
  wp_engine_count (self->engine, &ledger, NULL);
  n_left = report_unfinished_jobs (self, &ledger);
  is_complete = close_record (self, ledger.received + ledger.recovered + ledger.taken) && is_complete;
  text = wp_ledger_format (&ledger);
  g_message ("%s", text);
  n_acked_failures = wp_engine_count_acked_failures (self->engine);
  report_acked_failures (self, n_acked_failures);

  return self->drain.state == WP_DRAIN_STOPPED || !is_complete || n_left > 0 || n_acked_failures > 0
         || !wp_ledger_balances (&ledger);
}

/* Also after a start that failed half way. */
static void
server_clear (Server *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->side_listeners); i++)
    {
      g_clear_pointer (&self->side_listeners[i].http_thread, wp_http_thread_free); /* it reads the rest */
      g_clear_pointer (&self->side_listeners[i].slots, wp_slots_free);
    }
  g_clear_pointer (&self->status_line, wp_status_line_free);
  g_clear_pointer (&self->sampler, wp_sampler_free);
  if (self->forecast)
    wp_forecast_stop (self->forecast);
  g_clear_pointer (&self->history, wp_history_free);
  g_clear_pointer (&self->http_threads, g_ptr_array_unref);
  if (self->source)
    self->source->class->close (self->source, 0);
  g_clear_pointer (&self->recorder, wp_recorder_free);
  g_clear_pointer (&self->database, wp_database_free);
  g_clear_pointer (&self->clock, wp_clock_free);
  wp_server_security_clear (&self->security);
  g_clear_pointer (&self->journal, wp_journal_free);
  g_clear_pointer (&self->engine, wp_engine_free);
  g_clear_pointer (&self->forecast, wp_forecast_free);
  g_clear_pointer (&self->budget, wp_memory_budget_free);
  g_clear_pointer (&self->slots, wp_slots_free);
  wp_listeners_clear (&self->listeners);
  g_main_loop_unref (self->loop);
  wp_server_options_clear (&self->options);
}

/* A slow reader of standard error gets the rest of the drain timeout, and at least LOG_NS. */
static void
close_log (const Server *self)
{
  wp_log_queue_close (MAX (wp_drain_get_deadline (&self->drain), wp_time_monotonic () + LOG_NS));
}

/* Returns: the exit status. */
static int
run (Server *self)
{
  int status;

  if (self->side_listeners[0].http_thread || self->side_listeners[1].http_thread)
    g_timeout_add (LIBSOUP_AFTER_MS, on_started, NULL);
  g_timeout_add (LOOK_MS, on_check_database, self->database);
  mask_signals (SIG_UNBLOCK);
  g_main_loop_run (self->loop);
  status = finish (self);
  /* Jobs in service and open connections still use their objects, so nothing can be freed. */
  if (status != 0 || self->drain.state != WP_DRAIN_EMPTY)
    {
      close_log (self);
      _exit (status);
    }
  return status;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Server self = { .argv = argv };
  gboolean is_valid;
  int status;

  wp_process_begin ("wp-server");
  wp_log_start ("wp-server");
  self.loop = g_main_loop_new (NULL, FALSE);
  is_valid = wp_server_options_read (&self.options, wp_resources_raise_files (), argv, &error);
  wp_log_set_level (self.options.log_level);
  if (!is_valid)
    status = wp_options_fail (error);
  else if (self.options.check_config)
    status = wp_server_check_config (&self.options);
  else if (self.options.init_database)
    status = wp_server_init_database (&self.options);
  else if (self.options.requeue)
    status = wp_server_requeue (&self.options);
  else if (!check_resources (&self, &error) || !start (&self, &error))
    status = wp_options_fail (error);
  else
    status = run (&self);
  server_clear (&self);
  close_log (&self);

  return wp_process_end (status);
}
