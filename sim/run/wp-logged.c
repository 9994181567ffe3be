#include "sim/run/wp-logged.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"

#define MAX_NEGATIVE 0.01 /* share of services: more are said */
#define LEAST_ROWS   1000 /* whose order shows what they are stamped with */

gboolean
wp_logged_option_parse (gpointer field, const char *value, GError **error)
{
  WpLoggedOption *self = field;
  guint64 workers = 0;

  if (g_ascii_strcasecmp (value, "auto") == 0)
    self->choice = WP_LOGGED_AUTO;
  else if (g_ascii_strcasecmp (value, "none") == 0)
    self->choice = WP_LOGGED_NONE;
  else if (wp_options_parse_count (value, 1, G_MAXINT32, &workers, NULL))
    self->choice = WP_LOGGED_GIVEN;
  else
    return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is not a number of workers, auto or none", value);
  self->workers = (guint) workers;

  return TRUE;
}

static gboolean
has_responses (const gint64 *responses_ns, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (responses_ns[i] != WP_TIME_NONE)
      return TRUE;

  return FALSE;
}

static gboolean
fail_without (const WpTrace *trace, const WpLoggedOption *option, GError **error)
{
  if (option->choice == WP_LOGGED_BY_DEFAULT)
    return TRUE;
  return wp_fail (error, WP_ERROR_BAD_VALUE,
                  "--logged-workers: %s has no response times of requests without a service: "
                  "--columns response=NAME says where they are",
                  wp_trace_name (trace));
}

/* A server logs a request when it ends. Lines in order of arrival are rare where requests overlap: such
 * stamps are rather those of the ends. */
static gboolean
are_ends (const WpTrace *trace, const WpLoggedTimes *log)
{
  double sum = 0;

  if (!wp_trace_is_log (trace) || wp_trace_path_column (trace) == NULL || wp_trace_out_of_order (trace) > 0
      || log->n < LEAST_ROWS)
    return FALSE;
  for (gsize i = 0; i < log->n; i++)
    if (log->responses_ns[i] != WP_TIME_NONE)
      sum += (double) log->responses_ns[i];

  return sum > 2 * (double) (log->arrivals_ns[log->n - 1] - log->arrivals_ns[0]);
}

gboolean
wp_logged_apply (WpTrace *trace, const WpLoggedOption *option, WpLogged *logged, GError **error)
{
  g_autofree gint64 *arrivals = NULL, *responses = NULL;
  WpLoggedTimes log = { 0 };

  *logged = (WpLogged){ .choice = option->choice, .path_column = wp_trace_path_column (trace) };
  if (!wp_trace_has_column (trace, "response"))
    return fail_without (trace, option, error);
  if (!wp_trace_load_responses (trace, &arrivals, &responses, &log.n, error))
    return FALSE;
  log.is_spread = wp_trace_has_spread_stamps (trace); /* known once it was read */
  log.arrivals_ns = arrivals;
  log.responses_ns = responses;
  logged->is_there = has_responses (responses, log.n);
  if (!logged->is_there)
    return fail_without (trace, option, error);
  logged->are_ends = are_ends (trace, &log);
  switch (option->choice)
    {
    case WP_LOGGED_GIVEN:
      logged->found = (WpLoggedWorkers){ .verdict = WP_LOGGED_QUEUED, .workers = option->workers };
      break;
    case WP_LOGGED_NONE:
      logged->found.verdict = WP_LOGGED_NOT_QUEUED;
      break;
    case WP_LOGGED_BY_DEFAULT:
    case WP_LOGGED_AUTO:
    default:
      wp_logged_workers_find (&log, &logged->found);
    }

  if (logged->choice == WP_LOGGED_NONE || logged->found.verdict == WP_LOGGED_QUEUED)
    wp_logged_workers_recover (&log, logged->choice == WP_LOGGED_NONE ? G_MAXINT32 : logged->found.workers,
                               responses, &logged->found);
  wp_trace_put_services (trace, responses);

  return TRUE;
}

gboolean
wp_logged_is_unknown (const WpLogged *logged)
{
  return logged->is_there && logged->found.verdict == WP_LOGGED_UNKNOWN;
}

gboolean
wp_logged_is_wrong (const WpLogged *logged)
{
  return logged->is_there && logged->found.verdict == WP_LOGGED_QUEUED
         && logged->found.negative > MAX_NEGATIVE;
}

/* If some requests never reach the workers. */
static void
append_where (GString *text, const WpLogged *logged)
{
  const char *path = logged->path_column;

  g_string_append_printf (text, "; --where '%s%s%s' takes the requests that reach the workers",
                          path && strcmp (path, "request") != 0 ? "[" : "", path ? path : "PATH",
                          path && strcmp (path, "request") != 0 ? "]~/api/*"
                          : path                                ? "~*/api/*"
                                                                : "~/api/*");
}

static char *
describe_queued (const WpLogged *logged)
{
  const WpLoggedWorkers *found = &logged->found;
  char response[WP_TIME_BUFFER], service[WP_TIME_BUFFER];
  GString *text = g_string_new ("The log's response times contain ");

  if (found->service_mean_ns < found->response_mean_ns)
    g_string_append_printf (text, "waiting: %s logged, of which %s are service",
                            wp_time_format_people (response, (gint64) found->response_mean_ns),
                            wp_time_format_people (service, (gint64) found->service_mean_ns));
  else
    g_string_append (text, "no waiting: they are taken as service times");
  g_string_append_printf (text, " (%u worker%s%s)", found->workers, found->workers == 1 ? "" : "s",
                          logged->choice == WP_LOGGED_GIVEN ? ", as given" : "");
  if (found->low < found->high)
    g_string_append_printf (text, "; %u to %u workers explain the log nearly as well", found->low,
                            found->high);
  g_string_append_c (text, '.');
  if (found->begins_busy)
    g_string_append_printf (text,
                            " It begins in a busy period: the first %u services are not known, and are "
                            "the mean of the others.",
                            found->workers);

  return g_string_free (text, FALSE);
}

char *
wp_logged_describe (const WpLogged *logged)
{
  if (!logged->is_there || logged->found.verdict == WP_LOGGED_UNKNOWN)
    return NULL;
  if (logged->found.verdict == WP_LOGGED_QUEUED)
    return describe_queued (logged);
  if (logged->choice == WP_LOGGED_NONE)
    return g_strdup (
        "The log's response times are taken as service times, as given (--logged-workers=none).");

  return g_strdup_printf (
      "The log's response times contain no waiting, or hardly any: they are taken as service "
      "times. How many workers there were does not show in them: probably at least %u, if "
      "these served in order of arrival.",
      logged->found.low);
}

static char *
warn_of_negative (const WpLogged *logged)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (
      text,
      "behind %u worker%s %.0f %% of the services would be negative: these are 0, and the number of "
      "workers is wrong, or some requests never reach them (static files)",
      logged->found.workers, logged->found.workers == 1 ? "" : "s", logged->found.negative * 100);
  append_where (text, logged);

  return g_string_free (text, FALSE);
}

static char *
warn_of_result (const WpLogged *logged)
{
  GString *text;

  if (wp_logged_is_wrong (logged))
    return warn_of_negative (logged);
  if (!wp_logged_is_unknown (logged))
    return NULL;
  text = g_string_new (NULL);
  g_string_append_printf (
      text,
      "it cannot be determined whether the log's response times contain waiting: the log %s; they are "
      "taken as service times, and no sizes are recommended: --logged-workers=N takes the waiting "
      "behind N workers out of them, --logged-workers=none leaves them as they are",
      wp_logged_reason_text (logged->found.reason));
  if (logged->found.reason == WP_LOGGED_REASON_NEGATIVE || logged->found.reason == WP_LOGGED_REASON_RISING)
    append_where (text, logged);
  else if (logged->found.reason == WP_LOGGED_REASON_COARSE)
    g_string_append (text, "; finer stamps may decide it (nginx: $msec, Apache: %{msec}t)");

  return g_string_free (text, FALSE);
}

char *
wp_logged_warn (const WpLogged *logged)
{
  g_autofree char *warning = warn_of_result (logged);

  if (!logged->are_ends)
    return g_steal_pointer (&warning);

  return g_strconcat (
      "the log is in order of its stamps though its requests overlap: if stamps are of the ends, as of "
      "Tomcat and lighttpd, take the request time off, --columns 'arrival=STAMP-TIME,response=TIME'",
      warning != NULL ? "; " : NULL, warning, NULL);
}
