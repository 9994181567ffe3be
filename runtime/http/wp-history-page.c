#include "runtime/http/wp-history-page.h"

#include <math.h>

#include "sim/base/wp-error.h"

static const struct {
  const char *name;
  guint period_s, step_s;
} periods[] = { { "5m", 300, 1 }, { "1h", 3600, 1 }, { "1d", 86400, 60 } };

static gboolean
set_period (WpHistoryQuery *query, const char *text, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (periods); i++)
    if (g_str_equal (text, periods[i].name))
      {
        query->period_s = periods[i].period_s;
        query->step_s = periods[i].step_s;
        return TRUE;
      }
  return wp_fail (error, WP_ERROR_BAD_VALUE, "period is 5m, 1h or 1d");
}

static gboolean
set_since (WpHistoryQuery *query, const char *text, GError **error)
{
  char *end;

  query->since_s = g_ascii_strtod (text, &end);
  if (end == text || *end || !isfinite (query->since_s))
    return wp_fail (error, WP_ERROR_BAD_VALUE, "since is a unix time in seconds");
  return TRUE;
}

static gboolean
parse_query (WpHistoryQuery *query, const char *text, GError **error)
{
  g_autoptr (GHashTable) params
      = g_uri_parse_params (*text == '?' ? text + 1 : text, -1, "&", G_URI_PARAMS_NONE, error);
  GHashTableIter iter;
  gpointer name, value;
  gboolean ok = params != NULL;

  if (params)
    g_hash_table_iter_init (&iter, params);
  while (ok && g_hash_table_iter_next (&iter, &name, &value))
    ok = g_str_equal (name, "period") ? set_period (query, value, error)
         : g_str_equal (name, "since")
             ? set_since (query, value, error)
             : wp_fail (error, WP_ERROR_BAD_VALUE, "the parameters are period and since");
  return ok;
}

static void
append_size (GString *text, const char *name, const WpPolicy *policy, WpPolicyField field, guint value)
{
  if (wp_policy_uses (policy, field))
    g_string_append_printf (text, "\"%s\": %u, ", name, value);
  else
    g_string_append_printf (text, "\"%s\": null, ", name);
}

char *
wp_history_page (WpHistory *history, const WpPolicy *policy, const char *query_text, GError **error)
{
  WpHistoryQuery query = { wp_history_clock (), g_get_real_time () * WP_NS_PER_US, 1, 300, -INFINITY };
  GString *text;

  if (!parse_query (&query, query_text, error))
    return NULL;
  text = g_string_new ("{");
  g_string_append_printf (text, "\"mode\": \"%s\", ", wp_mode_name (policy->mode));
  append_size (text, "workers", policy, WP_POLICY_WORKERS, policy->workers);
  append_size (text, "queue", policy, WP_POLICY_QUEUE, policy->queue_jobs);
  wp_history_append_json (history, &query, text);
  g_string_append (text, "}\n");

  return g_string_free (text, FALSE);
}
