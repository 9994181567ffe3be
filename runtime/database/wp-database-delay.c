/* wp-database-delay.c - waits and stores nothing: the experiment, and the database of known service times. */
#include "runtime/database/wp-database.h"

#include "sim/base/wp-error.h"

#define DEFAULT_DELAY_NS (500 * WP_NS_PER_MS)

typedef struct {
  WpDatabase base;
  WpClock *clock;
  gint64 delay_ns;
} DelayDatabase;

static WpDatabase *
delay_open (const char *location, WpClock *clock, GError **error)
{
  gboolean by_request = g_ascii_strcasecmp (location, "request") == 0;
  gint64 delay_ns = DEFAULT_DELAY_NS;
  DelayDatabase *self;

  if (!by_request && !wp_time_parse_duration (location, &delay_ns, error))
    {
      g_prefix_error (error, "delay: ");
      return NULL;
    }
  self = g_new0 (DelayDatabase, 1);
  self->base.by_request = by_request;
  self->clock = clock;
  self->delay_ns = delay_ns;

  return &self->base;
}

static void
on_due (WpTimer *timer, gpointer data)
{
  WpDatabase *self = data;
  WpJob *job = (WpJob *) ((char *) timer - G_STRUCT_OFFSET (WpJob, timer));

  self->done (&job, 1, self->done_data);
}

/* Deadlines are absolute: a job that follows another on its worker is due from when the other was due, so that the clock's
 * lateness (0.05 to 0.1 ms a job) does not add up over a busy period. The stamps remain clock readings. */
static gboolean
delay_update (WpDatabase *base, WpJob *job)
{
  DelayDatabase *self = (DelayDatabase *) base;
  gboolean asked = base->by_request && job->asked_service_ns != WP_TIME_NONE;

  job->due_ns = job->base_ns + (asked ? job->asked_service_ns : self->delay_ns);
  if (job->due_ns <= job->started_ns)
    return TRUE;
  job->timer.fire = on_due;
  job->timer.data = base;
  wp_clock_arm (self->clock, &job->timer, job->due_ns);

  return FALSE;
}

static void
delay_free (WpDatabase *base)
{
  g_free (base);
}

const WpDatabaseClass wp_delay_database_class = { "delay", "delay:TIME or delay:request", delay_open, delay_update, delay_free };
