#include "sim/compare/wp-client-view.h"

#include "sim/base/wp-error.h"

/* A median difference above this, and above 2 % of the server's mean, is a warning: the round trip is
 * shorter. */
#define A_LITTLE_NS (2 * WP_NS_PER_MS)

/* The responses of a client, as outcomes: a timeout is a refusal (503), and only a client that waits for the
 * update sees a failure. */
#define N_RESPONSES (WP_OUTCOME_FAILED + 1)

static const struct {
  WpOutcome response;
  const char *words;
} responses[] = { { WP_OUTCOME_STORED, "answered 2xx" },
                  { WP_OUTCOME_REJECTED, "answered 503" },
                  { WP_OUTCOME_ABANDONED, "left" },
                  { WP_OUTCOME_FAILED, "failed" } };

static WpOutcome
response_of (const WpRow *server, gboolean waits_for_update)
{
  if (server->outcome == WP_OUTCOME_FAILED && waits_for_update)
    return WP_OUTCOME_FAILED;
  if (server->accepted_ns != WP_TIME_NONE && server->outcome != WP_OUTCOME_ABANDONED)
    return WP_OUTCOME_STORED;

  return server->outcome == WP_OUTCOME_TIMED_OUT ? WP_OUTCOME_REJECTED : server->outcome;
}

static void
warn (GPtrArray *warnings, guint64 n, const char *what)
{
  if (n > 0)
    g_ptr_array_add (warnings, g_strdup_printf ("%" G_GUINT64_FORMAT " request%s %s", n,
                                                n == 1 ? " was" : "s were", what));
}

typedef struct {
  const WpRow *client, *server;
  gsize n_client, n_server;
  const WpMatch *match; /* of the client's rows */
  gboolean waits_for_update;
  gint64 (*server_time) (const WpRow *row);
  gint64 shift_ns; /* offset of the server's clock from the client's */
} Views;

/* Did the client leave at about the time of its response? Then both records are right: the response was in
 * flight, or the server had not noticed the departure. An accepted job continues without a client that waits
 * for its update, so there the time extends to the job's end. All other differences are contradictions. */
static gboolean
crossed (const Views *self, const WpRow *client, const WpRow *server, WpOutcome response)
{
  gint64 origin_ns = self->server[0].arrival_ns + self->shift_ns - self->client[0].arrival_ns;
  gboolean was_accepted = server->accepted_ns != WP_TIME_NONE;
  gint64 first_ns = was_accepted ? server->accepted_ns : server->ended_ns;
  gint64 last_ns = was_accepted && self->waits_for_update ? server->ended_ns : first_ns;

  if (client->outcome != WP_OUTCOME_ABANDONED || response == WP_OUTCOME_ABANDONED
      || client->ended_ns == WP_TIME_NONE || first_ns == WP_TIME_NONE || last_ns == WP_TIME_NONE)
    return FALSE;

  return client->ended_ns >= first_ns - origin_ns - WP_CLIENT_VIEW_CROSSING_NS
         && client->ended_ns <= last_ns - origin_ns + WP_CLIENT_VIEW_CROSSING_NS;
}

/* Returns the number of crossed responses. */
static gsize
compare_responses (const Views *self, GPtrArray *warnings)
{
  guint64 seen[N_RESPONSES] = { 0 }, sent[N_RESPONSES] = { 0 }, n_other = 0, n_early = 0;
  gsize n_crossed = 0;

  for (gsize i = 0; i < self->n_server; i++)
    sent[response_of (&self->server[i], self->waits_for_update)]++;
  for (gsize i = 0; i < self->n_client; i++)
    {
      const WpRow *client = &self->client[i];
      const WpRow *server
          = self->match->partners[i] == WP_NO_MATCH ? NULL : &self->server[self->match->partners[i]];
      WpOutcome response = server ? response_of (server, self->waits_for_update) : client->outcome;

      if (server && crossed (self, client, server, response))
        {
          seen[response]++;
          n_crossed++;
          continue;
        }
      seen[client->outcome]++;
      n_other += client->outcome != response;
      n_early += server && client->outcome == WP_OUTCOME_STORED && response == WP_OUTCOME_STORED
                 && self->server_time (server) != WP_TIME_NONE
                 && wp_row_sojourn (client) < self->server_time (server) - A_LITTLE_NS;
    }
  for (guint i = 0; i < G_N_ELEMENTS (responses); i++)
    if (seen[responses[i].response] != sent[responses[i].response])
      g_ptr_array_add (warnings, g_strdup_printf ("the client recorded %" G_GUINT64_FORMAT
                                                  " %s, the server %" G_GUINT64_FORMAT,
                                                  seen[responses[i].response], responses[i].words,
                                                  sent[responses[i].response]));
  warn (warnings, n_other, "answered differently in the client's record and the server's");
  warn (warnings, n_early,
        self->waits_for_update ? "answered before the server recorded them as stored"
                               : "answered before the server recorded them as accepted");

  return n_crossed;
}

static gint64
client_latency (const WpRow *row)
{
  return row->outcome == WP_OUTCOME_STORED ? wp_row_sojourn (row) : WP_TIME_NONE;
}

static void
compare_latency (const WpDifference *difference, const WpRow *server, gsize n_server,
                 gint64 (*server_time) (const WpRow *row), GPtrArray *warnings)
{
  gint64 sum_ns = 0;
  gsize n = 0;
  char buffer[WP_TIME_BUFFER];

  for (gsize i = 0; i < n_server; i++)
    if (server_time (&server[i]) != WP_TIME_NONE
        && !__builtin_add_overflow (sum_ns, server_time (&server[i]), &sum_ns))
      n++;
  if (difference->n > 0 && n > 0 && difference->median_ns > A_LITTLE_NS
      && difference->median_ns > sum_ns / (gint64) n / 50)
    g_ptr_array_add (
        warnings,
        g_strdup_printf (
            "the client's latency differs from the server's: by %s or more for half of the requests",
            wp_time_format_people (buffer, difference->median_ns)));
}

gboolean
wp_client_view_compare (WpClientView *self, const char *path, const WpMeasurement *measured,
                        GPtrArray *warnings, GError **error)
{
  g_autoptr (WpTrace) trace = wp_trace_open (path, NULL, error);
  gboolean waits_for_update = g_strcmp0 (wp_measurement_note (measured, "ack"), "stored") == 0;
  gint64 (*server_time) (const WpRow *row) = waits_for_update ? wp_row_response : wp_row_accept_latency;
  const WpRow *client, *server;
  gsize n_client, n_server, n_crossed;
  WpMatch match;

  if (!trace || !(client = wp_trace_load (trace, &n_client, error)))
    return FALSE;
  server = wp_measurement_rows (measured, &n_server);
  wp_match_rows (&match, client, n_client, server, n_server);
  n_crossed
      = compare_responses (&(Views){ client, server, n_client, n_server, &match, waits_for_update,
                                     server_time, wp_match_clock_shift (&match, client, n_client, server) },
                           warnings);
  *self
      = (WpClientView){ g_strdup (wp_trace_name (trace)), match.n_matched, n_crossed,
                        waits_for_update ? "response" : "accept latency",
                        wp_match_difference (&match, client, n_client, server, client_latency, server_time) };
  compare_latency (&self->difference, server, n_server, server_time, warnings);
  wp_match_clear (&match);

  return TRUE;
}

void
wp_client_view_clear (WpClientView *self)
{
  g_clear_pointer (&self->file, g_free);
}
