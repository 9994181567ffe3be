#include "sim/trace/wp-no-arrival.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-field-time.h"
#include "sim/trace/wp-field.h"
#include "sim/trace/wp-known-columns.h"

static const char *
find_likely (const char *const *names)
{
  static const char *const parts[] = { "arriv", "stamp", "date", "time", "ts" };

  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    for (const char *const *name = names; *name != NULL; name++)
      {
        const char *const one[] = { *name, NULL };
        g_autofree char *duration = wp_trace_guess_duration (one);

        if (duration == NULL && strcasestr (*name, parts[i]) != NULL && strpbrk (*name, "[]\"',") == NULL)
          return *name;
      }

  return NULL;
}

static const char *
find_name (const char *const *names, const char *wanted)
{
  while (*names != NULL && g_ascii_strcasecmp (*names, wanted) != 0)
    names++;

  return *names;
}

/* As --columns has it. */
static char *
suggest_arrival (const char *const *names)
{
  const char *date = find_name (names, "date"), *time = find_name (names, "time");
  const char *likely = find_likely (names);
  g_autofree char *shown = likely != NULL ? wp_field_quote ((WpField){ likely, strlen (likely) }) : NULL;

  if (date != NULL && time != NULL)
    return g_strdup_printf ("[%s]+[%s]", date, time);

  return shown != NULL ? g_strdup_printf ("[%.*s]", (int) strlen (shown) - 2, shown + 1)
                       : g_strdup ("[NAME]");
}

/* Is one a value: a number or a date? */
static gboolean
has_value (const char *const *names)
{
  for (; *names != NULL; names++)
    {
      WpField field = { *names, strlen (*names) };
      gint64 ns;

      if (field.len > 0
          && (strspn (*names, "+-.0123456789") == field.len || wp_field_parse_date (field, NULL, &ns)))
        return TRUE;
    }

  return FALSE;
}

/* Not as a header has them: a time of day, a quote, key=value, or a sentence. */
static gboolean
is_of_log (const char *const *names)
{
  for (; *names != NULL; names++)
    {
      const char *colon = strchr (*names, ':');

      while (colon != NULL && colon[1] != ' ' && !g_ascii_isdigit (colon[1]))
        colon = strchr (colon + 1, ':');
      if (colon != NULL || strpbrk (*names, "\"=") != NULL)
        return TRUE;
    }

  return FALSE;
}

static gboolean
fail_log_line (const char *text, GError **error)
{
  g_autofree char *shown = wp_field_quote ((WpField){ text, strlen (text) });

  return wp_fail (error, WP_ERROR_BAD_TRACE,
                  "%s is neither a header nor a line of a known log; say the log's format, as in "
                  "--log-format='$remote_addr [$time_local] \"$request\" $status $request_time $rest' (of an "
                  "access log that begins with other lines: --input=clf)",
                  shown);
}

static gboolean
fail_separator (const char *name, GError **error)
{
  g_autofree char *shown = wp_field_quote ((WpField){ name, strlen (name) });

  return wp_fail (
      error, WP_ERROR_BAD_TRACE,
      "no column \"arrival\"; the only column is %s: cells are separated by commas, semicolons or tabs",
      shown);
}

gboolean
wp_trace_fail_no_arrival (const char *const *names, GError **error)
{
  g_autofree char *there = wp_field_list_names (names), *duration = wp_trace_guess_duration (names);
  g_autofree char *arrival = suggest_arrival (names);

  if (has_value (names))
    return wp_fail (
        error, WP_ERROR_BAD_TRACE,
        "no column \"arrival\": the first line has values; put the names of the columns above it, "
        "such as arrival,service");
  if (is_of_log (names))
    return fail_log_line (names[0], error);
  if (names[0] != NULL && names[1] == NULL && strpbrk (names[0], "| ") != NULL)
    return fail_separator (names[0], error);
  return wp_fail (
      error, WP_ERROR_BAD_TRACE,
      "no column \"arrival\"; the columns are %s; say which has the time, as in --columns 'arrival=%s%s%s'",
      *there != '\0' ? there : "none", arrival, duration != NULL ? "," : "",
      duration != NULL ? duration : "");
}
