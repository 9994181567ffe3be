#include "runtime/server/wp-status-line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "runtime/server/wp-log-queue.h"

#define COLUMNS 80 /* where the terminal does not say how many it has */
#define RED     "\033[31m"
#define YELLOW  "\033[33m"
#define PLAIN   "\033[0m"

struct _WpStatusLine {
  WpEngine *engine;
  gboolean has_colours;
  guint timer;
  WpLedger before; /* a second ago */
};

static gboolean
is_terminal (void)
{
  const char *kind = g_getenv ("TERM");

  return isatty (STDERR_FILENO) && kind && *kind && !g_str_equal (kind, "dumb");
}

static guint
count_columns (void)
{
  struct winsize size;

  return ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : COLUMNS;
}

static void
add_sizes (GString *text, const WpPolicy *policy, const WpLedger *now)
{
  if (wp_policy_uses (policy, WP_POLICY_QUEUE))
    g_string_append_printf (text, ", %" G_GUINT64_FORMAT " of %u queued", now->queued, policy->queue_jobs);
  if (wp_policy_uses (policy, WP_POLICY_WORKERS))
    g_string_append_printf (text, ", %" G_GUINT64_FORMAT " of %u workers busy", now->in_service,
                            policy->workers);
  else
    g_string_append_printf (text, ", %" G_GUINT64_FORMAT " in service", now->in_service);
  if (now->parked > 0)
    g_string_append_printf (text, ", %" G_GUINT64_FORMAT " parked", now->parked);
}

static guint64
count_entered (const WpLedger *ledger)
{
  return ledger->received + ledger->taken;
}

static guint64
count_lost (const WpLedger *ledger)
{
  return ledger->rejected + ledger->timed_out + ledger->failed;
}

static char *
describe (const WpStatusLine *self, const WpLedger *now, gint64 down_ns)
{
  WpPolicy policy = wp_engine_get_policy (self->engine);
  GString *text = g_string_new (NULL);

  if (down_ns != WP_TIME_NONE)
    g_string_append_printf (text, "database down for %" G_GINT64_FORMAT " s: ",
                            (wp_time_monotonic () - down_ns) / WP_NS_PER_S);
  g_string_append_printf (text, "%" G_GUINT64_FORMAT "/s in, %" G_GUINT64_FORMAT "/s stored",
                          count_entered (now) - count_entered (&self->before),
                          now->stored - self->before.stored);
  add_sizes (text, &policy, now);
  if (count_lost (now) > 0)
    g_string_append_printf (text, ", %" G_GUINT64_FORMAT " refused or failed so far", count_lost (now));
  g_string_truncate (text, MIN (text->len, count_columns () - 1));

  return g_string_free (text, FALSE);
}

static gboolean
on_second (gpointer data)
{
  WpStatusLine *self = data;
  gint64 down_ns = wp_database_down_since (wp_engine_get_database (self->engine));
  g_autofree char *text = NULL, *coloured = NULL;
  const char *colour;
  WpLedger now;

  wp_engine_count (self->engine, &now, NULL);
  text = describe (self, &now, down_ns);
  colour = down_ns != WP_TIME_NONE ? RED : now.parked > 0 ? YELLOW : NULL;
  if (colour && self->has_colours)
    coloured = g_strconcat (colour, text, PLAIN, NULL);
  wp_log_queue_show (coloured ? coloured : text);
  self->before = now;

  return G_SOURCE_CONTINUE;
}

WpStatusLine *
wp_status_line_new (WpEngine *engine)
{
  const char *no_colours = g_getenv ("NO_COLOR");
  WpStatusLine *self;

  if (!is_terminal ())
    return NULL;
  self = g_new0 (WpStatusLine, 1);
  self->engine = engine;
  self->has_colours = !no_colours || !*no_colours;
  self->timer = g_timeout_add_seconds (1, on_second, self);

  return self;
}

void
wp_status_line_free (WpStatusLine *self)
{
  g_source_remove (self->timer);
  g_free (self);
}
