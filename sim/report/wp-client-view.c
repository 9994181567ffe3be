#include "sim/report/wp-client-view.h"

#include "sim/base/wp-error.h"

/* A median further from the server's than this, and than a fiftieth of it, is told: the way there and back takes less. */
#define A_LITTLE_NS (2 * WP_NS_PER_MS)

typedef struct { guint64 stored, rejected, abandoned, failed; } Answers;

static Answers
client_answers (const WpRow *rows, gsize n_rows)
{
  Answers self = { 0 };

  for (gsize i = 0; i < n_rows; i++)
    {
      self.stored += rows[i].outcome == WP_OUTCOME_STORED;
      self.rejected += rows[i].outcome == WP_OUTCOME_REJECTED;
      self.abandoned += rows[i].outcome == WP_OUTCOME_ABANDONED;
      self.failed += rows[i].outcome == WP_OUTCOME_FAILED;
    }

  return self;
}

/* What a client of this record should have seen: 503 for refusals and timeouts alike; a failure only where it waits for the update. */
static Answers
server_answers (const WpRow *rows, gsize n_rows, gboolean waits_for_update)
{
  Answers self = { 0 };

  for (gsize i = 0; i < n_rows; i++)
    {
      gboolean failed = waits_for_update && rows[i].outcome == WP_OUTCOME_FAILED;

      self.stored += rows[i].accepted_ns != WP_TIME_NONE && !failed;
      self.rejected += rows[i].outcome == WP_OUTCOME_REJECTED || rows[i].outcome == WP_OUTCOME_TIMED_OUT;
      self.abandoned += rows[i].outcome == WP_OUTCOME_ABANDONED;
      self.failed += failed;
    }

  return self;
}

static void
compare_count (const char *what, guint64 client, guint64 server, GPtrArray *warnings)
{
  if (client != server)
    g_ptr_array_add (warnings, g_strdup_printf ("the client saw %" G_GUINT64_FORMAT " %s, the server %" G_GUINT64_FORMAT, client, what, server));
}

static void
compare_answers (const Answers *client, const Answers *server, GPtrArray *warnings)
{
  compare_count ("answered 2xx", client->stored, server->stored, warnings);
  compare_count ("answered 503", client->rejected, server->rejected, warnings);
  compare_count ("left while parked", client->abandoned, server->abandoned, warnings);
  compare_count ("failed", client->failed, server->failed, warnings);
}

static gint64
client_latency (const WpRow *row)
{
  return row->outcome == WP_OUTCOME_STORED ? wp_row_stay (row) : WP_TIME_NONE;
}

static void
compare_latency (const WpDifference *difference, const WpRow *server, gsize n_server, gint64 (*server_time) (const WpRow *row),
                 GPtrArray *warnings)
{
  gint64 sum_ns = 0;
  gsize n = 0;
  char buffer[WP_TIME_BUFFER];

  for (gsize i = 0; i < n_server; i++)
    if (server_time (&server[i]) != WP_TIME_NONE && !__builtin_add_overflow (sum_ns, server_time (&server[i]), &sum_ns))
      n++;
  if (difference->n > 0 && n > 0 && difference->median_ns > A_LITTLE_NS && difference->median_ns > sum_ns / (gint64) n / 50)
    g_ptr_array_add (warnings, g_strdup_printf ("the client's latency is not the server's: half of the requests differ by %s or more",
                                                wp_time_format_people (buffer, difference->median_ns)));
}

gboolean
wp_client_view_compare (WpClientView *self, const char *path, const WpMeasured *measured, GPtrArray *warnings, GError **error)
{
  g_autoptr(WpTrace) trace = wp_trace_open (path, NULL, error);
  gboolean waits_for_update = g_strcmp0 (wp_measured_note (measured, "ack"), "stored") == 0;
  gint64 (*server_time) (const WpRow *row) = waits_for_update ? wp_row_response : wp_row_accept_latency;
  const WpRow *client, *server;
  gsize n_client, n_server;
  Answers seen, sent;
  WpMatch match;

  if (!trace || !(client = wp_trace_load (trace, &n_client, error)))
    return FALSE;
  server = wp_measured_rows (measured, &n_server);
  seen = client_answers (client, n_client);
  sent = server_answers (server, n_server, waits_for_update);
  compare_answers (&seen, &sent, warnings);
  wp_match_rows (&match, client, n_client, server, n_server);
  *self = (WpClientView) { g_strdup (wp_trace_name (trace)), match.n_matched, waits_for_update ? "response" : "accept latency",
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
