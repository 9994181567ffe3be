#include "sim/run/wp-timeline.h"

#include "sim/model/wp-ring.h"

#define BUFFER_BYTES (64 * 1024) /* of a time series */

typedef struct {
  const WpStateSampler *functions;
  gpointer sampler;
  gint64 first_ns, interval_ns, next_ns; /* next_ns: G_MAXINT64: none */
} Sampler;

typedef struct {
  WpStateValue value;
  WpDownsample *values;
} Follower;

typedef struct {
  gint64 left_ns, arrival_ns;
} Waiting;

WP_DEFINE_RING (WaitingRing, waiting_ring, Waiting)

/* One model's. Each ring is in order of time; of one queue under FCFS, that is the order of arrival. */
typedef struct {
  WaitingRing accepted; /* parked or queued requests that are accepted, until they leave the queue */
  WaitingRing refused;  /* parked requests that are turned away, until then */
  WpRing acceptances;   /* when each parked request of @accepted is accepted */
  GArray *ends;         /* of @accepted and of jobs in service; a binary heap of gint64 */
  gint64 next_ns;       /* time of the next event; G_MAXINT64: none */
  gint64 last_ns;       /* the last finish so far; WP_TIME_NONE: none */
  GArray *followers;    /* (element-type Follower) */
  gboolean needs_busy;  /* of a follower */
} Model;

struct _WpTimeline {
  guint n_models;
  Model models[WP_N_MODES];
  GArray *samplers;  /* (element-type Sampler) */
  gboolean is_used;  /* there is a sampler or a follower */
  gint64 next_ns;    /* time of the next sample; G_MAXINT64: none */
  gint64 arrival_ns; /* of the last request */
};

static void
model_empty (Model *self)
{
  waiting_ring_clear (&self->accepted);
  waiting_ring_clear (&self->refused);
  wp_ring_clear (&self->acceptances);
  g_array_set_size (self->ends, 0);
  self->next_ns = G_MAXINT64;
  self->last_ns = WP_TIME_NONE;
}

WpTimeline *
wp_timeline_new (guint n_models)
{
  WpTimeline *self = g_new0 (WpTimeline, 1);

  self->n_models = n_models;
  for (guint i = 0; i < n_models; i++)
    {
      self->models[i].ends = g_array_new (FALSE, FALSE, sizeof (gint64));
      self->models[i].followers = g_array_new (FALSE, FALSE, sizeof (Follower));
      model_empty (&self->models[i]);
    }
  self->samplers = g_array_new (FALSE, FALSE, sizeof (Sampler));
  self->next_ns = G_MAXINT64;

  return self;
}

void
wp_timeline_free (WpTimeline *self)
{
  for (guint i = 0; i < self->n_models; i++)
    {
      model_empty (&self->models[i]);
      g_array_unref (self->models[i].ends);
      g_array_unref (self->models[i].followers);
    }
  g_array_unref (self->samplers);
  g_free (self);
}

void
wp_timeline_sample (WpTimeline *self, const WpStateSampler *functions, gpointer sampler, gint64 first_ns,
                    gint64 interval_ns)
{
  Sampler entry = { functions, sampler, first_ns, interval_ns, first_ns };

  g_array_append_val (self->samplers, entry);
  self->next_ns = MIN (self->next_ns, first_ns);
  self->is_used = TRUE;
}

void
wp_timeline_follow (WpTimeline *self, guint model, WpStateValue value, WpDownsample *values)
{
  Follower follower = { value, values };

  g_array_append_val (self->models[model].followers, follower);
  self->models[model].needs_busy |= value == WP_STATE_BUSY;
  self->is_used = TRUE;
}

static void
heap_push (GArray *heap, gint64 time)
{
  gint64 *times;
  guint i = heap->len;

  g_array_append_val (heap, time);
  times = (gint64 *) heap->data;
  for (; i > 0 && times[(i - 1) / 2] > time; i = (i - 1) / 2)
    times[i] = times[(i - 1) / 2];
  times[i] = time;
}

static void
heap_pop (GArray *heap)
{
  gint64 *times = (gint64 *) heap->data;
  gint64 last = times[heap->len - 1];
  guint n = heap->len - 1, i = 0;

  for (guint child = 1; child < n; child = 2 * i + 1)
    {
      child += child + 1 < n && times[child + 1] < times[child];
      if (times[child] >= last)
        break;
      times[i] = times[child];
      i = child;
    }
  times[i] = last;
  g_array_set_size (heap, n);
}

/* Jobs of several queues do not come in order of time. */
static inline void
push_waiting (WaitingRing *ring, Waiting waiting)
{
  gsize i = ring->length;

  waiting_ring_push (ring, waiting);
  for (; i > 0 && G_UNLIKELY (waiting_ring_at (ring, i - 1).left_ns > waiting.left_ns); i--)
    ring->items[(ring->head + i) & ring->mask] = waiting_ring_at (ring, i - 1);
  ring->items[(ring->head + i) & ring->mask] = waiting;
}

static inline void
push_time (WpRing *ring, gint64 time_ns)
{
  gsize i = ring->length;

  wp_ring_push (ring, time_ns);
  for (; i > 0 && G_UNLIKELY (wp_ring_at (ring, i - 1) > time_ns); i--)
    ring->items[(ring->head + i) & ring->mask] = wp_ring_at (ring, i - 1);
  ring->items[(ring->head + i) & ring->mask] = time_ns;
}

static inline void
pop_waiting (WaitingRing *ring, gint64 now_ns, gint64 *next_ns, gint64 *oldest_ns)
{
  while (ring->length > 0 && waiting_ring_front (ring).left_ns <= now_ns)
    waiting_ring_pop (ring);
  if (ring->length == 0)
    return;
  *next_ns = MIN (*next_ns, waiting_ring_front (ring).left_ns);
  *oldest_ns = MIN (*oldest_ns, waiting_ring_front (ring).arrival_ns);
}

/* The state after all events at @now_ns, which does not decrease. */
G_ALWAYS_INLINE static inline WpState
state_at (Model *self, gint64 now_ns)
{
  gint64 next_ns = G_MAXINT64, oldest_ns = G_MAXINT64;

  while (self->ends->len > 0 && g_array_index (self->ends, gint64, 0) <= now_ns)
    heap_pop (self->ends);
  if (self->ends->len > 0)
    next_ns = g_array_index (self->ends, gint64, 0);
  while (self->acceptances.length > 0 && wp_ring_front (&self->acceptances) <= now_ns)
    wp_ring_pop (&self->acceptances);
  if (self->acceptances.length > 0)
    next_ns = MIN (next_ns, wp_ring_front (&self->acceptances));
  pop_waiting (&self->accepted, now_ns, &next_ns, &oldest_ns);
  pop_waiting (&self->refused, now_ns, &next_ns, &oldest_ns);
  self->next_ns = next_ns;

  return (WpState){ self->accepted.length - self->acceptances.length,
                    self->refused.length + self->acceptances.length, self->ends->len - self->accepted.length,
                    oldest_ns == G_MAXINT64 ? WP_TIME_NONE : oldest_ns };
}

static inline guint64
value_of (const WpState *state, WpStateValue value)
{
  return value == WP_STATE_BUSY    ? state->busy
         : value == WP_STATE_DEPTH ? state->depth
                                   : state->depth + state->parked;
}

/* As follow(), where jobs only leave the queue: none is parked, and none in service is followed. */
static void
follow_queue (Model *self, gint64 limit_ns)
{
  const Follower *first = &g_array_index (self->followers, Follower, 0), *end = first + self->followers->len;
  WaitingRing *queue = &self->accepted;
  gint64 now_ns = self->next_ns;

  do
    {
      while (queue->length > 0 && waiting_ring_front (queue).left_ns <= now_ns)
        waiting_ring_pop (queue);
      for (const Follower *follower = first; follower < end; follower++)
        {
          guint64 value = follower->value == WP_STATE_BUSY ? 0 : queue->length;

          if (value != follower->values->last)
            wp_downsample_add (follower->values, now_ns, value);
        }
      now_ns = queue->length > 0 ? waiting_ring_front (queue).left_ns : G_MAXINT64;
    }
  while (now_ns < limit_ns);
  self->next_ns = now_ns;
}

/* Passes all events before @limit_ns to the followers. */
static void
follow (Model *self, gint64 limit_ns)
{
  const Follower *first = &g_array_index (self->followers, Follower, 0), *end = first + self->followers->len;

  while (self->next_ns < limit_ns)
    {
      if (self->ends->len == 0 && self->acceptances.length == 0 && self->refused.length == 0)
        {
          follow_queue (self, limit_ns);
          return;
        }

      gint64 now_ns = self->next_ns;
      WpState state = state_at (self, now_ns);

      for (const Follower *follower = first; follower < end; follower++)
        if (value_of (&state, follower->value) != follower->values->last)
          wp_downsample_add (follower->values, now_ns, value_of (&state, follower->value));
    }
}

static gboolean
take_sample (WpTimeline *self, const Sampler *sampler, gboolean at_end, GError **error)
{
  for (guint i = 0; i < self->n_models; i++)
    {
      Model *model = &self->models[i];
      WpState state;

      if (at_end && sampler->next_ns > model->last_ns)
        continue;
      if (model->followers->len > 0)
        follow (model, sampler->next_ns + 1);
      state = state_at (model, sampler->next_ns);
      if (!sampler->functions->sample (sampler->sampler, i, sampler->next_ns, &state, error))
        return FALSE;
    }

  return TRUE;
}

/* Takes all samples until @until_ns. A request that finds all jobs finished is accepted, so only samples
 * @at_end may be later than the last finish. */
static gboolean
sample_until (WpTimeline *self, gint64 until_ns, gboolean at_end, GError **error)
{
  while (self->next_ns <= until_ns && self->next_ns != G_MAXINT64)
    {
      gint64 now_ns = self->next_ns;

      self->next_ns = G_MAXINT64;
      for (guint i = 0; i < self->samplers->len; i++)
        {
          Sampler *sampler = &g_array_index (self->samplers, Sampler, i);

          if (sampler->next_ns == now_ns)
            {
              if (!take_sample (self, sampler, at_end, error))
                return FALSE;
              if (sampler->interval_ns == 0
                  || __builtin_add_overflow (now_ns, sampler->interval_ns, &sampler->next_ns))
                sampler->next_ns = G_MAXINT64;
            }
          self->next_ns = MIN (self->next_ns, sampler->next_ns);
        }
    }

  return TRUE;
}

/* A request that has ended before the next sample needs no further work. */
static inline void
offer_row (Model *self, gint64 arrival_ns, gint64 dispatch_ns, const WpRequestResult *result,
           gint64 sampled_ns)
{
  gboolean is_followed = self->followers->len > 0, accepted = result->accepted_ns != WP_TIME_NONE;
  gint64 waits_from_ns = is_followed ? arrival_ns : sampled_ns;
  gint64 busy_from_ns = self->needs_busy ? arrival_ns : sampled_ns;
  gint64 left_ns = wp_request_result_left_queue (result, dispatch_ns);
  gint64 end_ns = result->finished_ns != WP_TIME_NONE ? result->finished_ns : result->ended_ns;

  if (is_followed && self->next_ns < arrival_ns)
    follow (self, arrival_ns);
  self->last_ns = MAX (self->last_ns, result->finished_ns); /* WP_TIME_NONE is less than any time */
  if (left_ns <= waits_from_ns && end_ns <= busy_from_ns)
    return;
  self->next_ns = MIN (self->next_ns, arrival_ns);
  if (left_ns > waits_from_ns)
    push_waiting (accepted ? &self->accepted : &self->refused, (Waiting){ left_ns, arrival_ns });
  if (result->accepted_ns > waits_from_ns)
    push_time (&self->acceptances, result->accepted_ns);
  if (accepted && end_ns > busy_from_ns)
    heap_push (self->ends, end_ns);
}

/* No sample is to come. */
static void
offer_rows (Model *self, const WpBatch *batch, const WpRequestResult *results)
{
  const gint64 *dispatches_ns = batch->dispatches_ns;

  if (self->followers->len > 0)
    for (gsize row = 0; row < batch->n_rows; row++)
      offer_row (self, batch->rows[row].arrival_ns, dispatches_ns ? dispatches_ns[row] : 0, &results[row],
                 G_MAXINT64);
}

static gboolean
on_offer (gpointer observer, const WpBatch *batch, GError **error)
{
  WpTimeline *self = observer;
  const gint64 *dispatches_ns = batch->dispatches_ns;

  if (self->is_used && self->next_ns == G_MAXINT64)
    {
      for (guint i = 0; i < self->n_models; i++)
        offer_rows (&self->models[i], batch, batch->results[i]);
      self->arrival_ns = batch->rows[batch->n_rows - 1].arrival_ns;
      return TRUE;
    }
  for (gsize row = 0; self->is_used && row < batch->n_rows; row++)
    {
      gint64 arrival_ns = batch->rows[row].arrival_ns;

      if (self->next_ns < arrival_ns && !sample_until (self, arrival_ns - 1, FALSE, error))
        return FALSE;
      for (guint i = 0; i < self->n_models; i++)
        if (self->models[i].followers->len > 0 || self->next_ns != G_MAXINT64)
          offer_row (&self->models[i], arrival_ns, dispatches_ns ? dispatches_ns[row] : 0,
                     &batch->results[i][row], self->next_ns);
    }
  self->arrival_ns = batch->rows[batch->n_rows - 1].arrival_ns;

  return TRUE;
}

static void
model_restart (Model *self)
{
  model_empty (self);
  for (guint i = 0; i < self->followers->len; i++)
    wp_downsample_restart (g_array_index (self->followers, Follower, i).values);
}

static gboolean
on_restart (gpointer observer, GError **error)
{
  WpTimeline *self = observer;

  for (guint i = 0; i < self->n_models; i++)
    model_restart (&self->models[i]);
  self->next_ns = G_MAXINT64;
  for (guint i = 0; i < self->samplers->len; i++)
    {
      Sampler *sampler = &g_array_index (self->samplers, Sampler, i);

      sampler->next_ns = sampler->first_ns;
      self->next_ns = MIN (self->next_ns, sampler->next_ns);
      if (!sampler->functions->restart (sampler->sampler, error))
        return FALSE;
    }

  return TRUE;
}

static void
model_finish (Model *self, gint64 arrival_ns)
{
  if (self->followers->len > 0)
    follow (self, G_MAXINT64);
  for (guint i = 0; i < self->followers->len; i++)
    {
      WpDownsample *values = g_array_index (self->followers, Follower, i).values;

      wp_downsample_add (values, MAX (wp_downsample_end (values), arrival_ns), values->last);
    }
}

static gboolean
on_finish (gpointer observer, GError **error)
{
  WpTimeline *self = observer;
  gint64 last_ns = WP_TIME_NONE;

  for (guint i = 0; i < self->n_models; i++)
    last_ns = MAX (last_ns, self->models[i].last_ns);
  if (!sample_until (self, last_ns, TRUE, error))
    return FALSE;
  for (guint i = 0; i < self->n_models; i++)
    model_finish (&self->models[i], self->arrival_ns);
  for (guint i = 0; i < self->samplers->len; i++)
    {
      const Sampler *sampler = &g_array_index (self->samplers, Sampler, i);

      if (sampler->functions->finish && !sampler->functions->finish (sampler->sampler, error))
        return FALSE;
    }

  return TRUE;
}

const WpObserver wp_timeline_observer = { TRUE, on_restart, on_offer, on_finish };

void
wp_snapshot_init (WpSnapshot *self, gint64 at_ns, guint n_models)
{
  *self = (WpSnapshot){ .at_ns = at_ns, .n_models = n_models };
  for (guint i = 0; i < n_models; i++)
    self->states[i].oldest_ns = WP_TIME_NONE;
}

static gboolean
restart_snapshot (gpointer sampler, GError **error)
{
  WpSnapshot *self = sampler;

  wp_snapshot_init (self, self->at_ns, self->n_models);

  return TRUE;
}

static gboolean
sample_snapshot (gpointer sampler, guint model, gint64 now_ns, const WpState *state, GError **error)
{
  ((WpSnapshot *) sampler)->states[model] = *state;

  return TRUE;
}

const WpStateSampler wp_snapshot_sampler = { .restart = restart_snapshot, .sample = sample_snapshot };

struct _WpTimeSeries {
  WpAtomicFile *output;
  guint n_models;
  char *names[WP_N_MODES];
  GString *buffer;
};

static void
begin_series (WpTimeSeries *self)
{
  g_string_assign (self->buffer, "time,mode,depth,parked,busy\n");
}

WpTimeSeries *
wp_time_series_new (WpAtomicFile *output, const char *const *names, guint n_models)
{
  WpTimeSeries *self = g_new0 (WpTimeSeries, 1);

  self->output = output;
  self->n_models = n_models;
  for (guint i = 0; i < n_models; i++)
    self->names[i] = g_strdup (names[i]);
  self->buffer = g_string_sized_new (BUFFER_BYTES);
  begin_series (self);

  return self;
}

void
wp_time_series_free (WpTimeSeries *self)
{
  for (guint i = 0; i < self->n_models; i++)
    g_free (self->names[i]);
  g_string_free (self->buffer, TRUE);
  g_free (self);
}

static gboolean
flush_series (WpTimeSeries *self, GError **error)
{
  gboolean written = wp_atomic_file_write (self->output, self->buffer->str, self->buffer->len, error);

  g_string_truncate (self->buffer, 0);

  return written;
}

static gboolean
sample_series (gpointer sampler, guint model, gint64 now_ns, const WpState *state, GError **error)
{
  WpTimeSeries *self = sampler;
  char time[WP_TIME_BUFFER];

  g_string_append_printf (self->buffer,
                          "%s,%s,%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT "\n",
                          wp_time_format_seconds (time, now_ns), self->names[model], state->depth,
                          state->parked, state->busy);

  return self->buffer->len < BUFFER_BYTES - 256 || flush_series (self, error);
}

static gboolean
restart_series (gpointer sampler, GError **error)
{
  WpTimeSeries *self = sampler;

  begin_series (self);

  return wp_atomic_file_restart (self->output, error);
}

static gboolean
finish_series (gpointer sampler, GError **error)
{
  return flush_series (sampler, error);
}

const WpStateSampler wp_time_series_sampler
    = { .restart = restart_series, .sample = sample_series, .finish = finish_series };
