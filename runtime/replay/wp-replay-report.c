#include "runtime/replay/wp-replay-report.h"

#include <inttypes.h>
#include <math.h>

#include "sim/base/wp-text.h"
#include "sim/trace/wp-json-add.h"

#define MAX_UNEXPECTED_DIVISOR 100 /* 1 % */
#define ERASE_LINE             "\r\033[K"

static const struct {
  const char *name;
  double share;
} quantiles[] = { { "p50", 0.5 }, { "p90", 0.9 }, { "p95", 0.95 }, { "p99", 0.99 }, { "p999", 0.999 } };

static gboolean
schedule_was_kept (const WpReplayReport *self)
{
  return wp_histogram_quantile (wp_tally_lag (self->tally), 0.99) <= self->max_lag_ns;
}

/* Those that have another status than was expected, or no response. A client whose patience was over is
 * neither. */
static guint64
count_unexpected (const WpReplayReport *self)
{
  guint64 n = wp_tally_n_failed (self->tally);

  for (guint status = 0; status < WP_STATUSES; status++)
    if (!self->expect->has[status])
      n += wp_tally_n_status (self->tally, status);
  return n;
}

static guint64
count_ended (const WpTally *tally)
{
  return wp_tally_n_answered (tally) + wp_tally_n_failed (tally) + wp_tally_n_left (tally);
}

static gboolean
statuses_were_expected (const WpReplayReport *self)
{
  return count_unexpected (self) * MAX_UNEXPECTED_DIVISOR <= count_ended (self->tally);
}

gboolean
wp_replay_report_is_valid (const WpReplayReport *self)
{
  return wp_histogram_count (wp_tally_lag (self->tally)) > 0 && schedule_was_kept (self)
         && statuses_were_expected (self);
}

/* From the first planned time to the last end. */
static gint64
duration (const WpTally *tally)
{
  return wp_tally_last_ended (tally) == WP_TIME_NONE ? WP_TIME_NONE : MAX (wp_tally_last_ended (tally), 0);
}

/* A second; NaN where there is no such time. */
static double
rate (guint64 n, gint64 ns)
{
  return ns > 0 ? n * (double) WP_NS_PER_S / ns : (double) NAN;
}

/* n requests have n - 1 intervals between them. */
static double
sent_rate (const WpTally *tally)
{
  return wp_tally_n_sent (tally) > 1 ? rate (wp_tally_n_sent (tally) - 1, wp_tally_last_sent (tally))
                                     : (double) NAN;
}

static void
print_quantiles (FILE *out, const char *label, const WpHistogram *histogram)
{
  char text[WP_TIME_BUFFER];

  fprintf (out, "%-14s", label);
  for (guint i = 0; i < G_N_ELEMENTS (quantiles); i++)
    fprintf (out, "%s %s, ", quantiles[i].name,
             wp_time_format_people (text, wp_histogram_quantile (histogram, quantiles[i].share)));
  fprintf (out, "max %s\n", wp_time_format_people (text, wp_histogram_max (histogram)));
}

static void
print_statuses (FILE *out, const WpTally *tally)
{
  const char *separator = " (";

  fprintf (out, "%-14s%" PRIu64, "answered", wp_tally_n_answered (tally));
  for (guint status = 0; status < 1000; status++)
    if (wp_tally_n_status (tally, status) > 0)
      {
        fprintf (out, "%s%u: %" PRIu64, separator, status, wp_tally_n_status (tally, status));
        separator = ", ";
      }
  fputs (wp_tally_n_answered (tally) > 0 ? ")\n" : "\n", out);
}

static GList *
sorted_failures (const WpTally *tally)
{
  return g_list_sort (g_hash_table_get_keys (wp_tally_failures (tally)), (GCompareFunc) g_strcmp0);
}

static void
print_failures (FILE *out, const WpTally *tally)
{
  g_autoptr (GList) reasons = sorted_failures (tally);

  fprintf (out, "%-14s%" PRIu64 "\n", "failed", wp_tally_n_failed (tally));
  for (const GList *node = reasons; node; node = node->next)
    {
      g_autofree char *reason = wp_text_escape (node->data);

      fprintf (out, "%-14s%" PRIu64 " %s\n", "",
               *(const guint64 *) g_hash_table_lookup (wp_tally_failures (tally), node->data), reason);
    }
}

static void
print_verdict (const WpReplayReport *self, FILE *out)
{
  char lag[WP_TIME_BUFFER], limit[WP_TIME_BUFFER];

  if (wp_tally_n_sent (self->tally) == 0)
    fputs ("not valid: no request was sent\n", out);
  else if (!schedule_was_kept (self))
    fprintf (out,
             "not valid: the schedule lag's p99, %s, passes --max-lag, %s: the load was not the trace's\n",
             wp_time_format_people (lag, wp_histogram_quantile (wp_tally_lag (self->tally), 0.99)),
             wp_time_format_people (limit, self->max_lag_ns));
  if (wp_tally_n_sent (self->tally) > 0 && !statuses_were_expected (self))
    fprintf (out,
             "not valid: %" PRIu64 " of %" PRIu64
             " requests, over 1 %%, had no response, or a status that --expect "
             "does not list\n",
             count_unexpected (self), count_ended (self->tally));
}

/* How much of the latency's p99 is the client's own lag. */
static gint64
own_share (const WpTally *tally)
{
  gint64 latency_ns = wp_histogram_quantile (wp_tally_latency (tally), 0.99);
  gint64 response_ns = wp_histogram_quantile (wp_tally_response (tally), 0.99);

  return latency_ns == WP_TIME_NONE ? WP_TIME_NONE : MAX (latency_ns - response_ns, 0);
}

static guint64
count_redirects (const WpTally *tally)
{
  guint64 n = 0;

  for (guint status = 300; status < 400; status++)
    n += status == 304 ? 0 : wp_tally_n_status (tally, status);
  return n;
}

static void
print_closed_loop (const WpReplayReport *self, FILE *out)
{
  double answered = rate (wp_tally_n_answered (self->tally), duration (self->tally));

  fprintf (
      out,
      "%-14s%u client%s, think time %s: each waits for a response before it sends again, so a server that\n"
      "%-14sslows down is asked less, and its latencies look better than in an open loop (coordinated\n"
      "%-14somission)\n",
      "closed loop", self->n_clients, self->n_clients == 1 ? "" : "s", self->think ? self->think : "0", "",
      "");
  if (!isnan (answered))
    fprintf (out, "%-14s%.*f/s\n", "throughput", answered < 100 ? 2 : 0, answered);
}

void
wp_replay_report_print_text (const WpReplayReport *self, FILE *out)
{
  const WpTally *tally = self->tally;
  char text[WP_TIME_BUFFER];
  double per_second = sent_rate (tally);

  if (self->n_clients > 0)
    print_closed_loop (self, out);
  fprintf (out, "%-14s%" PRIu64, "requests", self->n_requests);
  if (self->out_of_order > 0)
    fprintf (out, " (%" PRIu64 " were out of order: sorted)", self->out_of_order);
  fputs (self->was_interrupted ? ", interrupted\n" : "\n", out);
  fprintf (out, "%-14s%" PRIu64, "sent", wp_tally_n_sent (tally));
  if (!isnan (per_second))
    fprintf (out, ", %.*f/s", per_second < 100 ? 2 : 0, per_second);
  fprintf (out, ", over %" PRIu64 " connection%s\n", self->n_connections,
           self->n_connections == 1 ? "" : "s");
  print_statuses (out, tally);
  if (count_redirects (tally) > 0)
    fprintf (out, "%-14s%" PRIu64 " (not followed)\n", "redirected", count_redirects (tally));
  print_failures (out, tally);
  fprintf (out, "%-14s%" PRIu64 "\n", "left", wp_tally_n_left (tally));
  print_quantiles (out, "latency", wp_tally_latency (tally));
  print_quantiles (out, "schedule lag", wp_tally_lag (tally));
  fprintf (out, "%-14s%s of the latency's p99\n", "own lag", wp_time_format_people (text, own_share (tally)));
  fprintf (out, "%-14s%s\n", "duration", wp_time_format_people (text, duration (tally)));
  print_verdict (self, out);
}

static void
add_histogram (JsonBuilder *json, const char *name, const WpHistogram *histogram)
{
  wp_json_begin_object (json, name);
  wp_json_add_double (json, "mean", wp_histogram_mean (histogram) / WP_NS_PER_S);
  for (guint i = 0; i < G_N_ELEMENTS (quantiles); i++)
    wp_json_add_seconds (json, quantiles[i].name, wp_histogram_quantile (histogram, quantiles[i].share));
  wp_json_add_seconds (json, "max", wp_histogram_max (histogram));
  json_builder_end_object (json);
}

static void
add_statuses (JsonBuilder *json, const WpTally *tally)
{
  wp_json_begin_object (json, "statuses");
  for (guint status = 0; status < 1000; status++)
    if (wp_tally_n_status (tally, status) > 0)
      {
        char name[16];

        g_snprintf (name, sizeof name, "%u", status);
        wp_json_add_count (json, name, wp_tally_n_status (tally, status));
      }
  json_builder_end_object (json);
}

static void
add_failures (JsonBuilder *json, const WpTally *tally)
{
  g_autoptr (GList) reasons = sorted_failures (tally);

  wp_json_begin_object (json, "failures");
  for (const GList *node = reasons; node; node = node->next)
    wp_json_add_count (json, node->data,
                       *(const guint64 *) g_hash_table_lookup (wp_tally_failures (tally), node->data));
  json_builder_end_object (json);
}

static char *
json_text (const WpReplayReport *self, gboolean pretty)
{
  const WpTally *tally = self->tally;
  g_autoptr (JsonBuilder) json = json_builder_new ();

  json_builder_begin_object (json);
  wp_json_add_string (json, "url", self->url);
  wp_json_add_count (json, "requests", self->n_requests);
  wp_json_add_string (json, "loop", self->n_clients > 0 ? "closed" : "open");
  if (self->n_clients > 0)
    wp_json_add_count (json, "clients", self->n_clients);
  wp_json_add_count (json, "out_of_order", self->out_of_order);
  wp_json_add_count (json, "sent", wp_tally_n_sent (tally));
  wp_json_add_count (json, "answered", wp_tally_n_answered (tally));
  wp_json_add_count (json, "failed", wp_tally_n_failed (tally));
  wp_json_add_count (json, "left", wp_tally_n_left (tally));
  wp_json_add_count (json, "redirected", count_redirects (tally));
  wp_json_add_count (json, "unexpected", count_unexpected (self));
  wp_json_add_count (json, "connections", self->n_connections);
  add_statuses (json, tally);
  add_failures (json, tally);
  add_histogram (json, "latency", wp_tally_latency (tally));
  add_histogram (json, "response", wp_tally_response (tally));
  add_histogram (json, "lag", wp_tally_lag (tally));
  wp_json_add_seconds (json, "own_lag_of_p99", own_share (tally));
  wp_json_add_seconds (json, "max_lag", self->max_lag_ns);
  wp_json_add_seconds (json, "duration", duration (tally));
  wp_json_add_double (json, "rate_sent", sent_rate (tally));
  wp_json_add_double (json, "rate_answered", rate (wp_tally_n_answered (tally), duration (tally)));
  wp_json_add_boolean (json, "interrupted", self->was_interrupted);
  wp_json_add_boolean (json, "valid", wp_replay_report_is_valid (self));
  json_builder_end_object (json);

  return wp_json_text (json, pretty);
}

void
wp_replay_report_print_json (const WpReplayReport *self, FILE *out)
{
  g_autofree char *text = json_text (self, TRUE);

  fprintf (out, "%s\n", text);
}

void
wp_replay_report_print_json_line (const WpReplayReport *self, FILE *out)
{
  g_autofree char *text = json_text (self, FALSE);

  fprintf (out, "%s\n", text);
}

void
wp_replay_report_print_interval (const WpTallyInterval *interval, gint64 now_ns, guint64 n_waiting, FILE *out)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  g_autofree char *text = NULL;

  json_builder_begin_object (json);
  wp_json_add_seconds (json, "time", now_ns);
  wp_json_add_count (json, "sent", wp_histogram_count (interval->lag));
  wp_json_add_count (json, "answered", wp_histogram_count (interval->latency));
  wp_json_add_count (json, "failed", interval->n_failed);
  wp_json_add_count (json, "left", interval->n_left);
  wp_json_add_count (json, "waiting", n_waiting);
  add_histogram (json, "latency", interval->latency);
  add_histogram (json, "lag", interval->lag);
  json_builder_end_object (json);
  text = wp_json_text (json, FALSE);
  fprintf (out, "%s\n", text);
  fflush (out);
}

void
wp_replay_report_live (const WpTallyInterval *total, guint64 n_requests, gint64 now_ns, guint64 n_waiting)
{
  char text[WP_TIME_BUFFER], lag[WP_TIME_BUFFER];
  g_autofree char *all = n_requests > 0 ? g_strdup_printf (" of %" PRIu64, n_requests) : g_strdup ("");

  fprintf (stderr, ERASE_LINE "%s: sent %" PRIu64 "%s, answered %" PRIu64 ", waiting %" PRIu64 ", lag p99 %s",
           wp_time_format_people (text, now_ns), wp_histogram_count (total->lag), all,
           wp_histogram_count (total->latency), n_waiting,
           wp_time_format_people (lag, wp_histogram_quantile (total->lag, 0.99)));
  if (total->n_failed > 0)
    fprintf (stderr, ", failed %" PRIu64, total->n_failed);
  fflush (stderr);
}

void
wp_replay_report_end_live (void)
{
  fputs (ERASE_LINE, stderr);
}
