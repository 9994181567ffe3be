#include "runtime/queue/wp-realtime.h"

#include <sched.h>
#include <sys/resource.h>
#include <time.h>

#include "sim/base/wp-time.h"

void
wp_realtime_thread (WpRealtime priority)
{
  const struct sched_param first = { .sched_priority = (int) priority };

  if (g_get_num_processors () > 1 && sched_getscheduler (0) == SCHED_OTHER
      && getpriority (PRIO_PROCESS, 0) == 0)
    sched_setscheduler (0, SCHED_RR | SCHED_RESET_ON_FORK, &first);
}

/* Gives the calling thread the normal policy again. */
static void
end_realtime (void)
{
  const struct sched_param ordinary = { 0 };

  if (sched_getscheduler (0) == (SCHED_RR | SCHED_RESET_ON_FORK))
    sched_setscheduler (0, SCHED_OTHER, &ordinary);
}

static gint64
used_ns (void)
{
  struct timespec used;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &used);

  return used.tv_sec * WP_NS_PER_S + used.tv_nsec;
}

void
wp_realtime_review_init (WpRealtimeReview *self, WpRealtime priority)
{
  *self = (WpRealtimeReview){ priority, TRUE, wp_time_monotonic (), used_ns () };
  wp_realtime_thread (priority);
}

void
wp_realtime_review_update (WpRealtimeReview *self)
{
  gint64 now_ns = wp_time_monotonic (), used = used_ns ();
  gint64 passed_ns = now_ns - self->reviewed_ns, busy_ns = used - self->used_ns;

  wp_realtime_review_set_first (self, busy_ns < passed_ns / (self->is_first ? 2 : 4));
  self->reviewed_ns = now_ns;
  self->used_ns = used;
}

void
wp_realtime_review_set_first (WpRealtimeReview *self, gboolean first)
{
  if (first && !self->is_first)
    wp_realtime_thread (self->priority);
  else if (!first && self->is_first)
    end_realtime ();
  self->is_first = first;
}
