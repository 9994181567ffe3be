#include "runtime/queue/wp-parked.h"

static gint64
as_timeout (gint64 timeout_ns)
{
  return timeout_ns == WP_TIME_NONE ? G_MAXINT64 : timeout_ns;
}

void
wp_parked_init (WpParked *self, gint64 timeout_ns)
{
  *self = (WpParked){ { { NULL, NULL, 0 }, as_timeout (timeout_ns), G_MAXUINT64 },
                      g_array_new (FALSE, FALSE, sizeof (WpParkedGroup)),
                      0 };
}

void
wp_parked_clear (WpParked *self)
{
  g_assert (self->n == 0);
  g_array_unref (self->earlier);
}

void
wp_parked_set_timeout (WpParked *self, gint64 timeout_ns, guint64 next_seq)
{
  if (self->present.jobs.head && self->present.timeout_ns != as_timeout (timeout_ns))
    {
      self->present.end_seq = next_seq;
      g_array_append_val (self->earlier, self->present);
      self->present.jobs = (WpJobList){ NULL, NULL, 0 };
      self->present.end_seq = G_MAXUINT64;
    }
  self->present.timeout_ns = as_timeout (timeout_ns);
}

/* The oldest first; @i up to and including earlier->len. */
static WpParkedGroup *
group_at (WpParked *self, guint i)
{
  return i < self->earlier->len ? &g_array_index (self->earlier, WpParkedGroup, i) : &self->present;
}

void
wp_parked_push (WpParked *self, WpJob *job)
{
  wp_job_list_push (&self->present.jobs, job);
  self->n++;
}

void
wp_parked_remove (WpParked *self, WpJob *job)
{
  guint i = 0;

  while (job->seq >= group_at (self, i)->end_seq)
    i++;
  wp_job_list_remove (&group_at (self, i)->jobs, job);
  self->n--;
}

WpJob *
wp_parked_first (WpParked *self)
{
  while (self->earlier->len > 0 && !group_at (self, 0)->jobs.head)
    g_array_remove_index (self->earlier, 0);
  return group_at (self, 0)->jobs.head;
}

WpJob *
wp_parked_take_overdue (WpParked *self, gint64 early_ns, gint64 now_ns)
{
  for (guint i = 0; i <= self->earlier->len; i++)
    {
      WpParkedGroup *group = group_at (self, i);
      WpJob *job = group->jobs.head;

      if (!job || job->arrival_ns >= now_ns - group->timeout_ns + early_ns)
        continue;
      wp_job_list_remove (&group->jobs, job);
      self->n--;
      return job;
    }
  return NULL;
}

gint64
wp_parked_next_due (WpParked *self)
{
  gint64 next_due_ns = WP_TIME_NONE;

  for (guint i = 0; i <= self->earlier->len; i++)
    {
      const WpParkedGroup *group = group_at (self, i);
      gint64 due_ns;

      if (!group->jobs.head || group->timeout_ns == G_MAXINT64)
        continue;
      due_ns = group->jobs.head->arrival_ns + group->timeout_ns;
      next_due_ns = next_due_ns == WP_TIME_NONE ? due_ns : MIN (next_due_ns, due_ns);
    }
  return next_due_ns;
}

void
wp_parked_foreach (WpParked *self, void (*func) (WpJob *job, gpointer data), gpointer data)
{
  for (guint i = 0; i <= self->earlier->len; i++)
    for (WpJob *job = group_at (self, i)->jobs.head; job; job = job->next)
      func (job, data);
}
