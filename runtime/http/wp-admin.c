#include "runtime/http/wp-admin.h"

#include <math.h>
#include <string.h>

#include "runtime/database/wp-journal.h"
#include "runtime/queue/wp-ledger.h"
#include "runtime/http/wp-admin-sizes.h"
#include "runtime/http/wp-dashboard.h"
#include "runtime/http/wp-forecast-pages.h"
#include "runtime/http/wp-history-page.h"
#include "runtime/http/wp-metrics.h"
#include "runtime/http/wp-server-sent-events.h"
#include "runtime/http/wp-soup.h"
#include "runtime/http/wp-response-text.h"
#include "runtime/http/wp-stream.h"
#include "sim/base/wp-text.h"
#include "sim/trace/wp-json-add.h"

#define MAX_LISTENERS 32u /* of /events */
#define WARN_EACH_NS  (60 * WP_NS_PER_S)

#define MAX_LISTED 100

/* Values of a client may be invalid UTF-8. */
static void
add_foreign_string (JsonBuilder *json, const char *name, const char *value)
{
  g_autofree char *valid = g_utf8_make_valid (value, -1);

  wp_json_add_string (json, name, valid);
}

static void
add_failed (const WpFailedJob *job, gpointer data)
{
  JsonBuilder *json = data;

  json_builder_begin_object (json);
  add_foreign_string (json, "id", job->id);
  wp_json_add_string (json, "received", job->received);
  wp_json_add_string (json, "failed", job->failed);
  add_foreign_string (json, "reason", job->reason ? job->reason : "");
  wp_json_add_count (json, "updates", (guint64) job->updates);
  wp_json_add_string (json, "method", job->method);
  add_foreign_string (json, "path", job->path);
  wp_json_add_count (json, "bytes", (guint64) job->bytes);
  json_builder_end_object (json);
}

/* Returns: JSON: the number of failed jobs, and the last 100, latest first; NULL with an error. Any thread.
 */
static char *
failed_format (WpJournal *journal, GError **error)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  WpJournalCounts counts;

  wp_journal_count (journal, &counts);
  json_builder_begin_object (json);
  wp_json_add_string (json, "journal", wp_journal_get_path (journal));
  wp_json_add_count (json, "failed", counts.failed);
  wp_json_begin_array (json, "jobs");
  if (!wp_journal_file_list_failed (wp_journal_get_path (journal), MAX_LISTED, add_failed, json, error))
    return NULL;
  json_builder_end_array (json);
  json_builder_end_object (json);

  return wp_json_text (json, TRUE);
}

static void
add_fields (JsonBuilder *json, const WpLedger *ledger, const WpLedgerField *fields)
{
  for (; fields->name; fields++)
    wp_json_add_count (json, wp_ledger_field_name (ledger, fields), wp_ledger_field_value (ledger, fields));
}

static void
add_size (JsonBuilder *json, const char *name, const WpPolicy *policy, WpPolicyField field, guint value)
{
  json_builder_set_member_name (json, name);
  if (wp_policy_uses (policy, field))
    json_builder_add_int_value (json, value);
  else
    json_builder_add_null_value (json);
}

static void
add_policy (JsonBuilder *json, const WpAdmin *self)
{
  const WpPolicy now = wp_engine_get_policy (self->engine), *policy = &now;
  gboolean pool = wp_policy_uses (policy, WP_POLICY_DISPATCHER),
           fills = wp_policy_uses (policy, WP_POLICY_WHEN_FULL);

  wp_json_add_string (json, "mode", wp_mode_name (policy->mode));
  add_size (json, "queue", policy, WP_POLICY_QUEUE, policy->queue_jobs);
  add_size (json, "workers", policy, WP_POLICY_WORKERS, policy->workers);
  wp_json_add_string (json, "dispatcher", pool ? wp_dispatcher_name (policy->dispatcher) : NULL);
  wp_json_add_string (json, "when_full", fills ? wp_when_full_name (policy->when_full) : NULL);
  wp_json_add_seconds (json, "block_timeout", fills ? policy->block_timeout_ns : WP_TIME_NONE);
  wp_json_add_string (json, "ack", wp_ack_name (policy->ack));
  wp_json_add_string (json, "database", self->database);
}

static void
add_journal (JsonBuilder *json, WpJournal *journal)
{
  WpJournalCounts counts;

  json_builder_set_member_name (json, "journal");
  if (!journal)
    {
      json_builder_add_null_value (json);
      return;
    }
  wp_journal_count (journal, &counts);
  json_builder_begin_object (json);
  wp_json_add_string (json, "file", wp_journal_get_path (journal));
  wp_json_add_boolean (json, "writable", counts.writable);
  wp_json_add_count (json, "failed", counts.failed);
  wp_json_add_count (json, "refused", counts.refused);
  wp_json_add_count (json, "commits", counts.commits);
  wp_json_add_count (json, "backlog", counts.backlog);
  wp_json_add_count (json, "file_bytes", counts.file_bytes);
  wp_json_add_count (json, "log_bytes", counts.log_bytes);
  json_builder_end_object (json);
}

/* WP_TIME_NONE: there are none. */
static gint64
mean_of (const WpDecimalHistogram *times_ns)
{
  guint64 n = wp_decimal_histogram_count (times_ns, WP_DECIMAL_BOUNDS);

  return n > 0 ? (gint64) (times_ns->sum / n) : WP_TIME_NONE;
}

/* The shared queue that jobs go to or come from. */
static void
add_engine (JsonBuilder *json, const WpBrokerCounts *counts, guint workers)
{
  json_builder_set_member_name (json, "engine");
  if (!counts)
    {
      json_builder_add_null_value (json);
      return;
    }
  json_builder_begin_object (json);
  wp_json_add_boolean (json, "up", counts->node != NULL && !counts->blocked);
  wp_json_add_boolean (json, "blocked", counts->blocked);
  wp_json_add_string (json, "node", counts->node);
  wp_json_add_count (json, "ready", counts->ready);
  wp_json_add_whole (json, "capacity", counts->capacity > 0 ? (double) counts->capacity : NAN);
  wp_json_add_count (json, "consumers", counts->consumers);
  wp_json_add_count (json, "window", MIN (counts->window, workers));
  wp_json_add_count (json, "unconfirmed", counts->unconfirmed);
  wp_json_add_count (json, "refused", counts->refused);
  wp_json_add_count (json, "offered_again", counts->offered_again);
  wp_json_add_count (json, "reconnects", counts->reconnects);
  wp_json_add_count (json, "redelivered", counts->redelivered);
  wp_json_add_count (json, "dead_lettered", counts->dead_lettered);
  wp_json_add_seconds (json, "confirm_seconds", mean_of (&counts->confirms_ns));
  json_builder_end_object (json);
}

static guint
count_connections (const WpAdmin *self)
{
  guint n = 0;

  for (guint i = 0; i < self->http_threads->len; i++)
    n += wp_http_thread_count_connections (self->http_threads->pdata[i]);
  return n;
}

static void
count_refusals (const WpAdmin *self, guint64 counts[WP_N_HTTP_ERRORS])
{
  memset (counts, 0, WP_N_HTTP_ERRORS * sizeof *counts);
  for (guint i = 0; i < self->http_threads->len; i++)
    wp_http_thread_add_refusals (self->http_threads->pdata[i], counts);
}

static void
add_refused (JsonBuilder *json, const WpAdmin *self)
{
  guint64 counts[WP_N_HTTP_ERRORS];

  count_refusals (self, counts);
  wp_json_begin_object (json, "refused");
  for (WpHttpError i = 0; i < WP_N_HTTP_ERRORS; i++)
    wp_json_add_count (json, wp_http_error_name (i), counts[i]);
  json_builder_end_object (json);
}

/* NULL: the server is ready. */
static char *
why_not_ready (const WpAdmin *self)
{
  WpJournal *journal = wp_engine_get_journal (self->engine);
  WpJournalCounts counts = { .writable = TRUE, .readable = TRUE };

  if (journal)
    wp_journal_count (journal, &counts);
  if (!g_atomic_int_get (&self->ready))
    return g_strdup ("draining\n");
  if (!counts.writable || !counts.readable)
    return g_strdup (counts.writable ? "the journal cannot be read\n" : "the journal cannot be written\n");
  if (wp_engine_is_stuck (self->engine))
    {
      g_autofree char *reason = wp_database_down_reason (wp_engine_get_database (self->engine)),
                      *escaped = wp_text_escape (reason);

      return g_strdup_printf ("database down: %s\n", escaped);
    }
  return wp_engine_has_no_source (self->engine) ? g_strdup ("shared queue down\n") : NULL;
}

static gboolean
is_ready (const WpAdmin *self)
{
  g_autofree char *why_not = why_not_ready (self);

  return !why_not;
}

/* WP_TIME_NONE: it is up. */
static gint64
database_down_ns (const WpAdmin *self, gint64 now_ns)
{
  gint64 since_ns = wp_database_down_since (wp_engine_get_database (self->engine));

  return since_ns == WP_TIME_NONE ? WP_TIME_NONE : now_ns - since_ns;
}

static gboolean
database_is_up (const WpAdmin *self)
{
  return database_down_ns (self, 0) == WP_TIME_NONE;
}

static void
add_ready (JsonBuilder *json, const WpAdmin *self)
{
  g_autofree char *why_not = why_not_ready (self);

  wp_json_add_boolean (json, "ready", !why_not);
  wp_json_add_string (json, "not_ready", why_not ? g_strchomp (why_not) : NULL);
}

static char *
make_stats (const WpAdmin *self, gboolean pretty)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  const WpResizes resizes = wp_engine_count_resizes (self->engine);
  gint64 now_ns, oldest_ns;
  WpLedger ledger;

  wp_engine_count (self->engine, &ledger, &oldest_ns);
  now_ns = wp_time_monotonic ();
  json_builder_begin_object (json);
  wp_json_add_string (json, "version", WP_VERSION);
  wp_json_add_seconds (json, "uptime", now_ns - self->started_ns);
  add_ready (json, self);
  add_policy (json, self);
  wp_json_begin_object (json, "ledger");
  add_fields (json, &ledger, wp_ledger_entered);
  add_fields (json, &ledger, wp_ledger_placed);
  wp_json_add_boolean (json, "balances", wp_ledger_balances (&ledger));
  json_builder_end_object (json);
  add_fields (json, &ledger, wp_ledger_others);
  wp_json_add_count (json, "retries", wp_engine_count_retries (self->engine));
  wp_json_add_seconds (json, "time_full", ledger.full_ns);
  wp_json_add_count (json, "resizes", resizes.done);
  wp_json_add_count (json, "resizes_refused", resizes.refused);
  wp_json_add_boolean (json, "resizes_allowed", self->tokens != NULL);
  wp_json_add_boolean (json, "database_up", database_is_up (self));
  wp_json_add_seconds (json, "database_down", database_down_ns (self, now_ns));
  wp_json_add_count (json, "database_reconnects", wp_engine_get_database (self->engine)->reconnects);
  wp_json_add_count (json, "database_commits",
                     wp_decimal_histogram_count (&wp_engine_get_database (self->engine)->commit_ns,
                                                 WP_DECIMAL_BOUNDS));
  wp_json_add_count (json, "database_log_bytes", (guint64) wp_engine_get_database (self->engine)->log_bytes);
  add_journal (json, wp_engine_get_journal (self->engine));
  add_engine (json, wp_engine_get_broker (self->engine), wp_engine_get_policy (self->engine).workers);
  wp_json_add_seconds (json, "oldest_age", oldest_ns == WP_TIME_NONE ? WP_TIME_NONE : now_ns - oldest_ns);
  wp_json_add_count (json, "pending_bytes", wp_memory_budget_held (self->budget));
  wp_json_add_count (json, "connections", count_connections (self));
  add_refused (json, self);
  json_builder_end_object (json);

  return wp_json_text (json, pretty);
}

static char *
make_event (gpointer data)
{
  return make_stats (data, FALSE);
}

static char *
make_metrics (const WpAdmin *self)
{
  guint64 refused[WP_N_HTTP_ERRORS];
  gint64 oldest_ns;
  WpLedger ledger;
  char *text;

  wp_engine_count (self->engine, &ledger, &oldest_ns);
  count_refusals (self, refused);
  text = wp_metrics_format (self->engine, &ledger, refused,
                            oldest_ns == WP_TIME_NONE ? WP_TIME_NONE : wp_time_monotonic () - oldest_ns,
                            wp_history_peak (self->history, wp_history_clock (), 60),
                            count_connections (self), is_ready (self));
  return self->forecast ? wp_forecast_add_metrics (self->forecast, text) : text;
}

static void
respond (SoupServerMessage *message, guint status, const char *type, char *text)
{
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Cache-Control",
                                "no-store");
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, type, SOUP_MEMORY_TAKE, text, strlen (text));
}

/* Called before a body has arrived. */
static void
refuse (SoupServerMessage *message, guint status, const char *text)
{
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Connection", "close");
  soup_server_message_set_status (message, status, wp_status_phrase (status));
  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_STATIC, text, strlen (text));
}

static void
begin_response (SoupServerMessage *message)
{
  wp_connection_set_state (wp_soup_get_connection (message), WP_CONNECTION_RESPONSE);
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "X-Content-Type-Options",
                                "nosniff");
}

/* A body within the limit is read and discarded before the response. */
static void
allow_reading (SoupServerMessage *message, gboolean may_put)
{
  const char *method = soup_server_message_get_method (message);

  if (g_str_equal (method, "GET") || g_str_equal (method, "HEAD"))
    return;
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Allow",
                                may_put ? "GET, HEAD, PUT" : "GET, HEAD");
  refuse (message, SOUP_STATUS_METHOD_NOT_ALLOWED,
          may_put ? "This listener supports only GET, HEAD and PUT here.\n"
                  : "This listener supports only GET and HEAD.\n");
}

static void
on_probe_head (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query,
               gpointer data)
{
  begin_response (message);
  allow_reading (message, FALSE);
}

static void
admit_change (const WpAdmin *self, SoupServerMessage *message, const WpRequest *request)
{
  const char *text;
  guint status = wp_admin_sizes_admit (self->engine, self->tokens, request, &text);

  if (status == 0)
    return;
  if (status == WP_STATUS_UNAUTHORIZED)
    soup_message_headers_replace (soup_server_message_get_response_headers (message), "WWW-Authenticate",
                                  WP_RESPONSE_TEXT_CHALLENGE);
  refuse (message, status, text);
}

static char *
path_of (SoupServerMessage *message)
{
  WpSlice path = wp_stream_get_request (wp_soup_get_connection (message))->path;

  return g_strndup (path.bytes, path.len);
}

static void
on_head (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  const WpAdmin *self = data;
  const WpRequest *request = wp_stream_get_request (wp_soup_get_connection (message));
  g_autofree char *its_path = path_of (message);
  gboolean changes = g_strcmp0 (request->method, "PUT") == 0 && wp_admin_sizes_has (its_path);

  begin_response (message);
  if (!changes)
    allow_reading (message, wp_admin_sizes_has (its_path));
  else
    admit_change (self, message, request);
  if (self->hosts && !wp_hosts_admit (self->hosts, request->host))
    refuse (message, WP_STATUS_MISDIRECTED,
            "The admin listener does not serve the name in Host; --admin-host=NAME adds a name.\n");
}

static void
respond_failed (const WpAdmin *self, SoupServerMessage *message)
{
  WpJournal *journal = wp_engine_get_journal (self->engine);
  g_autoptr (GError) error = NULL;
  char *text = journal ? failed_format (journal, &error) : NULL;

  if (!journal)
    respond (message, SOUP_STATUS_NOT_FOUND, "text/plain",
             g_strdup ("There is no list of failed jobs without --journal.\n"));
  else if (text)
    respond (message, SOUP_STATUS_OK, "application/json", text);
  else
    respond (message, SOUP_STATUS_INTERNAL_SERVER_ERROR, "text/plain",
             g_strdup_printf ("%s\n", error->message));
}

static void
respond_history (const WpAdmin *self, SoupServerMessage *message)
{
  WpSlice slice = wp_stream_get_request (wp_soup_get_connection (message))->query;
  g_autofree char *query = g_strndup (slice.bytes, slice.len);
  g_autoptr (GError) error = NULL;
  WpPolicy policy = wp_engine_get_policy (self->engine);
  char *page = wp_history_page (self->history, &policy, query, &error);

  if (page)
    respond (message, SOUP_STATUS_OK, "application/json", page);
  else
    respond (message, SOUP_STATUS_BAD_REQUEST, "text/plain", g_strdup_printf ("%s\n", error->message));
}

/* The limit keeps connections free for other requests, above all for probes. */
static void
respond_events (WpAdmin *self, SoupServerMessage *message)
{
  gint64 now_ns = wp_time_monotonic ();

  if (self->n_listeners < MAX_LISTENERS)
    {
      wp_server_sent_events_start (message, wp_soup_get_connection (message), make_event, self,
                                   &self->n_listeners);
      return;
    }
  if (self->warned_ns == 0 || now_ns - self->warned_ns > WARN_EACH_NS)
    {
      g_warning ("%u clients read /events of the admin listener, the maximum: others get 503", MAX_LISTENERS);
      self->warned_ns = now_ns;
    }
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Retry-After", "5");
  respond (message, SOUP_STATUS_SERVICE_UNAVAILABLE, "text/plain",
           g_strdup ("The maximum number of clients read /events; /stats.json has the same figures.\n"));
}

/* Without its question mark. */
static char *
query_of (SoupServerMessage *message)
{
  WpSlice query = wp_stream_get_request (wp_soup_get_connection (message))->query;

  return query.len > 0 ? g_strndup (query.bytes + 1, query.len - 1) : g_strdup ("");
}

/* FALSE: @path is not one of the forecast's. */
static gboolean
respond_forecast (const WpAdmin *self, SoupServerMessage *message, const char *path)
{
  gboolean what_if = g_str_equal (path, "/what-if.json");
  g_autofree char *query = query_of (message);
  guint status = SOUP_STATUS_OK;
  char *text;

  if (!what_if && !g_str_equal (path, "/forecast.json"))
    return FALSE;
  if (!self->forecast)
    {
      respond (message, SOUP_STATUS_NOT_FOUND, "text/plain",
               g_strdup ("There is no forecast with --forecast=off.\n"));
      return TRUE;
    }
  text = what_if ? wp_what_if_format (self->forecast, self->history, query, &status)
                 : wp_forecast_format (self->forecast);
  respond (message, status, status == SOUP_STATUS_OK ? "application/json" : "text/plain", text);
  return TRUE;
}

static void
respond_ready (const WpAdmin *self, SoupServerMessage *message)
{
  char *why_not = why_not_ready (self);
  const char *ready = database_is_up (self) ? "ready\n" : "ready, but database down: jobs wait\n";

  respond (message, why_not ? SOUP_STATUS_SERVICE_UNAVAILABLE : SOUP_STATUS_OK, "text/plain",
           why_not ? why_not : g_strdup (ready));
}

/* FALSE: @path is not one of a probe. */
static gboolean
respond_probe (const WpAdmin *self, SoupServerMessage *message, const char *path)
{
  if (g_str_equal (path, "/healthz"))
    respond (message, SOUP_STATUS_OK, "text/plain", g_strdup ("ok\n"));
  else if (g_str_equal (path, "/readyz"))
    respond_ready (self, message);
  else
    return FALSE;
  return TRUE;
}

static void
on_probe (SoupServer *server, SoupServerMessage *message, const char *root, GHashTable *query, gpointer data)
{
  g_autofree char *path = path_of (message);

  if (!respond_probe (data, message, path))
    respond (message, SOUP_STATUS_NOT_FOUND, "text/plain",
             g_strdup ("This listener serves /healthz and /readyz.\n"));
}

static void
respond_sizes (const WpAdmin *self, SoupServerMessage *message, const char *path)
{
  SoupMessageBody *body = soup_server_message_get_request_body (message);
  char *text;
  guint status = soup_server_message_get_method (message) == SOUP_METHOD_PUT
                     ? wp_admin_sizes_put (self->engine, path, body->data, (gsize) body->length, &text)
                     : wp_admin_sizes_get (self->engine, path, &text);

  respond (message, status, "text/plain", text);
}

static void
on_request (SoupServer *server, SoupServerMessage *message, const char *root, GHashTable *query,
            gpointer data)
{
  WpAdmin *self = data;
  g_autofree char *path = path_of (message);

  if (respond_probe (self, message, path) || wp_dashboard_respond (message, path)
      || respond_forecast (self, message, path))
    return;
  if (g_str_equal (path, "/stats.json"))
    respond (message, SOUP_STATUS_OK, "application/json", make_stats (self, TRUE));
  else if (g_str_equal (path, "/history.json"))
    respond_history (self, message);
  else if (g_str_equal (path, "/metrics"))
    respond (message, SOUP_STATUS_OK, "text/plain; version=0.0.4; charset=utf-8", make_metrics (self));
  else if (g_str_equal (path, "/events") && soup_server_message_get_method (message) == SOUP_METHOD_GET)
    respond_events (self, message);
  else if (g_str_equal (path, "/failed.json"))
    respond_failed (self, message);
  else if (wp_admin_sizes_has (path))
    respond_sizes (self, message, path);
  else
    respond (
        message, SOUP_STATUS_NOT_FOUND, "text/plain",
        g_strdup (
            "This listener serves /, /metrics, /stats.json, /history.json, /forecast.json, /what-if.json, "
            "/failed.json, /events, /workers, /queue, /policy, /healthz and /readyz.\n"));
}

WpReaderRules
wp_admin_setup (WpHttpThread *http_thread, SoupServer *server, gpointer admin)
{
  wp_dashboard_setup ();
  soup_server_add_early_handler (server, NULL, on_head, admin, NULL);
  soup_server_add_handler (server, NULL, on_request, admin, NULL);

  return (WpReaderRules){ .any_method = TRUE };
}

WpReaderRules
wp_admin_setup_probe (WpHttpThread *http_thread, SoupServer *server, gpointer admin)
{
  soup_server_add_early_handler (server, NULL, on_probe_head, admin, NULL);
  soup_server_add_handler (server, NULL, on_probe, admin, NULL);

  return (WpReaderRules){ .any_method = TRUE };
}
