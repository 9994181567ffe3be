#include "sim/model/wp-shared-queue-private.h"

/* What comes next. At one instant they happen in this order. */
typedef enum { WRITER, CREDIT, DELIVERY, RETRY, CONFIRM, NOTHING } Kind;

WpSharedQueue *
wp_shared_queue_new (const WpSharedQueueOptions *options, const WpLayout *layout, WpCommit *confirm,
                     WpCommit *commit, WpBatchNotify notify, gpointer data)
{
  WpSharedQueue *self = g_new0 (WpSharedQueue, 1);

  g_return_val_if_fail (options->batch >= 1 && options->prefetch >= options->batch, NULL);

  self->options = *options;
  self->layout = *layout;
  self->reopen_jobs = (guint) (options->reopen * layout->queue_jobs);
  self->confirm = wp_commit_ref (confirm);
  self->commit = wp_commit_ref (commit);
  wp_commit_restart_of (confirm, options->fronts, &self->acknowledgements);
  self->notify = notify;
  self->data = data;
  wp_balancer_init (&self->balancer, options->balance, options->fronts, options->seed);
  self->free_ns = g_new0 (gint64, (gsize) options->fronts * options->threads);
  self->fronts = g_new0 (WpSharedFront, options->fronts);
  for (guint i = 0; i < options->fronts; i++)
    wp_commit_restart_of (confirm, i, &self->fronts[i].confirms);
  self->workers = g_new0 (WpSharedWorker, layout->workers);
  for (guint i = 0; i < layout->workers; i++)
    {
      self->workers[i].credit = options->prefetch;
      self->workers[i].is_in_line = TRUE;
      wp_commit_restart_of (commit, i, &self->workers[i].commits);
      wp_steps_push (&self->line, i);
    }
  self->first_full_ns = self->retry_at_ns = WP_TIME_NONE;
  wp_histograms_init (&self->histograms);

  return self;
}

void
wp_shared_queue_free (WpSharedQueue *self)
{
  wp_commit_unref (self->confirm);
  wp_commit_unref (self->commit);
  wp_balancer_clear (&self->balancer);
  g_free (self->free_ns);
  g_free (self->fronts);
  wp_shared_jobs_clear (&self->in_order);
  wp_shared_job_heap_clear (&self->out_of_order);
  wp_shared_jobs_clear (&self->refused);
  wp_shared_jobs_clear (&self->ready);
  wp_steps_clear (&self->line);
  wp_shared_jobs_clear (&self->deliveries);
  wp_shared_events_clear (&self->credits);
  wp_shared_event_heap_clear (&self->writers);
  for (guint i = 0; i < self->layout.workers; i++)
    wp_shared_jobs_clear (&self->workers[i].jobs);
  g_free (self->workers);
  wp_histograms_clear (&self->histograms);
  g_free (self);
}

static inline gboolean
counts (const WpSharedQueue *self, const WpSharedJob *job)
{
  return job->request >= self->counted_from;
}

static gint64
add (WpSharedQueue *self, gint64 one_ns, gint64 other_ns)
{
  gint64 sum_ns;

  if (!__builtin_add_overflow (one_ns, other_ns, &sum_ns))
    return sum_ns;
  self->overflowed = TRUE;

  return G_MAXINT64;
}

/* A front's processor, and its publish. */
static void
pass_front (WpSharedQueue *self, WpSharedJob job)
{
  guint threads = self->options.threads, i = wp_balancer_choose (&self->balancer);
  WpSharedFront *front = &self->fronts[i];
  gint64 *free_ns = &self->free_ns[i * threads + front->next_thread];

  front->next_thread = front->next_thread + 1 < threads ? front->next_thread + 1 : 0;
  *free_ns = add (self, MAX (job.arrival_ns, *free_ns), self->options.front_ns);
  wp_commit_count_row (self->confirm, &front->confirms, *free_ns);
  if (i == 0)
    wp_commit_count_row (self->confirm, &self->acknowledgements, *free_ns);
  job.accepted_ns = add (self, *free_ns, wp_commit_draw (self->confirm, &front->confirms, 1));
  job.accepted_ns = front->confirmed_ns = MAX (job.accepted_ns, front->confirmed_ns);
  if (self->in_order.length == 0 || job.accepted_ns >= self->last_ordered_ns)
    {
      self->last_ordered_ns = job.accepted_ns;
      wp_shared_jobs_push (&self->in_order, job);
    }
  else
    wp_shared_job_heap_push (&self->out_of_order, job);
}

/* When the engine, which gets it at @at_ns, has replicated an acknowledgement, or a publish that it refused
 * before. */
static gint64
replicate (WpSharedQueue *self, gint64 at_ns)
{
  return add (self, at_ns, wp_commit_draw (self->confirm, &self->acknowledgements, 1));
}

/* The writer takes all jobs in service. */
static void
begin_commit (WpSharedQueue *self, guint i)
{
  WpSharedWorker *worker = &self->workers[i];
  gint64 lasts_ns;

  worker->is_waking = FALSE;
  worker->in_commit = MIN (worker->in_service, wp_commit_max_rows (self->commit));
  lasts_ns = wp_commit_draw (self->commit, &worker->commits, worker->in_commit);
  wp_shared_event_heap_push (&self->writers, (WpSharedEvent){ add (self, self->now_ns, lasts_ns), i, 0 });
  self->committing++;
  self->n_commits++;
  self->rows += worker->in_commit;
}

static void
wake_writer (WpSharedQueue *self, guint i)
{
  gint64 delay_ns = wp_commit_idle_delay (self->commit, &self->workers[i].commits);

  if (delay_ns == 0)
    {
      begin_commit (self, i);
      return;
    }
  self->workers[i].is_waking = TRUE;
  wp_shared_event_heap_push (&self->writers, (WpSharedEvent){ add (self, self->now_ns, delay_ns), i, 0 });
}

static void
start_jobs (WpSharedQueue *self, WpSharedWorker *worker)
{
  for (; worker->in_service < self->options.batch && worker->in_service < worker->jobs.length;
       worker->in_service++)
    {
      WpSharedJob *job = &worker->jobs.items[(worker->jobs.head + worker->in_service) & worker->jobs.mask];

      job->started_ns = self->now_ns;
      wp_commit_count_row (self->commit, &worker->commits, self->now_ns);
      self->depth_jobs--;
      self->busy_jobs++;
      if (counts (self, job))
        wp_histogram_add_inline (self->histograms.wait, self->now_ns - job->arrival_ns, 1);
    }
  self->busy_max = MAX (self->busy_max, self->busy_jobs);
}

static void
end_job (WpSharedQueue *self, const WpSharedJob *job)
{
  WpRequestResult result
      = { job->accepted_ns, job->started_ns, self->now_ns, self->now_ns, WP_OUTCOME_STORED, job->blocked };

  self->busy_jobs--;
  self->ended++;
  self->completed++;
  if (counts (self, job))
    {
      self->finished++;
      self->service_ns += (guint64) (self->now_ns - job->started_ns);
      wp_histogram_add_inline (self->histograms.response, self->now_ns - job->arrival_ns, 1);
    }
  if (self->notify)
    self->notify (job->request, &result, self->data);
}

static void
end_commit (WpSharedQueue *self, guint i)
{
  WpSharedWorker *worker = &self->workers[i];
  gint64 credited_ns = replicate (self, self->now_ns);

  self->credited_ns = MAX (credited_ns, self->credited_ns);
  wp_shared_events_push (&self->credits, (WpSharedEvent){ self->credited_ns, i, worker->in_commit });
  self->committing--;
  self->last_ns = self->now_ns;
  for (; worker->in_commit > 0; worker->in_commit--, worker->in_service--)
    {
      WpSharedJob job = wp_shared_jobs_pop (&worker->jobs);

      end_job (self, &job);
    }
  start_jobs (self, worker);
  if (worker->in_service > 0)
    begin_commit (self, i);
}

/* Workers with credit get the oldest ready jobs in turn, whether they are busy or not. */
static void
deliver (WpSharedQueue *self)
{
  while (self->ready.length > 0 && self->line.length > 0)
    {
      WpSharedJob job = wp_shared_jobs_pop (&self->ready);
      guint i = wp_steps_pop (&self->line);

      job.worker = i;
      job.started_ns = add (self, self->now_ns, self->options.deliver_ns);
      wp_shared_jobs_push (&self->deliveries, job);
      self->workers[i].is_in_line = --self->workers[i].credit > 0;
      if (self->workers[i].is_in_line)
        wp_steps_push (&self->line, i);
    }
  if (!self->is_closed || self->ready.length > self->reopen_jobs)
    return;
  self->is_closed = FALSE;
  if (self->refused.length > 0)
    self->retry_at_ns = replicate (self, add (self, self->now_ns, self->options.retry_ns / 2));
}

static void
take_credit (WpSharedQueue *self)
{
  WpSharedEvent credit = wp_shared_events_pop (&self->credits);
  WpSharedWorker *worker = &self->workers[credit.worker];

  worker->credit += credit.jobs;
  if (!worker->is_in_line)
    wp_steps_push (&self->line, credit.worker);
  worker->is_in_line = TRUE;
  deliver (self);
}

static void
take_delivery (WpSharedQueue *self)
{
  WpSharedJob job = wp_shared_jobs_pop (&self->deliveries);
  WpSharedWorker *worker = &self->workers[job.worker];

  wp_shared_jobs_push (&worker->jobs, job);
  start_jobs (self, worker);
  if (worker->in_commit == 0 && !worker->is_waking)
    wake_writer (self, job.worker);
}

static void
accept (WpSharedQueue *self, WpSharedJob job)
{
  job.accepted_ns = self->now_ns;
  wp_shared_jobs_push (&self->ready, job);
  self->depth_jobs++;
  if (counts (self, &job))
    {
      self->accepted++;
      wp_histogram_add_inline (self->histograms.accept_latency, self->now_ns - job.arrival_ns, 1);
      if (job.blocked)
        wp_histogram_add_inline (self->histograms.blocked_time, self->now_ns - job.arrival_ns, 1);
    }
  deliver (self);
  self->ready_max = MAX (self->ready_max, self->ready.length);
  self->is_closed |= self->ready.length > self->layout.queue_jobs;
}

/* Of publishes, which there are. Returns: NULL: the next is in order */
static const WpSharedJob *
find_out_of_order (const WpSharedQueue *self)
{
  WpSharedJob first;

  if (self->out_of_order.length == 0)
    return NULL;
  if (self->in_order.length == 0)
    return wp_shared_job_heap_first (&self->out_of_order);
  first = wp_shared_jobs_front (&self->in_order);

  return wp_shared_job_is_sooner (&first, wp_shared_job_heap_first (&self->out_of_order))
             ? NULL
             : wp_shared_job_heap_first (&self->out_of_order);
}

static void
take_publish (WpSharedQueue *self)
{
  WpSharedJob job = find_out_of_order (self) ? wp_shared_job_heap_pop (&self->out_of_order)
                                             : wp_shared_jobs_pop (&self->in_order);

  job.blocked = self->is_closed || self->refused.length > 0;
  if (!job.blocked)
    {
      accept (self, job);
      return;
    }
  wp_shared_jobs_push (&self->refused, job);
  self->blocked += counts (self, &job);
  self->blocked_peak = MAX (self->blocked_peak, self->refused.length);
}

static void
retry (WpSharedQueue *self)
{
  self->retry_at_ns = WP_TIME_NONE;
  while (self->refused.length > 0 && !self->is_closed)
    accept (self, wp_shared_jobs_pop (&self->refused));
}

static inline void
choose (Kind *kind, gint64 *next_ns, Kind other, gint64 at_ns)
{
  if (at_ns >= *next_ns)
    return;
  *kind = other;
  *next_ns = at_ns;
}

static Kind
find_next (const WpSharedQueue *self, gint64 *next_ns)
{
  Kind kind = NOTHING;

  *next_ns = G_MAXINT64;
  if (self->writers.length > 0)
    choose (&kind, next_ns, WRITER, wp_shared_event_heap_first (&self->writers)->at_ns);
  if (self->credits.length > 0)
    choose (&kind, next_ns, CREDIT, wp_shared_events_front (&self->credits).at_ns);
  if (self->deliveries.length > 0)
    choose (&kind, next_ns, DELIVERY, wp_shared_jobs_front (&self->deliveries).started_ns);
  if (self->retry_at_ns != WP_TIME_NONE)
    choose (&kind, next_ns, RETRY, self->retry_at_ns);
  if (self->in_order.length > 0)
    choose (&kind, next_ns, CONFIRM, wp_shared_jobs_front (&self->in_order).accepted_ns);
  if (self->out_of_order.length > 0)
    choose (&kind, next_ns, CONFIRM, wp_shared_job_heap_first (&self->out_of_order)->accepted_ns);

  return kind;
}

static void
happen (WpSharedQueue *self, Kind kind)
{
  guint writer;

  switch (kind)
    {
    case WRITER:
      writer = wp_shared_event_heap_pop (&self->writers).worker;
      if (self->workers[writer].is_waking)
        begin_commit (self, writer);
      else
        end_commit (self, writer);
      break;
    case CREDIT:
      take_credit (self);
      break;
    case DELIVERY:
      take_delivery (self);
      break;
    case RETRY:
      retry (self);
      break;
    case CONFIRM:
    case NOTHING:
    default:
      take_publish (self);
    }
}

void
wp_shared_queue_advance (WpSharedQueue *self, gint64 until_ns)
{
  gint64 next_ns;
  Kind kind;

  while (!self->overflowed && self->ended < self->offered && (kind = find_next (self, &next_ns)) != NOTHING
         && next_ns < until_ns)
    {
      wp_shared_queue_count_time (self, next_ns);
      happen (self, kind);
    }
}

gboolean
wp_shared_queue_offer (WpSharedQueue *self, gint64 arrival_ns)
{
  WpSharedJob job = { .request = self->offered++, .arrival_ns = arrival_ns };

  if (self->requests++ == 0)
    {
      self->first_ns = arrival_ns;
      if (job.request == 0)
        self->now_ns = arrival_ns;
    }
  pass_front (self, job);
  wp_shared_queue_advance (self, add (self, arrival_ns, self->options.front_ns));

  return !self->overflowed;
}
