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
#include "runtime/http/wp-pending-request.h"
#include "runtime/http/wp-ingest.h"
#include "runtime/http/wp-ingest-thread.h"
#include "runtime/engine/wp-ledger-fields.h"
#include "runtime/server/wp-drain.h"
#include "runtime/server/wp-listeners.h"
#include "runtime/server/wp-log-queue.h"
#include "runtime/server/wp-log.h"
#include "runtime/server/wp-resources.h"
#include "runtime/server/wp-server-files.h"
#include "runtime/server/wp-server-options.h"
#include "runtime/server/wp-server-security.h"
#include "runtime/server/wp-systemd.h"
#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/base/wp-process.h"

#define ADMIN_CONNECTIONS    96
#define PROBE_CONNECTIONS    32
#define LIBSOUP_AFTER_MS     200  /* a start has a use for all processors until then */
#define LOOK_MS              1000 /* at the files of the database, where no commit does that */
#define LEAST_RECOVERY_BYTES (1u << 20)
#define LOG_NS               (200 * WP_NS_PER_MS)
/* a terminal and a wrapper script each send a Ctrl-C on */
#define SAME_REQUEST_NS (500 * WP_NS_PER_MS)

/* A front beside those of requests. */
typedef struct {
  WpSlots *slots;
  WpHttpThread *http_thread; /* NULL: none */
} Aside;

typedef struct {
  WpServerOptions options;
  WpClock *clock;
  WpDatabase *database;
  WpJournal *journal;   /* NULL: none */
  WpRecorder *recorder; /* NULL: none */
  WpEngine *engine;
  WpServerSecurity security;
  WpIngest ingest;
  WpMemoryBudget *budget;
  WpSlots *slots;
  WpListeners listeners;
  GPtrArray *http_threads;  /* (element-type WpHttpThread) */
  WpAcceptThread *acceptor; /* NULL: each front accepts by itself */
  WpAdmin admin;
  Aside asides[2]; /* the admin listener, the probe's */
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
                         " failed job: /failed.json lists it, --requeue gives it another chance",
                         "%s keeps %" G_GUINT64_FORMAT
                         " failed jobs: /failed.json lists them, --requeue gives them another chance",
                         counts.failed),
               self->options.journal, counts.failed);
  wp_engine_set_journal (self->engine, self->journal,
                         MAX (self->options.max_pending_bytes / 4, LEAST_RECOVERY_BYTES));
}

static void
start_fronts (Server *self)
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
  for (guint i = 0; i < self->options.threads; i++)
    {
      g_autofree char *name = g_strdup_printf ("wp-http-%u", i);

      g_ptr_array_add (self->http_threads,
                       wp_http_thread_new (name, listen->fds + i * n_each, n_each, &limits, WP_SOUP_INGEST,
                                           wp_ingest_thread_setup, wp_pending_request_deliver,
                                           &self->ingest));
    }
  if (self->listeners.shared)
    self->acceptor
        = wp_accept_thread_new (listen->fds[0], self->http_threads, self->slots, !self->listeners.inherited);
}

static void
start_aside (Aside *self, const char *name, const char *whose, const WpListenSocket *listen,
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
  self->admin = (WpAdmin){ self->engine,       self->options.database, self->budget,
                           self->http_threads, wp_time_monotonic (),   TRUE };
  if (!self->listeners.admin.bound || !g_str_has_prefix (self->listeners.admin.bound[0], "unix:"))
    self->admin.hosts = self->options.admin_hosts;
  start_aside (&self->asides[0], "wp-admin", "the admin listener", &self->listeners.admin, ADMIN_CONNECTIONS,
               WP_SOUP_ADMIN, &self->admin);
  start_aside (&self->asides[1], "wp-probe", "the probe listener", &self->listeners.probe, PROBE_CONNECTIONS,
               WP_SOUP_PROBE, &self->admin);
}

/* They are accepted and ignored; who meant another mode learns it here. */
static void
say_what_has_no_effect (const WpPolicy *policy)
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
    g_message ("%s: without effect in mode %s (see --mode)", text->str, wp_mode_name (policy->mode));
}

static void
say_hello (const Server *self)
{
  const WpPolicy *policy = &self->options.policy;
  g_autoptr (GString) text = g_string_new (wp_mode_name (policy->mode));

  if (wp_policy_uses (policy, WP_POLICY_QUEUE))
    g_string_append_printf (text, ", queue %u", policy->queue_jobs);
  if (wp_policy_uses (policy, WP_POLICY_WORKERS))
    g_string_append_printf (text, ", workers %u", policy->workers);
  if (policy->mode == WP_MODE_DEFAULT)
    g_string_append_printf (text, ", at most %u jobs in service (--max-jobs)", self->options.max_jobs);
  g_string_append_printf (text, ", database %s, http %s; listening on %s", self->options.database,
                          self->options.by_soup ? "soup" : "fast", self->listeners.address);
  if (self->listeners.admin_address)
    g_string_append_printf (text, ", admin on %s", self->listeners.admin_address);
  if (self->listeners.probe_address)
    g_string_append_printf (text, ", probe on %s", self->listeners.probe_address);
  g_message ("%s", text->str);
  wp_systemd_notify_ready (text->str);
  say_what_has_no_effect (policy);
  if (wp_policy_uses (policy, WP_POLICY_DISPATCHER) && policy->dispatcher == WP_DISPATCHER_SPAWNING)
    g_message (
        "the spawning dispatcher takes every job out of the queue at once: the queue bounds nothing, and memory grows "
        "without limit under overload");
}

static gboolean
about_option (GError **error, const char *option)
{
  g_prefix_error (error, "--%s: ", option);
  return FALSE;
}

/* All that the process will have beside its first: nothing is opened, and no file emptied, by a server that
 * cannot start. */
static gboolean
check_resources (Server *self, GError **error)
{
  guint n_threads = wp_server_options_count_threads (&self->options);
  guint64 memory_bytes;

  if (!wp_resources_find_memory (n_threads, &memory_bytes, error)
      || !wp_resources_try_threads (n_threads, error))
    return FALSE;
  wp_server_options_fit (&self->options, memory_bytes);
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
      g_message ("stopped at once");
      wp_drain_stop (&self->drain);
      return G_SOURCE_CONTINUE;
    }
  g_atomic_int_set (&self->admin.ready, FALSE);
  g_message ("draining, for %s at most; another signal after 0.5 s ends at once",
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
  if (self->recorder)
    wp_recorder_reopen (self->recorder);
  wp_server_security_reload (&self->security);
  wp_systemd_notify_ready ("reloaded");
  return G_SOURCE_CONTINUE;
}

/* Before the first request of the admin listener, most likely, which then need not wait for it. */
static gboolean
on_started (gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!wp_soup_find (&error))
    g_warning ("the admin listener serves nobody: %s", error->message);
  return G_SOURCE_REMOVE;
}

static gboolean
on_look (gpointer database)
{
  wp_database_look (database);
  return G_SOURCE_CONTINUE;
}

/* Of this thread; those that it makes meanwhile never take one. */
static void
hold_signals (int how)
{
  sigset_t signals;

  sigemptyset (&signals);
  sigaddset (&signals, SIGTERM);
  sigaddset (&signals, SIGINT);
  sigaddset (&signals, SIGHUP);
  pthread_sigmask (how, &signals, NULL);
}

/* Before anybody is told that the server is there, and before there are threads. They are handled once the
 * loop runs. */
static void
catch_signals (Server *self)
{
  hold_signals (SIG_BLOCK);
  signal (SIGPIPE, SIG_IGN);
  g_unix_signal_add (SIGTERM, on_stop, self);
  g_unix_signal_add (SIGINT, on_stop, self);
  g_unix_signal_add (SIGHUP, on_hangup, self);
}

/* Opens what can fail, and starts the rest. The record is opened last: it empties its file. */
static gboolean
start (Server *self, GError **error)
{
  catch_signals (self);
  if (self->options.by_soup && !wp_soup_find (error))
    return about_option (error, "http=soup");
  self->clock = wp_clock_new (error);
  if (!self->clock || !wp_server_security_open (&self->security, &self->options, error))
    return FALSE;
  if (!wp_listeners_open (&self->listeners, &self->options, error))
    return FALSE;
  self->database = wp_database_open (self->options.database, self->clock, error);
  if (!self->database)
    return about_option (error, "database");
  self->database->pace_ns = self->options.commit_pace_ns;
  self->database->retry_for_ns = self->options.retry_for_ns;
  if (self->options.journal && !(self->journal = wp_server_open_journal (&self->options, error)))
    return about_option (error, "journal");
  if (self->options.record && !(self->recorder = wp_server_open_recorder (&self->options, error)))
    return about_option (error, "record");

  self->engine = wp_engine_new (&self->options.policy, self->options.max_jobs, self->clock, self->database,
                                self->recorder);
  wp_engine_set_retry (self->engine, &self->options.retry);
  if (self->journal)
    start_journal (self);
  self->http_threads = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_http_thread_free);
  start_fronts (self);
  start_admin (self);
  self->drain = (WpDrain){ self->options.drain_timeout_ns, self->engine, self->http_threads, self->loop };
  say_hello (self);
  wp_systemd_start_watchdog ();
  wp_log_start_thread (); /* what was said so far is written by now */

  return TRUE;
}

/* All at once, then each. */
static void
stop_fronts (Server *self)
{
  for (guint i = 0; i < self->http_threads->len; i++)
    wp_http_thread_stop (self->http_threads->pdata[i]);
  for (guint i = 0; i < G_N_ELEMENTS (self->asides); i++)
    if (self->asides[i].http_thread)
      wp_http_thread_stop (self->asides[i].http_thread);
  for (guint i = 0; i < self->http_threads->len; i++)
    wp_http_thread_join (self->http_threads->pdata[i]);
  for (guint i = 0; i < G_N_ELEMENTS (self->asides); i++)
    if (self->asides[i].http_thread)
      wp_http_thread_join (self->asides[i].http_thread);
}

/* Nobody is waited for any more who was not in time. */
static void
say_what_is_cut (const Server *self)
{
  guint n = wp_drain_count_connections (&self->drain);

  if (n > 0)
    g_warning (ngettext ("%u connection was cut, perhaps before its answer",
                         "%u connections were cut, perhaps before their answer", n),
               n);
}

/* Half of the time that is left is the journal's, most of the rest the record's. */
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

/* Jobs that had a place, or have one in the journal, and did not end, and what becomes of them. Returns: how
 * many. */
static guint64
say_what_is_left (Server *self, const WpLedger *ledger)
{
  WpJournalCounts counts = { .backlog = 0 };
  guint64 left, kept;
  g_autoptr (GString) text = g_string_new (NULL);

  if (self->journal)
    wp_journal_count (self->journal, &counts);
  left = ledger->queued + ledger->in_service + counts.backlog;
  kept = wp_engine_count_kept (self->engine) + counts.backlog;
  if (left == 0)
    return 0;
  g_string_append_printf (text,
                          ngettext ("%" G_GUINT64_FORMAT " accepted job was not finished: ",
                                    "%" G_GUINT64_FORMAT " accepted jobs were not finished: ", left),
                          left);
  g_string_append_printf (text, "%" G_GUINT64_FORMAT " queued, %" G_GUINT64_FORMAT " in service",
                          ledger->queued, ledger->in_service);
  if (counts.backlog > 0)
    g_string_append_printf (text, ", %" G_GUINT64_FORMAT " of an earlier run not begun", counts.backlog);
  g_string_append (text, "; ");
  if (!self->journal)
    g_string_append (text, ngettext ("no journal keeps it", "no journal keeps them", left));
  else if (kept == left)
    g_string_append_printf (text, ngettext ("it is kept in %s", "they are kept in %s", left),
                            self->options.journal);
  else
    g_string_append_printf (text,
                            "%" G_GUINT64_FORMAT " are kept in %s, the others were not written to it, "
                            "and their requests not answered",
                            kept, self->options.journal);
  g_warning ("%s", text->str);

  return left;
}

/* The last line. */
static void
say_what_was_given_up (Server *self, guint64 n)
{
  if (n > 0)
    g_warning (ngettext ("%" G_GUINT64_FORMAT " acknowledged job was given up, and is %s%s",
                         "%" G_GUINT64_FORMAT " acknowledged jobs were given up, and are %s%s", n),
               n, self->journal ? "kept in " : "lost", self->journal ? self->options.journal : "");
}

/* Everything has ended, or never will: closes the books. Returns the exit status. */
static int
finish (Server *self)
{
  g_autofree char *text = NULL;
  gboolean is_complete;
  guint64 n_left, n_given_up;
  WpLedger ledger;

  wp_engine_close (self->engine);
  wp_listeners_clear (&self->listeners);
  if (self->drain.state == WP_DRAIN_EMPTY)
    stop_fronts (self);
  else
    say_what_is_cut (self);
  is_complete = close_journal (self);
  wp_engine_count (self->engine, &ledger, NULL);
  n_left = say_what_is_left (self, &ledger);
  is_complete = close_record (self, ledger.received + ledger.recovered) && is_complete;
  text = wp_ledger_format (&ledger);
  g_message ("%s", text);
  n_given_up = wp_engine_count_given_up (self->engine);
  say_what_was_given_up (self, n_given_up);

  return self->drain.state == WP_DRAIN_STOPPED || !is_complete || n_left > 0 || n_given_up > 0
         || !wp_ledger_balances (&ledger);
}

/* The books are closed: frees what was opened, of a server that did not start too. */
static void
server_clear (Server *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->asides); i++)
    {
      g_clear_pointer (&self->asides[i].http_thread, wp_http_thread_free); /* before what it looks at */
      g_clear_pointer (&self->asides[i].slots, wp_slots_free);
    }
  g_clear_pointer (&self->http_threads, g_ptr_array_unref);
  g_clear_pointer (&self->recorder, wp_recorder_free);
  g_clear_pointer (&self->database, wp_database_free);
  g_clear_pointer (&self->clock, wp_clock_free);
  wp_server_security_clear (&self->security);
  g_clear_pointer (&self->journal, wp_journal_free);
  g_clear_pointer (&self->engine, wp_engine_free);
  g_clear_pointer (&self->budget, wp_memory_budget_free);
  g_clear_pointer (&self->slots, wp_slots_free);
  wp_listeners_clear (&self->listeners);
  g_main_loop_unref (self->loop);
  wp_server_options_clear (&self->options);
}

/* A program that reads standard error has the rest of the time for it, and a little in any case. */
static void
close_log (const Server *self)
{
  wp_log_queue_close (MAX (wp_drain_get_deadline (&self->drain), wp_time_monotonic () + LOG_NS));
}

/* Returns the exit status. */
static int
run (Server *self)
{
  int status;

  if (self->asides[0].http_thread || self->asides[1].http_thread)
    g_timeout_add (LIBSOUP_AFTER_MS, on_started, NULL);
  g_timeout_add (LOOK_MS, on_look, self->database);
  hold_signals (SIG_UNBLOCK);
  g_main_loop_run (self->loop);
  status = finish (self);
  /* Where jobs are in service, or connections open, nothing that they touch can be freed: the system does
   * that. */
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
  Server self = { .loop = NULL };
  int status;

  wp_process_begin ("wp-server");
  wp_log_start ("wp-server");
  self.loop = g_main_loop_new (NULL, FALSE);
  if (!wp_server_options_read (&self.options, wp_resources_raise_files (), argv, &error))
    status = wp_options_fail (error);
  else if (self.options.check_config)
    status = wp_server_check_config (&self.options);
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
