#include "sim/trace/wp-known-columns.h"

#include <string.h>

typedef struct {
  const char *title; /* the program that writes the log; NULL: any */
  char *columns;     /* as --columns */
  const char *where; /* as --where */
  gboolean has_duration;
} WpKnownColumns;

/* @divisor: of the duration, to seconds. */
typedef struct {
  const char *title, *stamp, *duration, *divisor;
  gboolean is_end;   /* the stamp is set at the end of a request */
  const char *where; /* the rows that are requests; NULL: all */
} Known;

static const Known known_columns[] = {
  { "AWS ALB", "request_creation_time", "target_processing_time", NULL, FALSE },
  { "AWS ALB", "time", "target_processing_time", NULL, TRUE },
  { "AWS CLB", "timestamp", "backend_processing_time", NULL, FALSE },
  { "Squid", "end_time", "elapsed_ms", "1000", TRUE },
  { "Traefik", "StartUTC", "Duration", "1e9", FALSE },
  { "Traefik", "StartLocal", "Duration", "1e9", FALSE },
  { "k6", "data.time", "data.value", "1000", TRUE, "metric==http_req_duration" },
  { "k6", "timestamp", "metric_value", "1000", TRUE, "metric_name==http_req_duration" },
  { "HAProxy", "accept_date", "Ta", "1000", FALSE },
  { "Envoy", "start_time", "duration", "1000", FALSE },
  { "Caddy", "ts", "duration", NULL, TRUE },
  { "pino", "time", "responseTime", "1000", TRUE },
  { "nginx", "msec", "request_time", NULL, TRUE },
  { "nginx", "time_iso8601", "request_time", NULL, TRUE },
  { "nginx", "time_local", "request_time", NULL, TRUE },
  { "nginx", "@timestamp", "request_time", NULL, TRUE },
  { "nginx", "timestamp", "request_time", NULL, TRUE },
  { "nginx", "time", "request_time", NULL, TRUE },
  { "nginx", "ts", "request_time", NULL, TRUE },
  /* stamps alone */
  { NULL, "msec", NULL, NULL, FALSE },
  { NULL, "time_iso8601", NULL, NULL, FALSE },
  { NULL, "time_local", NULL, NULL, FALSE },
  { NULL, "accept_date", NULL, NULL, FALSE },
  { NULL, "@timestamp", NULL, NULL, FALSE },
  { NULL, "timestamp", NULL, NULL, FALSE },
  { NULL, "time", NULL, NULL, FALSE },
  { NULL, "ts", NULL, NULL, FALSE },
};

/* Apache's LogFormat has each of these stamps with each of these durations; the finest comes first. */
static const char *const apache_stamps[] = { "start_usec", "start_msec", "start_time", "start_sec",
                                             "end_usec",   "end_msec",   "end_time",   "end_sec" };
static const struct {
  const char *name, *divisor;
} apache_durations[] = { { "duration_us", "1e6" }, { "duration_ms", "1000" }, { "duration_s", NULL } };

static gboolean
find_apache (const char *const *names, Known *known)
{
  *known = (Known){ NULL };
  for (gsize i = 0; i < G_N_ELEMENTS (apache_stamps) && known->stamp == NULL; i++)
    if (g_strv_contains (names, apache_stamps[i]))
      known->stamp = apache_stamps[i];
  for (gsize i = 0; i < G_N_ELEMENTS (apache_durations) && known->duration == NULL; i++)
    if (g_strv_contains (names, apache_durations[i].name))
      {
        known->title = "Apache";
        known->duration = apache_durations[i].name;
        known->divisor = apache_durations[i].divisor;
      }
  known->is_end = known->duration != NULL && known->stamp != NULL && *known->stamp == 'e';

  return known->stamp != NULL;
}

static char *
make_columns (const Known *known)
{
  g_autofree char *duration = NULL;

  if (known->duration == NULL)
    return g_strdup_printf ("arrival=[%s]", known->stamp);
  duration
      = g_strconcat ("[", known->duration, "]", known->divisor != NULL ? "/" : NULL, known->divisor, NULL);

  return g_strdup_printf ("arrival=[%s]%s%s,response=%s", known->stamp, known->is_end ? "-" : "",
                          known->is_end ? duration : "", duration);
}

static gboolean
find_row (const char *const *names, gboolean has_duration, Known *known)
{
  for (gsize i = 0; i < G_N_ELEMENTS (known_columns); i++)
    {
      const Known *row = &known_columns[i];

      *known = *row;
      if (g_strv_contains (names, row->stamp) && (row->duration != NULL) == has_duration
          && (!has_duration || g_strv_contains (names, row->duration)))
        return TRUE;
    }

  return FALSE;
}

static gboolean
find_known (const char *const *names, gboolean needs_duration, WpKnownColumns *known)
{
  Known row;

  if (!find_row (names, TRUE, &row)
      && !(find_apache (names, &row) && (row.duration != NULL || !needs_duration))
      && (needs_duration || !find_row (names, FALSE, &row)))
    return FALSE;
  *known = (WpKnownColumns){ row.title, make_columns (&row), row.where, row.duration != NULL };

  return TRUE;
}

void
wp_trace_set_known_columns (WpTraceFormat *self, const WpTraceOptions *options, gboolean needs_duration)
{
  const char *const *names = (const char *const *) self->names;
  const char *arrival = "arrival";
  WpKnownColumns known;

  if (g_strv_contains (names, arrival)
      || (options->columns != NULL && strstr (options->columns, arrival) != NULL)
      || !find_known (names, needs_duration, &known))
    return;
  self->columns = self->own_columns = known.columns;
  self->where = known.where;
  if (known.has_duration) /* a service is the name of one there, and a response its status or its size */
    self->foreign = (WP_COLUMNS_ALL | 1u << WP_COLUMN_RESPONSE) & ~(1u << WP_COLUMN_ID);
  if (known.title != NULL)
    self->title = self->own_title = g_strdup_printf ("%s of %s", self->title, known.title);
}

const char *
wp_trace_know_path (const char *const *names)
{
  static const char *const paths[] = { "request",     "request_uri", "uri",         "path",           "url",
                                       "cs-uri-stem", "request.uri", "RequestPath", "data.tags.name", NULL };

  for (const char *const *path = paths; *path != NULL; path++)
    if (g_strv_contains (names, *path))
      return *path;

  return NULL;
}

/* Milliseconds and the like, where the name ends in them. */
static const char *
find_divisor (const char *name)
{
  static const struct {
    const char *end, *divisor;
  } units[] = { { "ms", "/1000" },
                { "millis", "/1000" },
                { "us", "/1e6" },
                { "micros", "/1e6" },
                { "ns", "/1e9" },
                { "nanos", "/1e9" },
                { "(ms)", "/1000" },
                { "(us)", "/1e6" },
                { "event.duration", "/1e9" } /* Elastic Common Schema */ };
  gsize len = strlen (name);

  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    {
      gsize end = strlen (units[i].end);

      if (len >= end && g_ascii_strcasecmp (name + len - end, units[i].end) == 0)
        return units[i].divisor;
    }

  return "";
}

/* Can it be typed, and shown as it is? */
static gboolean
is_plain (const char *name)
{
  for (; *name != '\0'; name++)
    if (!g_ascii_isprint (*name) || strchr ("[]'", *name) != NULL)
      return FALSE;

  return TRUE;
}

char *
wp_trace_guess_duration (const char *const *names)
{
  static const char *const parts[]
      = { "request_time", "request-time", "response_time", "response-time", "responsetime",
          "service_time", "service_ms",   "servicetime",   "latency",       "duration",
          "elapsed",      "taken",        "took" };

  for (gsize i = 0; i <= G_N_ELEMENTS (parts); i++)
    for (const char *const *name = names; *name != NULL; name++)
      if ((i < G_N_ELEMENTS (parts) ? strcasestr (*name, parts[i]) != NULL : g_str_equal (*name, "rt"))
          && is_plain (*name))
        return g_strdup_printf ("%s=[%s]%s", strcasestr (*name, "service") != NULL ? "service" : "response",
                                *name, find_divisor (*name));

  return NULL;
}
