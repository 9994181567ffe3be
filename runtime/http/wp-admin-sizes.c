#include "runtime/http/wp-admin-sizes.h"

#include <string.h>

#include "runtime/http/wp-response-text.h"
#include "sim/base/wp-error.h"
#include "sim/base/wp-text.h"

#define MAX_VALUE 200 /* bytes of a body; a valid one is shorter */
#define WHEN_FULL (WP_POLICY_WHEN_FULL | WP_POLICY_BLOCK_TIMEOUT)

static const struct {
  const char *path;
  guint fields;
} resources[] = {
  { "/workers", WP_POLICY_WORKERS },
  { "/queue", WP_POLICY_QUEUE },
  { "/policy", WHEN_FULL },
};

/* The WpPolicyField bits of a path; 0: it is another. */
static guint
fields_of (const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (resources); i++)
    if (g_str_equal (path, resources[i].path))
      return resources[i].fields;
  return 0;
}

gboolean
wp_admin_sizes_has (const char *path)
{
  return fields_of (path) != 0;
}

guint
wp_admin_sizes_admit (WpEngine *engine, WpTokens *tokens, const WpRequest *request, const char **text)
{
  WpSlice credentials = request->authorization;

  if (tokens && wp_tokens_admit (tokens, credentials.bytes, credentials.len))
    return 0;
  wp_engine_count_refused_resize (engine);
  *text = tokens ? "A valid bearer token of --admin-token-file is required.\n"
                 : "Sizes cannot be changed here: the server has no --admin-token-file.\n";
  return tokens ? WP_STATUS_UNAUTHORIZED : WP_STATUS_FORBIDDEN;
}

/* NULL: the server has such a size. */
static char *
why_none (const WpPolicy *policy, guint fields)
{
  if (!wp_policy_uses (policy, fields & WHEN_FULL ? WP_POLICY_WHEN_FULL : (WpPolicyField) fields))
    return g_strdup_printf (fields & WP_POLICY_WORKERS ? "%s mode has no number of workers to change.\n"
                                                       : "%s mode has no queue that could be full.\n",
                            wp_mode_name (policy->mode));
  if (!(fields & WP_POLICY_WORKERS) && wp_policy_uses (policy, WP_POLICY_DISPATCHER)
      && policy->dispatcher == WP_DISPATCHER_SPAWNING)
    return g_strdup ("The queue of the spawning dispatcher has no limit.\n");
  return NULL;
}

static char *
format (const WpPolicy *policy, guint fields)
{
  g_autofree char *when_full = wp_policy_get (policy, "when-full"),
                  *timeout = wp_policy_get (policy, "block-timeout");

  if (fields & WHEN_FULL)
    return g_strdup_printf ("when-full=%s block-timeout=%s\n", when_full, timeout);
  return g_strdup_printf ("%u\n", fields & WP_POLICY_WORKERS ? policy->workers : policy->queue_jobs);
}

guint
wp_admin_sizes_get (WpEngine *engine, const char *path, char **text)
{
  const WpPolicy policy = wp_engine_get_policy (engine);

  *text = why_none (&policy, fields_of (path));
  if (*text)
    return WP_STATUS_CONFLICT;
  *text = format (&policy, fields_of (path));
  return WP_STATUS_OK;
}

/* The words of /policy that are absent are as without the options. */
static gboolean
set (WpEngine *engine, WpPolicy *policy, guint fields, char *value, GError **error)
{
  if (!(fields & WHEN_FULL))
    return wp_policy_set (policy, fields & WP_POLICY_WORKERS ? "workers" : "queue", value, error)
           && (!wp_engine_has_source (engine) || wp_source_check_sizes (policy, error));
  policy->when_full = WP_WHEN_FULL_BLOCK;
  policy->block_timeout_ns = WP_TIME_NONE;
  if (*value == '\0')
    return wp_fail (error, WP_ERROR_BAD_VALUE,
                    "\"\" is not a policy, as in when-full=block block-timeout=5s");
  return wp_policy_set_words (policy, value, fields, error) && wp_policy_check (policy, error);
}

guint
wp_admin_sizes_put (WpEngine *engine, const char *path, const char *body, gsize len, char **text)
{
  WpPolicy policy = wp_engine_get_policy (engine);
  g_autofree char *value = g_strstrip (g_strndup (body, len)), *by = g_strconcat ("PUT ", path, NULL);
  guint fields = fields_of (path), status = WP_STATUS_OK;
  g_autoptr (GError) error = NULL;

  *text = why_none (&policy, fields);
  if (*text)
    status = WP_STATUS_CONFLICT;
  else if (memchr (body, '\0', len))
    {
      *text = g_strdup_printf ("%s: the value has a byte of zero\n", path + 1);
      status = WP_STATUS_BAD_REQUEST;
    }
  else if (strlen (value) > MAX_VALUE || !set (engine, &policy, fields, value, &error))
    {
      g_autofree char *reason = error ? wp_text_escape (error->message) : g_strdup ("the value is too long");

      *text = g_strdup_printf ("%s: %s\n", path + 1, reason);
      status = WP_STATUS_BAD_REQUEST;
    }
  if (status != WP_STATUS_OK)
    {
      wp_engine_count_refused_resize (engine);
      return status;
    }
  wp_engine_resize (engine, by, &policy, fields);
  *text = format (&policy, fields);

  return status;
}
