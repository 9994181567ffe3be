/* wp-database-delay.c - a database of known service times for experiments: it waits and stores nothing. */
#include "runtime/database/wp-database.h"

#include "sim/base/wp-error.h"

#define DEFAULT_DELAY_NS (500 * WP_NS_PER_MS)

typedef struct {
  WpDatabase base;
  WpClock *clock;
  gint64 delay_ns;
} DelayDatabase;

static gboolean
parse (const char *location, gboolean *by_request, gint64 *delay_ns, GError **error)
{
  *by_request = g_ascii_strcasecmp (location, "request") == 0;
  *delay_ns = DEFAULT_DELAY_NS;
  if (*by_request || wp_time_parse_duration (location, delay_ns, error))
    return TRUE;
  g_prefix_error (error, "delay: ");
  return FALSE;
}

static gboolean
delay_check (const char *location, GError **error)
{
  gboolean by_request;
  gint64 delay_ns;

  return parse (location, &by_request, &delay_ns, error);
}

static WpDatabase *
delay_open (const char *location, const WpDatabaseOptions *options, WpClock *clock, GError **error)
{
  DelayDatabase *self = g_new0 (DelayDatabase, 1);

  parse (location, &self->base.by_request, &self->delay_ns, NULL);
  self->clock = clock;

  return &self->base;
}

static void
on_due (WpTimer *timer, gpointer data)
{
  WpDatabase *self = data;
  WpJob *job = (WpJob *) ((char *) timer - G_STRUCT_OFFSET (WpJob, timer));

  self->done (&job, 1, self->done_data);
}

/* Deadlines are absolute: the service of a job begins when the previous job of its worker was due, so that
 * the clock's lateness (0.05 to 0.1 ms a job) does not add up over a busy period. Recorded times remain clock
 * readings. */
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

const WpDatabaseClass wp_delay_database_class
    = { .open = delay_open, .update = delay_update, .free = delay_free, .check = delay_check };
