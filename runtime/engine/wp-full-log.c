#include "runtime/engine/wp-full-log.h"

#define ROOM_AFTER_NS (5 * WP_NS_PER_S)
#define FULL_PART     2  /* a step with this part of its time full begins an episode, */
#define HARDLY_PART   20 /* and one with less than this part is one with room */

/* The queue became full in this step or, less than half of it, in the one before. */
static void
begin (WpFullLog *self, const WpLedger *ledger, gint64 now_ns)
{
  gint64 full_ns = ledger->full_ns - self->last_but_one.full_ns;
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autoptr (GDateTime) since = g_date_time_add (now, -full_ns / WP_NS_PER_US);
  g_autofree char *time = g_date_time_format (since, "%H:%M:%S");

  self->in_episode = TRUE;
  self->since_ns = now_ns - full_ns;
  self->before = self->last_but_one;
  self->parked_peak = 0;
  g_warning ("queue full since %s", time);
}

static void
end (WpFullLog *self, const WpLedger *ledger)
{
  const WpLedger *before = &self->before;
  guint64 refused = ledger->rejected - before->rejected + (ledger->timed_out - before->timed_out);
  g_autofree char *count = refused > 0 ? g_strdup_printf ("%" G_GUINT64_FORMAT, refused) : g_strdup ("none");
  char time[WP_TIME_BUFFER];

  self->in_episode = FALSE;
  g_message ("room again after %s: %" G_GUINT64_FORMAT " blocked, %" G_GUINT64_FORMAT
             " at most at once, %s refused",
             wp_time_format_people (time, self->last_full_ns - self->since_ns),
             ledger->blocked - before->blocked, self->parked_peak, count);
}

void
wp_full_log_step (WpFullLog *self, const WpLedger *ledger, gint64 now_ns)
{
  gint64 passed_ns = now_ns - self->stepped_ns, full_ns = ledger->full_ns - self->last.full_ns;

  if (!self->in_episode && self->stepped_ns > 0 && full_ns * FULL_PART >= passed_ns)
    begin (self, ledger, now_ns);
  if (self->in_episode)
    {
      self->parked_peak = MAX (self->parked_peak, ledger->recent_parked_peak);
      if (full_ns * HARDLY_PART >= passed_ns)
        self->last_full_ns = now_ns;
      else if (now_ns - self->last_full_ns >= ROOM_AFTER_NS)
        end (self, ledger);
    }
  self->last_but_one = self->last;
  self->last = *ledger;
  self->stepped_ns = now_ns;
}
