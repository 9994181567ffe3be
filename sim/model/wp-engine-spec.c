#include "sim/model/wp-engine-spec.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"

#define DEFAULT_RETRY_NS (3 * WP_NS_PER_MS)
#define DEFAULT_REOPEN   0.8 /* of a quorum queue of RabbitMQ */

static const char *const parts[] = { "confirm=", "deliver=", "retry=", "prefetch=", "reopen=" };

static gboolean
fail (const char *text, const char *why, GError **error)
{
  return wp_fail (error, WP_ERROR_BAD_VALUE, "--engine: \"%s\" is not an engine: " WP_ENGINE_FORM "%s%s%s",
                  text, why ? " (" : "", why ? why : "", why ? ")" : "");
}

static void
clear_load (gpointer load)
{
  g_array_unref (((WpCommitLoad *) load)->late_ns);
}

/* How long each publish took that did not wait for a place, in order of arrival; and how many there were per
 * second. */
static gboolean
read_load (const char *file, WpCommitLoad *load, GError **error)
{
  g_autoptr (WpTrace) trace = wp_trace_open (file, NULL, error);
  const WpRow *rows;
  double sum_ns = 0;
  gsize n_rows;

  load->late_ns = g_array_new (FALSE, FALSE, sizeof (gint64));
  if (!trace || !(rows = wp_trace_load (trace, &n_rows, error)))
    return FALSE;
  for (gsize i = 0; i < n_rows; i++)
    {
      gint64 took_ns;

      /* One without a confirm has no such time, which is less than any. */
      if (rows[i].outcome != WP_OUTCOME_PASSED || rows[i].accepted_ns < rows[i].arrival_ns
          || rows[i].blocked > 0)
        continue;
      took_ns = rows[i].accepted_ns - rows[i].arrival_ns;
      sum_ns += (double) took_ns;
      g_array_append_val (load->late_ns, took_ns);
    }
  if (load->late_ns->len == 0)
    return wp_fail (error, WP_ERROR_BAD_TRACE,
                    "--engine: %s: no row has a confirm without waiting for a place: take a front's record",
                    file);
  load->cost = (WpCommitCost){ .fixed_ns = sum_ns / load->late_ns->len, .most_rows = 1 };
  for (guint i = 0; i < load->late_ns->len; i++)
    g_array_index (load->late_ns, gint64, i) -= (gint64) load->cost.fixed_ns;
  if (rows[n_rows - 1].arrival_ns > rows[0].arrival_ns)
    load->rows_per_s = (double) n_rows * 1e9 / (double) (rows[n_rows - 1].arrival_ns - rows[0].arrival_ns);

  return TRUE;
}

static WpCommit *
load_confirm (const char *files, guint64 seed, GError **error)
{
  g_auto (GStrv) names = g_strsplit (files, ",", -1);
  g_autoptr (GArray) loads = g_array_new (FALSE, TRUE, sizeof (WpCommitLoad));

  g_array_set_clear_func (loads, clear_load);
  for (char **name = names; *name; name++)
    {
      g_array_set_size (loads, loads->len + 1);
      if (!read_load (*name, &g_array_index (loads, WpCommitLoad, loads->len - 1), error))
        return NULL;
    }

  return wp_commit_new_for_loads ((const WpCommitLoad *) loads->data, loads->len, 1, seed);
}

static gboolean
parse_confirm (WpEngineSpec *self, const char *value, guint64 seed, GError **error)
{
  WpCommitCost cost = { .most_rows = 1 };
  gint64 confirm_ns;

  if (g_str_has_prefix (value, "from:"))
    return value[strlen ("from:")] == '\0'
               ? wp_fail (error, WP_ERROR_BAD_VALUE,
                          "--engine: confirm=from: names no file: take a front's record")
               : (self->confirm = load_confirm (value + strlen ("from:"), seed, error)) != NULL;
  if (!wp_time_parse_duration (value, &confirm_ns, error))
    return FALSE;
  cost.fixed_ns = (double) confirm_ns;
  self->confirm = wp_commit_new (&cost, NULL, 1, seed);

  return TRUE;
}

/* One part's value, but for confirm's. */
static gboolean
parse_value (WpEngineSpec *self, const char *part, GError **error)
{
  const char *value = strchr (part, '=') + 1;
  guint64 prefetch;

  if (g_str_has_prefix (part, "deliver="))
    return wp_time_parse_duration (value, &self->deliver_ns, error);
  if (g_str_has_prefix (part, "retry="))
    return wp_time_parse_duration (value, &self->retry_ns, error);
  if (g_str_has_prefix (part, "reopen="))
    return wp_options_parse_share (value, FALSE, &self->reopen, error);
  if (!wp_options_parse_count (value, 1, G_MAXUINT16, &prefetch, error))
    return FALSE;
  self->prefetch = (guint) prefetch;

  return TRUE;
}

static gboolean
parse_part (WpEngineSpec *self, const char *part, guint64 seed, const char *text, GError **error)
{
  g_autoptr (GError) cause = NULL;
  gboolean is_confirm = g_str_has_prefix (part, "confirm="), parsed;

  parsed = is_confirm ? parse_confirm (self, part + strlen ("confirm="), seed, &cause)
                      : parse_value (self, part, &cause);
  if (!parsed && g_str_has_prefix (part, "confirm=from:"))
    g_propagate_error (error, g_steal_pointer (&cause));

  return parsed || (cause && fail (text, cause->message, error));
}

/* The length of the first part; a piece that names none is another file of confirm. */
static gsize
first_part (const char *text)
{
  gsize length = strlen (text);

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *start = g_strconcat (",", parts[i], NULL);
      const char *next = strstr (text, start);

      if (next)
        length = MIN (length, (gsize) (next - text));
    }

  return length;
}

/* Its place in @parts; -1: it is none. */
static int
find_part (const char *part)
{
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if (g_str_has_prefix (part, parts[i]))
      return (int) i;

  return -1;
}

static gboolean
fail_twice (const char *text, const char *part, GError **error)
{
  g_autofree char *why = g_strdup_printf ("%.*s is given twice", (int) (strchr (part, '=') - part), part);

  return fail (text, why, error);
}

gboolean
wp_engine_spec_parse (WpEngineSpec *self, const char *text, guint64 seed, GError **error)
{
  guint given = 0; /* 1 << the place in @parts */

  *self = (WpEngineSpec){ .retry_ns = DEFAULT_RETRY_NS, .reopen = DEFAULT_REOPEN };
  for (const char *rest = text; *rest; rest += *rest == ',')
    {
      gsize length = first_part (rest);
      g_autofree char *part = g_strndup (rest, length);
      int place = find_part (part);

      if (place < 0)
        return fail (text, NULL, error);
      if (given & 1u << place)
        return fail_twice (text, part, error);
      given |= 1u << place;
      if (!parse_part (self, part, seed, text, error))
        return FALSE;
      rest += length;
    }

  return self->confirm != NULL || fail (text, "confirm is missing", error);
}

void
wp_engine_spec_clear (WpEngineSpec *self)
{
  g_clear_pointer (&self->confirm, wp_commit_unref);
}
