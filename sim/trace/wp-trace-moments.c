#include "sim/trace/wp-trace-moments.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-policy.h"
#include "sim/base/wp-time.h"

#define MOMENT    "# at="
#define MAX_SIZES 100000 /* changes of the sizes */

static void
clear_sizes (gpointer sizes)
{
  g_free (((WpTraceSizes *) sizes)->sizes);
}

void
wp_trace_moments_init (WpTraceMoments *self)
{
  *self = (WpTraceMoments){ .sizes = g_array_new (FALSE, FALSE, sizeof (WpTraceSizes)),
                            .refusing_ns = WP_TIME_NONE };
  g_array_set_clear_func (self->sizes, clear_sizes);
}

void
wp_trace_moments_clear (WpTraceMoments *self)
{
  g_clear_pointer (&self->sizes, g_array_unref);
}

gboolean
wp_trace_moments_match (const char *line, gsize len)
{
  return len >= strlen (MOMENT) && strncmp (line, MOMENT, strlen (MOMENT)) == 0;
}

static gboolean
is_size (const char *word)
{
  static const char *const keys[] = { "workers=", "queue=", "when-full=", "block-timeout=" };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (g_str_has_prefix (word, keys[i]))
      return TRUE;
  return FALSE;
}

static gboolean
take_sizes (WpTraceMoments *self, gint64 at_ns, char **words, GError **error)
{
  g_autoptr (GString) sizes = g_string_new (NULL);
  WpTraceSizes found = { at_ns, NULL };
  WpPolicy policy;

  for (; *words; words++)
    if (is_size (*words))
      g_string_append_printf (sizes, "%s%s", sizes->len > 0 ? " " : "", *words);
  if (sizes->len == 0)
    return TRUE;
  if (self->sizes->len == MAX_SIZES)
    return wp_fail (error, WP_ERROR_BAD_TRACE, "more than %d changes of the sizes", MAX_SIZES);
  wp_policy_init (&policy, WP_MODE_WORKER_POOL);
  if (!wp_policy_set_words (&policy, sizes->str, WP_POLICY_SIZES, error))
    return FALSE;
  found.sizes = g_string_free (g_steal_pointer (&sizes), FALSE);
  g_array_append_val (self->sizes, found);

  return TRUE;
}

static gboolean
take_pressure (WpTracePressure *self, const char *value, GError **error)
{
  char *end;
  double share = g_ascii_strtod (value, &end);

  if (end == value || *end != '\0' || !(share >= 0 && share <= 1))
    return wp_fail (error, WP_ERROR_BAD_TRACE, "pressure: \"%.60s\" is not a share from 0 to 1", value);
  self->n++;
  self->sum += share;
  self->max = MAX (self->max, share);

  return TRUE;
}

static gboolean
take_word (WpTraceMoments *self, gint64 at_ns, const char *word, GError **error)
{
  guint64 n;

  if (g_str_has_prefix (word, "pressure="))
    return take_pressure (&self->pressure, strchr (word, '=') + 1, error);
  if (g_str_equal (word, "refusing=true"))
    self->refusing_ns = self->refusing_ns == WP_TIME_NONE ? at_ns : MIN (self->refusing_ns, at_ns);
  if (g_str_has_prefix (word, "recovered="))
    {
      if (!g_ascii_string_to_unsigned (strchr (word, '=') + 1, 10, 0, G_MAXUINT64, &n, NULL))
        return wp_fail (error, WP_ERROR_BAD_TRACE, "recovered: \"%.60s\" is not a number of jobs",
                        strchr (word, '=') + 1);
      self->n_recovered = MAX (self->n_recovered, n);
    }

  return TRUE;
}

/* @words: the time and what is so then */
static gboolean
take_words (WpTraceMoments *self, char **words, GError **error)
{
  const char *at = words[0] ? words[0] : "";
  gint64 at_ns;

  if (!wp_time_parse_seconds (at, strlen (at), &at_ns))
    return wp_fail (error, WP_ERROR_BAD_TRACE, "\"%.60s\" is not a time in seconds", at);
  for (guint i = 1; words[i]; i++)
    if (!take_word (self, at_ns, words[i], error))
      return FALSE;

  return take_sizes (self, at_ns, words, error);
}

/* A message shows a word of it, cut anywhere. */
static char *
make_ascii (char *text)
{
  for (char *p = text; *p != '\0'; p++)
    if ((guchar) *p >= 0x80)
      *p = '?';

  return text;
}

gboolean
wp_trace_moments_add (WpTraceMoments *self, const char *line, gsize len, GError **error)
{
  g_autofree char *text = make_ascii (g_strchomp (g_strndup (line, len)));
  g_auto (GStrv) words = g_strsplit_set (text + strlen (MOMENT), " \t", -1);

  if (take_words (self, words, error))
    return TRUE;
  g_prefix_error (error, "a line \"# at=...\": ");

  return FALSE;
}
