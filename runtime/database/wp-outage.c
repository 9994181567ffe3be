#include "runtime/database/wp-outage.h"

#define FIRST_DELAY_NS   (50 * WP_NS_PER_MS)
#define LONGEST_DELAY_NS WP_NS_PER_S
#define REMIND_NS        (10 * WP_NS_PER_S) /* interval of the log lines while the database is down */

void
wp_outage_note (WpOutage *self, gint64 down_ns, const char *reason)
{
  gint64 now_ns = wp_time_monotonic ();
  char time[WP_TIME_BUFFER];

  if (self->delay_ns == 0)
    wp_database_set_down (self->database, down_ns);
  self->delay_ns = MAX (self->delay_ns, 1);
  down_ns = wp_database_down_since (self->database);
  if (self->logged_down_ns != 0
      && now_ns - self->logged_down_ns < (self->logged_down ? REMIND_NS : WP_NS_PER_S))
    return;
  g_warning ("%s is down%s%s, its jobs wait: %s", self->name, self->logged_down ? " for " : "",
             self->logged_down ? wp_time_format_people (time, now_ns - down_ns) : "", reason);
  self->logged_down = TRUE;
  self->logged_down_ns = now_ns;
}

void
wp_outage_delay (WpOutage *self)
{
  self->delay_ns = CLAMP (2 * self->delay_ns, FIRST_DELAY_NS, LONGEST_DELAY_NS);
}

void
wp_outage_end (WpOutage *self)
{
  char time[WP_TIME_BUFFER];

  if (self->delay_ns == 0)
    return;
  if (self->logged_down)
    g_message ("%s is up again, after %s", self->name,
               wp_time_format_people (time, wp_time_monotonic () - wp_database_down_since (self->database)));
  self->logged_down = FALSE;
  self->delay_ns = 0;
  wp_database_set_down (self->database, WP_TIME_NONE);
}

gboolean
wp_outage_expires (const WpOutage *self, const WpJob *job, gint64 now_ns)
{
  gint64 retry_for_ns = self->database->retry_for_ns,
         since_ns = MAX (wp_database_down_since (self->database), job->started_ns);

  return retry_for_ns != WP_TIME_NONE && now_ns - since_ns >= retry_for_ns;
}
