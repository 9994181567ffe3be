#include "sim/trace/wp-log.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-known-columns.h"
#include "sim/trace/wp-log-pattern.h"

#define APACHE    "%h %l %u %t \"%r\" %>s "
#define HEADERS   " \"%{Referer}i\" \"%{User-Agent}i\""
#define REQUEST   "[$time_local] \"$request\" $status $body_bytes_sent"
#define NGINX     "$remote_addr - $remote_user " REQUEST
#define NGINX_END " \"$http_referer\" \"$http_user_agent\""

/* @is_minus_one: -1 is no value. @is_found: lines of this form are of this server, and no other. */
static const struct {
  const char *name, *title, *format;
  gboolean is_minus_one, is_found;
} formats[] = {
  { "common", "access log, Common", APACHE "%b$rest", FALSE, FALSE },
  { "combined", "access log, Combined", APACHE "%b" HEADERS "$rest", FALSE, FALSE },
  { "combined+rt", "access log, Combined with a request time",
    "$remote_addr $identity $remote_user " REQUEST NGINX_END " $request_time$rest", FALSE, FALSE },
  { "combined+D", "access log, Combined with Apache's %D", APACHE "%b" HEADERS " %D$rest", FALSE, FALSE },
  { "combinedio", "access log, Combined with sizes", APACHE "%b" HEADERS " %I %O$rest", FALSE, FALSE },
  { "vhost_combined", "access log, Combined with virtual hosts", "%v:%p " APACHE "%O" HEADERS, FALSE, TRUE },
  { "ingress-nginx", "access log of ingress-nginx",
    NGINX NGINX_END
    " $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr "
    "$upstream_response_length $upstream_response_time $upstream_status $req_id$rest",
    FALSE, TRUE },
  { "haproxy", "HTTP log of HAProxy",
    "$client [$accept_date] $frontend $backend $TR/$Tw/$Tc/$Tr/$Ta $status $bytes_read $rest", TRUE, TRUE },
  { "envoy", "access log of Envoy",
    "[$start_time] \"$request\" $response_code $response_flags $bytes_received $bytes_sent $duration "
    "$upstream_ms \"$x_forwarded_for\" \"$user_agent\" \"$request_id\" \"$authority\" "
    "\"$upstream_host\"$rest",
    FALSE, TRUE },
  { "istio", "access log of Istio",
    "[$start_time] \"$request\" $response_code $response_flags $response_code_details "
    "$connection_termination_details \"$upstream_failure\" $bytes_received $bytes_sent $duration $rest",
    FALSE, TRUE },
  { "clb", "access log of an AWS CLB",
    "$timestamp $elb $client_addr $backend_addr $request_processing_time $backend_processing_time "
    "$response_processing_time $elb_status_code $backend_status_code $received_bytes $sent_bytes "
    "\"$request\" \"$user_agent\" $ssl_cipher $ssl_protocol$rest",
    TRUE, TRUE },
  { "squid", "native log of Squid",
    "$end_time $elapsed_ms $client $result_code/$status $body_bytes_sent $request_method $url $remote_user "
    "$hierarchy_code/$peer $rest",
    FALSE, TRUE },
  { "alb", "access log of an AWS ALB",
    "$type $time $elb $client_addr $target_addr $request_processing_time $target_processing_time "
    "$response_processing_time $elb_status_code $target_status_code $received_bytes $sent_bytes \"$request\" "
    "\"$user_agent\" $ssl_cipher $ssl_protocol $target_group_arn \"$trace_id\" \"$domain_name\" "
    "\"$chosen_cert_arn\" $matched_rule_priority $request_creation_time$rest",
    TRUE, TRUE },
  { "caddy", NULL, NULL, FALSE, FALSE },
  { "traefik", NULL, NULL, FALSE, FALSE },
};

typedef struct {
  WpTraceFormat table;
  WpLogPattern *pattern;
  gboolean is_minus_one;
  gsize n_names;
  WpField *fields;
} WpLog;

static int
find_format (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    if (g_ascii_strcasecmp (formats[i].name, name) == 0)
      return (int) i;

  return -1;
}

gboolean
wp_log_is_json (const char *log_format)
{
  int i = find_format (log_format);

  return i >= 0 && formats[i].format == NULL;
}

static gboolean
fail_name (const char *log_format, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", formats[i].name);
  return wp_fail (
      error, WP_ERROR_BAD_VALUE,
      "\"%s\" is no log_format of nginx ($time_local ...), no LogFormat of Apache (%%t ...), and none "
      "of the names %s",
      log_format, names->str);
}

static WpLogPattern *
make_pattern (const char *log_format, GError **error)
{
  int i = find_format (log_format);

  if (i < 0 && strpbrk (log_format, "$%") == NULL)
    return fail_name (log_format, error) ? NULL : NULL;

  return wp_log_pattern_new (i >= 0 ? formats[i].format : log_format, error);
}

gboolean
wp_log_check (const char *log_format, GError **error)
{
  g_autoptr (WpLogPattern) pattern = wp_log_is_json (log_format) ? NULL : make_pattern (log_format, error);

  return pattern != NULL || wp_log_is_json (log_format);
}

/* @pattern: a WpLogPattern */
static gboolean
matches (gpointer pattern, char *line, gsize len)
{
  g_autofree WpField *fields = g_new (WpField, g_strv_length ((GStrv) wp_log_pattern_names (pattern)));
  const char *expected;

  return wp_log_pattern_match (pattern, line, len, fields, &expected) < 0;
}

const char *
wp_log_detect (WpTraceFormat *table, GError **error)
{
  WpTraceFormatSample sample;

  if (!wp_trace_format_sample (table, &sample, error))
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_autoptr (WpLogPattern) pattern
          = formats[i].is_found ? wp_log_pattern_new (formats[i].format, NULL) : NULL;
      guint n_lines;

      if (pattern != NULL && 2 * wp_trace_format_count (table, sample, matches, pattern, &n_lines) > n_lines)
        return formats[i].name;
    }

  return NULL;
}

static gboolean
log_open (WpTraceFormat *table, const WpTraceOptions *options, GError **error)
{
  WpLog *self = (WpLog *) table;
  int i = find_format (options->log_format);
  WpTraceFormatSample sample;

  self->pattern = make_pattern (options->log_format, error);
  if (self->pattern == NULL)
    {
      g_prefix_error (error, "--log-format: ");
      return FALSE;
    }
  table->has_remarks = *options->log_format != '#';
  if (!wp_trace_format_sample (table, &sample, error)) /* for the lines' prefix */
    return FALSE;
  table->names = g_strdupv ((GStrv) wp_log_pattern_names (self->pattern));
  self->n_names = g_strv_length (table->names);
  self->fields = g_new0 (WpField, self->n_names);
  wp_trace_set_known_columns (table, options, FALSE);
  if (i >= 0)
    {
      table->title = formats[i].title;
      self->is_minus_one = formats[i].is_minus_one;
    }

  return TRUE;
}

static gboolean
log_rewind (WpTraceFormat *table, GError **error)
{
  return TRUE;
}

static gboolean
fail_line (WpLog *self, const char *line, gsize len, gsize at, const char *expected, GError **error)
{
  g_autofree char *shown = wp_field_quote ((WpField){ line + at, len - at });
  g_autofree char *wanted = wp_field_quote ((WpField){ expected, strlen (expected) });
  g_autofree char *problem
      = *expected != '\0'
            ? g_strdup_printf ("the line is not of the log's format: at byte %" G_GSIZE_FORMAT
                               " expected a value and %s, found %s",
                               at + 1, wanted, shown)
            : g_strdup_printf ("the line goes on after the log's format, at byte %" G_GSIZE_FORMAT
                               ": %s ($rest at the end of --log-format takes it)",
                               at + 1, shown);

  return wp_trace_format_fail (&self->table, problem, error);
}

static WpTraceFormatStatus
log_next (WpTraceFormat *table, gboolean may_fill, const WpField **fields, GError **error)
{
  WpLog *self = (WpLog *) table;
  const char *expected;
  char *line;
  gsize len;
  WpTraceFormatStatus status = wp_trace_format_line (table, may_fill, &line, &len, error);
  gssize at;

  *fields = self->fields;
  if (status != WP_TRACE_FORMAT_ROW)
    return status;
  at = wp_log_pattern_match (self->pattern, line, len, self->fields, &expected);
  if (at >= 0)
    {
      fail_line (self, line, len, (gsize) at, expected, error);
      return WP_TRACE_FORMAT_ERROR;
    }
  for (gsize i = 0; i < self->n_names; i++)
    {
      WpField *field = &self->fields[i];

      if (field->len >= 2 && *field->text == '"' && field->text[field->len - 1] == '"')
        *field = (WpField){ field->text + 1, field->len - 2 };
      if (self->is_minus_one && field->len == 2 && memcmp (field->text, "-1", 2) == 0)
        *field = wp_trace_format_no_field;
      else
        ((char *) field->text)[field->len] = '\0';
    }

  return WP_TRACE_FORMAT_ROW;
}

static void
log_clear (WpTraceFormat *table)
{
  WpLog *self = (WpLog *) table;

  g_clear_pointer (&self->pattern, wp_log_pattern_free);
  g_free (self->fields);
}

const WpTraceFormatKind wp_log_kind
    = { "log", "log of its own format", sizeof (WpLog), log_open, log_next, log_rewind, log_clear,
        NULL,  WP_LOG_MAX_BAD };
