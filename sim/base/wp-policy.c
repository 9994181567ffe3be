#include "sim/base/wp-policy.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/base/wp-time.h"

const char *
wp_outcome_name (WpOutcome outcome)
{
  static const char *const names[]
      = { "", "stored", "rejected", "timed_out", "abandoned", "failed", "passed" };

  g_return_val_if_fail ((guint) outcome < G_N_ELEMENTS (names), "");

  return names[outcome];
}

static const char *const mode_names[] = { "Default", "BufferedChannel", "WorkerPool", NULL };
static const char *const dispatcher_names[] = { "bounded", "spawning", NULL };
static const char *const when_full_names[] = { "block", "reject", NULL };
static const char *const ack_names[] = { "accepted", "stored", NULL };

const char *
wp_mode_name (WpModeKind mode)
{
  return mode == WP_MODE_ALL ? "all" : mode_names[mode];
}

const char *
wp_dispatcher_name (WpDispatcher dispatcher)
{
  return dispatcher_names[dispatcher];
}

const char *
wp_when_full_name (WpWhenFull when_full)
{
  return when_full_names[when_full];
}

const char *
wp_ack_name (WpAck ack)
{
  return ack_names[ack];
}

void
wp_policy_init (WpPolicy *self, WpModeKind mode)
{
  *self = (WpPolicy){ .mode = mode, .queue_jobs = 10000, .workers = 10000, .block_timeout_ns = WP_TIME_NONE };
}

gboolean
wp_policy_uses (const WpPolicy *self, WpPolicyField field)
{
  guint used = WP_POLICY_MODE | WP_POLICY_ACK;

  if (self->mode == WP_MODE_BUFFERED_CHANNEL)
    used |= WP_POLICY_QUEUE | WP_POLICY_WHEN_FULL | WP_POLICY_BLOCK_TIMEOUT | WP_POLICY_KEEP_ABANDONED;
  if (self->mode == WP_MODE_WORKER_POOL)
    used = ~0u;
  return (used & field) != 0;
}

void
wp_policy_layout (const WpPolicy *self, WpLayout *layout)
{
  gboolean spawning = self->mode == WP_MODE_WORKER_POOL && self->dispatcher == WP_DISPATCHER_SPAWNING;

  g_return_if_fail (self->mode != WP_MODE_ALL);

  *layout = (WpLayout){ .block_timeout_ns = WP_TIME_NONE,
                        .can_be_full = self->mode != WP_MODE_DEFAULT && !spawning };
  layout->workers = self->mode == WP_MODE_DEFAULT            ? WP_UNBOUNDED
                    : self->mode == WP_MODE_BUFFERED_CHANNEL ? 1
                                                             : self->workers;
  layout->drops_queued = self->ack == WP_ACK_STORED && !self->keep_abandoned;
  layout->changes = self->changes;
  layout->n_changes = self->n_changes;
  layout->queue_jobs = spawning ? WP_UNBOUNDED : self->mode == WP_MODE_DEFAULT ? 0 : self->queue_jobs;
  if (!layout->can_be_full)
    return;
  layout->rejects = self->when_full == WP_WHEN_FULL_REJECT || self->block_timeout_ns == 0;
  if (!layout->rejects)
    layout->block_timeout_ns = self->block_timeout_ns;
}

double
wp_layout_mean_workers (const WpLayout *self, gint64 from_ns, gint64 until_ns)
{
  double sum = 0, workers = self->workers;
  gint64 now_ns = from_ns;

  if (self->n_changes == 0 || until_ns <= from_ns)
    return workers;

  for (guint i = 0; i < self->n_changes; i++)
    {
      gint64 at_ns = CLAMP (self->changes[i].at_ns, now_ns, until_ns);

      sum += workers * (double) (at_ns - now_ns);
      workers = self->changes[i].workers;
      now_ns = at_ns;
    }
  sum += workers * (double) (until_ns - now_ns);

  return sum / (double) (until_ns - from_ns);
}

gboolean
wp_policy_check (const WpPolicy *self, GError **error)
{
  if (self->when_full == WP_WHEN_FULL_BLOCK || self->block_timeout_ns == WP_TIME_NONE)
    return TRUE;
  return wp_fail (
      error, WP_ERROR_USAGE,
      "--when-full=reject and --block-timeout exclude each other: nothing blocks, so nothing times out");
}

#define FIELD(member) WP_FIELD (WpPolicy, member)

const WpOption wp_policy_options[] = {
  { "mode", 'm', WP_OPTION_CHOICE, "MODE", FIELD (mode),
    "Default, BufferedChannel or WorkerPool, in any letter case (Default)", .names = mode_names,
    .what = "a mode", .given = WP_POLICY_MODE },
  { "queue", 'q', WP_OPTION_COUNT, "JOBS", FIELD (queue_jobs),
    "queue capacity in jobs; 0: a rendezvous (10000)", 0, WP_UNBOUNDED - 1, .given = WP_POLICY_QUEUE },
  { "workers", 'w', WP_OPTION_COUNT, "N", FIELD (workers),
    "workers of WorkerPool mode, each with one job in service (10000)", 1, WP_UNBOUNDED - 1,
    .given = WP_POLICY_WORKERS },
  { "dispatcher", 0, WP_OPTION_CHOICE, "NAME", FIELD (dispatcher),
    "bounded (default) waits for an idle worker, then takes a job; spawning is the historical dispatcher "
    "with an unbounded queue",
    .names = dispatcher_names, .what = "a dispatcher", .given = WP_POLICY_DISPATCHER },
  { "when-full", 0, WP_OPTION_CHOICE, "WHAT", FIELD (when_full),
    "block (default) or reject (503) requests that find the queue full", .names = when_full_names,
    .what = "a policy for a full queue", .given = WP_POLICY_WHEN_FULL },
  { "block-timeout", 0, WP_OPTION_TIME, "TIME", FIELD (block_timeout_ns),
    "reject a request (503) after it has been parked for TIME; 0 is --when-full=reject (none)",
    .or_none = TRUE, .given = WP_POLICY_BLOCK_TIMEOUT },
  { "ack", 0, WP_OPTION_CHOICE, "WHEN", FIELD (ack),
    "answer a request when its job is accepted (default) or stored", .names = ack_names,
    .what = "an acknowledgement", .given = WP_POLICY_ACK },
  { "keep-abandoned", 0, WP_OPTION_FLAG, NULL, FIELD (keep_abandoned),
    "with --ack=stored: run the queued jobs of clients that have left, instead of dropping them",
    .given = WP_POLICY_KEEP_ABANDONED },
  { NULL }
};

static const WpOptionGroup groups[]
    = { { NULL, wp_policy_options, 0, G_STRUCT_OFFSET (WpPolicy, given) }, { NULL, NULL, 0, 0 } };

gboolean
wp_policy_set (WpPolicy *self, const char *name, const char *value, GError **error)
{
  return wp_options_set (groups, self, name, value, error);
}

static const struct {
  const char *name;
  WpPolicyField field;
} sizes[] = {
  { "workers", WP_POLICY_WORKERS },
  { "queue", WP_POLICY_QUEUE },
  { "when-full", WP_POLICY_WHEN_FULL },
  { "block-timeout", WP_POLICY_BLOCK_TIMEOUT },
};

gboolean
wp_policy_set_words (WpPolicy *self, const char *text, guint fields, GError **error)
{
  g_auto (GStrv) words = g_strsplit_set (text, " \t\r\n", -1);
  guint given = 0;

  for (guint i = 0; words[i]; i++)
    {
      char *value = strchr (words[i], '=');
      guint j = 0;

      if (!*words[i])
        continue;
      if (value)
        *value++ = '\0';
      while (j < G_N_ELEMENTS (sizes)
             && !((fields & sizes[j].field) && g_str_equal (words[i], sizes[j].name)))
        j++;
      if (!value || j == G_N_ELEMENTS (sizes))
        return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is not a setting, as in when-full=block",
                        words[i]);
      if (given & sizes[j].field)
        return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is given twice", words[i]);
      given |= sizes[j].field;
      if (!wp_policy_set (self, words[i], value, error))
        {
          g_prefix_error (error, "%s: ", words[i]);
          return FALSE;
        }
    }

  return TRUE;
}

static char *
get_block_timeout (const WpPolicy *self)
{
  char buffer[WP_TIME_BUFFER];
  int len;

  if (self->block_timeout_ns == WP_TIME_NONE)
    return g_strdup ("none");
  len = (int) strlen (wp_time_format_seconds (buffer, self->block_timeout_ns));
  while (buffer[len - 1] == '0')
    len--;
  len -= buffer[len - 1] == '.';
  return g_strdup_printf ("%.*ss", len, buffer);
}

char *
wp_policy_get (const WpPolicy *self, const char *name)
{
  if (g_str_equal (name, "mode"))
    return g_strdup (wp_mode_name (self->mode));
  if (g_str_equal (name, "queue"))
    return g_strdup_printf ("%u", self->queue_jobs);
  if (g_str_equal (name, "workers"))
    return g_strdup_printf ("%u", self->workers);
  if (g_str_equal (name, "dispatcher"))
    return g_strdup (wp_dispatcher_name (self->dispatcher));
  if (g_str_equal (name, "when-full"))
    return g_strdup (wp_when_full_name (self->when_full));
  if (g_str_equal (name, "block-timeout"))
    return get_block_timeout (self);
  if (g_str_equal (name, "ack"))
    return g_strdup (wp_ack_name (self->ack));
  if (g_str_equal (name, "keep-abandoned"))
    return g_strdup (self->keep_abandoned ? "true" : "false");
  g_return_val_if_reached (NULL);
}

char *
wp_policy_format_sizes (const WpPolicy *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *value = wp_policy_get (self, sizes[i].name);

      if (wp_policy_uses (self, sizes[i].field))
        g_string_append_printf (text, "%s%s=%s", text->len > 0 ? " " : "", sizes[i].name, value);
    }

  return g_string_free (text, FALSE);
}
