#include "sim/base/wp-policy.h"

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/base/wp-time.h"

/* A choice of a few names, looked up in any letter case. */
typedef struct {
  const char *what;         /* for the message: "a mode" */
  const char *list;
  const char *names[4];
} Choice;

static const Choice modes = { "a mode", "Default, BufferedChannel or WorkerPool",
                              { "Default", "BufferedChannel", "WorkerPool", NULL } };
static const Choice dispatchers = { "a dispatcher", "bounded or spawning", { "bounded", "spawning", NULL } };
static const Choice when_fulls = { "a way to treat requests when the queue is full", "block or reject",
                                   { "block", "reject", NULL } };
static const Choice acks = { "an acknowledgement", "accepted or stored", { "accepted", "stored", NULL } };
static const Choice flags = { "a choice", "true or false", { "false", "true", NULL } };

static gboolean
choice_find (const Choice *self, const char *text, guint *index, GError **error)
{
  for (guint i = 0; self->names[i]; i++)
    if (g_ascii_strcasecmp (text, self->names[i]) == 0)
      {
        *index = i;
        return TRUE;
      }
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not %s: %s", text, self->what, self->list);
  return FALSE;
}

const char *
wp_mode_name (WpModeKind mode)
{
  return mode == WP_MODE_ALL ? "all" : modes.names[mode];
}

const char *
wp_dispatcher_name (WpDispatcher dispatcher)
{
  return dispatchers.names[dispatcher];
}

const char *
wp_when_full_name (WpWhenFull when_full)
{
  return when_fulls.names[when_full];
}

const char *
wp_ack_name (WpAck ack)
{
  return acks.names[ack];
}

void
wp_policy_init (WpPolicy *self, WpModeKind mode)
{
  *self = (WpPolicy) { .mode = mode, .queue_jobs = 10000, .workers = 10000, .block_timeout_ns = WP_TIME_NONE };
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

  *layout = (WpLayout) { .block_timeout_ns = WP_TIME_NONE, .can_be_full = self->mode != WP_MODE_DEFAULT && !spawning };
  layout->workers = self->mode == WP_MODE_DEFAULT ? WP_UNBOUNDED : self->mode == WP_MODE_BUFFERED_CHANNEL ? 1 : self->workers;
  layout->drops_queued = self->ack == WP_ACK_STORED && !self->keep_abandoned;
  layout->queue_jobs = spawning ? WP_UNBOUNDED : self->mode == WP_MODE_DEFAULT ? 0 : self->queue_jobs;
  if (!layout->can_be_full)
    return;
  layout->rejects = self->when_full == WP_WHEN_FULL_REJECT || self->block_timeout_ns == 0;
  if (!layout->rejects)
    layout->block_timeout_ns = self->block_timeout_ns;
}

gboolean
wp_policy_check (const WpPolicy *self, GError **error)
{
  if (self->when_full == WP_WHEN_FULL_BLOCK || self->block_timeout_ns == WP_TIME_NONE)
    return TRUE;
  g_set_error_literal (error, WP_ERROR, WP_ERROR_USAGE,
                       "--when-full=reject and --block-timeout exclude each other: nothing blocks, so nothing times out");
  return FALSE;
}

static gboolean
parse_size (const char *text, guint min, guint *value, GError **error)
{
  guint64 wide;

  if (!wp_options_parse_count (text, min, WP_UNBOUNDED - 1, &wide, error))
    return FALSE;
  *value = wide;
  return TRUE;
}

static gboolean
set_mode (WpPolicy *self, const char *value, GError **error)
{
  guint index;

  if (!choice_find (&modes, value, &index, error))
    return FALSE;
  self->mode = index;
  return TRUE;
}

static gboolean
set_queue (WpPolicy *self, const char *value, GError **error)
{
  return parse_size (value, 0, &self->queue_jobs, error);
}

static gboolean
set_workers (WpPolicy *self, const char *value, GError **error)
{
  return parse_size (value, 1, &self->workers, error);
}

static gboolean
set_dispatcher (WpPolicy *self, const char *value, GError **error)
{
  guint index;

  if (!choice_find (&dispatchers, value, &index, error))
    return FALSE;
  self->dispatcher = index;
  return TRUE;
}

static gboolean
set_when_full (WpPolicy *self, const char *value, GError **error)
{
  guint index;

  if (!choice_find (&when_fulls, value, &index, error))
    return FALSE;
  self->when_full = index;
  return TRUE;
}

static gboolean
set_ack (WpPolicy *self, const char *value, GError **error)
{
  guint index;

  if (!choice_find (&acks, value, &index, error))
    return FALSE;
  self->ack = index;
  return TRUE;
}

static gboolean
set_keep_abandoned (WpPolicy *self, const char *value, GError **error)
{
  guint index;

  if (!choice_find (&flags, value, &index, error))
    return FALSE;
  self->keep_abandoned = index;
  return TRUE;
}

static gboolean
set_block_timeout (WpPolicy *self, const char *value, GError **error)
{
  if (g_ascii_strcasecmp (value, "none") == 0)
    self->block_timeout_ns = WP_TIME_NONE;
  else if (!wp_time_parse_duration (value, &self->block_timeout_ns, error))
    return FALSE;
  return TRUE;
}

static char *
get_block_timeout (const WpPolicy *self)
{
  char buffer[WP_TIME_BUFFER];

  if (self->block_timeout_ns == WP_TIME_NONE)
    return g_strdup ("none");
  return g_strdup_printf ("%ss", wp_time_format_seconds (buffer, self->block_timeout_ns));
}

static const struct {
  const char *name;
  char short_name;
  WpPolicyField field;
  gboolean (*set) (WpPolicy *self, const char *value, GError **error);
} fields[] = {
  { "mode", 'm', WP_POLICY_MODE, set_mode },
  { "queue", 'q', WP_POLICY_QUEUE, set_queue },
  { "workers", 'w', WP_POLICY_WORKERS, set_workers },
  { "dispatcher", 0, WP_POLICY_DISPATCHER, set_dispatcher },
  { "when-full", 0, WP_POLICY_WHEN_FULL, set_when_full },
  { "block-timeout", 0, WP_POLICY_BLOCK_TIMEOUT, set_block_timeout },
  { "ack", 0, WP_POLICY_ACK, set_ack },
  { "keep-abandoned", 0, WP_POLICY_KEEP_ABANDONED, set_keep_abandoned },
};

gboolean
wp_policy_set (WpPolicy *self, const char *name, const char *value, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    if (g_str_equal (fields[i].name, name))
      {
        if (!fields[i].set (self, value, error))
          return FALSE;
        self->given |= fields[i].field;
        return TRUE;
      }
  g_return_val_if_reached (FALSE);
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
    return g_strdup (flags.names[self->keep_abandoned]);
  g_return_val_if_reached (NULL);
}

/* GOption says "--queue" or "-q", as typed, and no value for a flag. */
static gboolean
on_option (const char *option, const char *value, gpointer policy, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    if (g_str_equal (option + 2 * g_str_has_prefix (option, "--"), fields[i].name) ||
        (fields[i].short_name && option[1] == fields[i].short_name && option[2] == '\0'))
      return wp_policy_set (policy, fields[i].name, value ? value : "true", error);
  g_return_val_if_reached (FALSE);
}

const GOptionEntry wp_policy_entries[] = {
  { "mode", 'm', 0, G_OPTION_ARG_CALLBACK, on_option, "Default, BufferedChannel or WorkerPool, in any letter case (Default)", "MODE" },
  { "queue", 'q', 0, G_OPTION_ARG_CALLBACK, on_option, "places in the queue; 0: a rendezvous (10000)", "JOBS" },
  { "workers", 'w', 0, G_OPTION_ARG_CALLBACK, on_option, "jobs in service at once in WorkerPool mode (10000)", "N" },
  { "dispatcher", 0, 0, G_OPTION_ARG_CALLBACK, on_option,
    "bounded: an idle worker first, a job second (default); spawning: the historical one, whose queue bounds nothing", "NAME" },
  { "when-full", 0, 0, G_OPTION_ARG_CALLBACK, on_option, "block (default) or reject (503) requests that find the queue full", "WHAT" },
  { "block-timeout", 0, 0, G_OPTION_ARG_CALLBACK, on_option,
    "turn a request away (503) when it has been parked for that long (none); 0 is reject", "TIME" },
  { "ack", 0, 0, G_OPTION_ARG_CALLBACK, on_option, "answer when the job is accepted (default) or stored", "WHEN" },
  { "keep-abandoned", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, on_option,
    "with --ack=stored: a queued job whose client has left runs all the same; it is dropped else", NULL },
  { NULL }
};
