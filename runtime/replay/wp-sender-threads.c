#include "runtime/replay/wp-sender-threads.h"

#include "runtime/replay/wp-client-loop.h"
#include "runtime/replay/wp-open-loop.h"
#include "sim/base/wp-error.h"

#define HEAD_START_NS (200 * WP_NS_PER_MS) /* so that the first request is not late */

typedef struct {
  WpTally *tally;
  WpWorkload *load;
  WpServiceTime *service, *think; /* of a closed loop; NULL */
  WpSender *sender;
  GThread *thread; /* NULL: the caller's */
  gint64 start_ns;
  int stop_fd;
  WpReplayProgress *progress;
  guint index;
  GError *error;
} Share;

struct _WpSenderThreads {
  WpSenderThreadsOptions options;
  Share *shares;
  WpTally *sum; /* of several; NULL */
  gint64 started_unix_ns;
};

/* Of @n things in all. */
static guint64
share_of (guint64 n, guint index, guint n_threads)
{
  return n / n_threads + (index < n % n_threads);
}

static gboolean
begin_open_loop (const WpSenderThreads *self, Share *share, guint connections, GError **error)
{
  gsize stride = self->options.n_threads;

  share->tally = wp_tally_new (wp_open_loop_share (self->options.schedule, share->index, stride), error);
  if (share->tally)
    share->load = wp_open_loop_new (self->options.schedule, share->index, stride, connections, share->tally);
  return share->tally != NULL;
}

static gboolean
draw_from (const char *option, const char *spec, double scale, guint64 seed, WpServiceTime **times,
           GError **error)
{
  *times = spec ? wp_service_time_new (spec, scale, TRUE, seed, error) : NULL;
  if (!spec || *times)
    return TRUE;
  g_prefix_error (error, "%s: ", option);
  return FALSE;
}

static gboolean
begin_client_loop (const WpSenderThreads *self, Share *share, GError **error)
{
  const WpDrawnTraffic *traffic = self->options.traffic;
  guint n_threads = self->options.n_threads;
  guint64 limit = self->options.limit_rows;
  WpClientLoopOptions options
      = { .n_clients = (guint) share_of (traffic->clients, share->index, n_threads),
          .duration_ns = traffic->duration_ns > 0 ? traffic->duration_ns : G_MAXINT64,
          .n_most = limit > 0 ? share_of (limit, share->index, n_threads) : G_MAXUINT64,
          .keeps_results = self->options.keeps_results };

  if (!draw_from ("--service", traffic->service, self->options.service_scale, traffic->seed + share->index,
                  &share->service, error)
      || !draw_from ("--think", traffic->think, 1, traffic->seed + share->index, &share->think, error)
      || !(share->tally = wp_tally_new (options.n_clients, error)))
    return FALSE;
  if (share->think)
    wp_service_time_use_stream (share->think, WP_THINK_STREAM);
  options.service = share->service;
  options.think = share->think;
  share->load = wp_client_loop_new (&options, share->tally);

  return TRUE;
}

/* Real-time threads on all processors would leave none to the server, and to a user who wants to stop
 * them. */
static gboolean
begin_share (WpSenderThreads *self, Share *share, const WpTarget *target, const WpRequestTemplate *template,
             GError **error)
{
  WpSenderOptions options = self->options.sender;
  gboolean is_closed = self->options.schedule == NULL;

  options.connections = (guint) share_of (options.connections, share->index, self->options.n_threads);
  options.is_realtime = !is_closed && self->options.n_threads < g_get_num_processors ();
  if (!(is_closed ? begin_client_loop (self, share, error)
                  : begin_open_loop (self, share, options.connections, error)))
    return FALSE;
  if (is_closed)
    options.connections = (guint) wp_tally_length (share->tally);
  share->sender = wp_sender_new (share->load, target, template, &options, error);
  return share->sender != NULL;
}

WpSenderThreads *
wp_sender_threads_new (const WpSenderThreadsOptions *options, const WpTarget *target,
                       const WpRequestTemplate *template, GError **error)
{
  g_autoptr (WpSenderThreads) self = g_new0 (WpSenderThreads, 1);

  self->options = *options;
  self->shares = g_new0 (Share, options->n_threads);
  for (guint i = 0; i < options->n_threads; i++)
    {
      self->shares[i].index = i;
      if (!begin_share (self, &self->shares[i], target, template, error))
        return NULL;
    }
  return g_steal_pointer (&self);
}

void
wp_sender_threads_free (WpSenderThreads *self)
{
  for (guint i = 0; i < self->options.n_threads; i++)
    {
      Share *share = &self->shares[i];

      g_clear_pointer (&share->sender, wp_sender_free);
      g_clear_pointer (&share->load, self->options.schedule ? wp_open_loop_free : wp_client_loop_free);
      g_clear_pointer (&share->service, wp_service_time_free);
      g_clear_pointer (&share->think, wp_service_time_free);
      g_clear_pointer (&share->tally, wp_tally_free);
      g_clear_error (&share->error);
    }
  g_clear_pointer (&self->sum, wp_tally_free);
  g_free (self->shares);
  g_free (self);
}

static void
on_tick (gpointer data, gint64 now_ns, guint64 n_waiting)
{
  Share *share = data;

  wp_replay_progress_post (share->progress, share->index, share->tally, now_ns, n_waiting);
}

static gpointer
run_share (gpointer data)
{
  Share *share = data;

  wp_sender_run (share->sender, share->start_ns, share->stop_fd, &share->error);
  if (share->progress)
    wp_replay_progress_post (share->progress, share->index, share->tally, G_MAXINT64, 0);
  return NULL;
}

/* The others first: they are to have the normal policy until they choose. */
static void
run_all (WpSenderThreads *self)
{
  guint n = self->options.n_threads;

  for (guint i = 1; i < n; i++)
    self->shares[i].thread = g_thread_try_new ("sender", run_share, &self->shares[i], &self->shares[i].error);
  run_share (&self->shares[0]);
  for (guint i = 1; i < n; i++)
    if (self->shares[i].thread)
      g_thread_join (self->shares[i].thread);
}

static void
add_up (WpSenderThreads *self)
{
  if (self->options.n_threads == 1)
    return;
  self->sum = wp_tally_new (0, NULL);
  for (guint i = 0; i < self->options.n_threads; i++)
    wp_tally_add (self->sum, self->shares[i].tally);
}

gboolean
wp_sender_threads_run (WpSenderThreads *self, int stop_fd, WpReplayProgress *progress, GError **error)
{
  gint64 start_ns;

  for (guint i = 0; i < self->options.n_threads; i++)
    wp_sender_prepare (self->shares[i].sender);
  self->started_unix_ns = g_get_real_time () * WP_NS_PER_US + HEAD_START_NS;
  start_ns = wp_time_monotonic () + HEAD_START_NS;
  for (guint i = 0; i < self->options.n_threads; i++)
    {
      Share *share = &self->shares[i];

      share->start_ns = start_ns;
      share->stop_fd = stop_fd;
      share->progress = progress;
      if (!progress)
        continue;
      wp_tally_take_interval (share->tally); /* which begins one */
      wp_sender_set_tick (share->sender, wp_replay_progress_interval (progress), on_tick, share);
    }
  run_all (self);
  for (guint i = 0; i < self->options.n_threads; i++)
    if (self->shares[i].error)
      {
        g_propagate_error (error, g_steal_pointer (&self->shares[i].error));
        return FALSE;
      }
  add_up (self);

  return TRUE;
}

const WpTally *
wp_sender_threads_tally (const WpSenderThreads *self)
{
  return self->sum ? self->sum : self->shares[0].tally;
}

guint64
wp_sender_threads_n_connections (const WpSenderThreads *self)
{
  guint64 n = 0;

  for (guint i = 0; i < self->options.n_threads; i++)
    n += wp_sender_n_connections (self->shares[i].sender);
  return n;
}

gint64
wp_sender_threads_started (const WpSenderThreads *self)
{
  return self->started_unix_ns;
}

static void
write_schedule (const WpSenderThreads *self, WpClientRecord *record)
{
  const WpSchedule *schedule = self->options.schedule;
  gsize n_threads = self->options.n_threads;

  wp_client_record_begin (record, wp_schedule_has_requests (schedule));
  for (gsize i = 0; i < wp_schedule_length (schedule); i++)
    wp_client_record_row (record, wp_schedule_row (schedule, i),
                          wp_tally_result (self->shares[i % n_threads].tally, i / n_threads));
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const WpClientLoopResult *left = a, *right = b;

  return left->arrival_ns < right->arrival_ns ? -1 : left->arrival_ns > right->arrival_ns;
}

static void
write_clients (const WpSenderThreads *self, WpClientRecord *record)
{
  g_autoptr (GArray) results = g_array_new (FALSE, FALSE, sizeof (WpClientLoopResult));
  WpRow row = WP_ROW_INIT;

  for (guint i = 0; i < self->options.n_threads; i++)
    wp_client_loop_append (self->shares[i].load, results);
  g_array_sort (results, compare);
  wp_client_record_begin (record, FALSE);
  for (guint i = 0; i < results->len; i++)
    {
      const WpClientLoopResult *result = &g_array_index (results, WpClientLoopResult, i);

      row.arrival_ns = result->arrival_ns;
      row.service_ns = result->service_ns;
      wp_client_record_row (record, &row, &result->result);
    }
}

gboolean
wp_sender_threads_write (const WpSenderThreads *self, WpClientRecord *record, GError **error)
{
  if (self->options.schedule)
    write_schedule (self, record);
  else
    write_clients (self, record);
  return wp_client_record_finish (record, error);
}
