#include "runtime/database/wp-outage.h"

#include <libintl.h>

#define FIRST_DELAY_NS   (50 * WP_NS_PER_MS)
#define LONGEST_DELAY_NS WP_NS_PER_S
#define CALM_NS          (10 * WP_NS_PER_S) /* between two outages that are logged */

void
wp_outage_note (WpOutage *self, gint64 down_ns, guint n_jobs, const char *reason)
{
  gint64 now_ns = wp_time_monotonic ();

  if (self->delay_ns == 0)
    wp_database_set_down (self->database, down_ns);
  wp_database_set_down_reason (self->database, reason);
  self->delay_ns = MAX (self->delay_ns, 1);
  self->n_jobs = MAX (self->n_jobs, n_jobs);
  if (self->logged_down || (self->logged_down_ns != 0 && now_ns - self->logged_down_ns < CALM_NS))
    return;
  g_warning ("%s is down, its jobs wait: %s", self->name, reason);
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
  g_autofree char *repeated = NULL;
  char time[WP_TIME_BUFFER];

  if (self->delay_ns == 0)
    return;
  repeated = self->n_jobs > 0
                 ? g_strdup_printf (ngettext (", %u update repeated", ", %u updates repeated", self->n_jobs),
                                    self->n_jobs)
                 : g_strdup ("");
  if (self->logged_down)
    g_message ("%s is up again, after %s%s", self->name,
               wp_time_format_people (time, wp_time_monotonic () - wp_database_down_since (self->database)),
               repeated);
  self->logged_down = FALSE;
  self->n_jobs = 0;
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
