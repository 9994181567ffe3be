#include "sim/run/wp-closed-loop.h"

#include "sim/base/wp-error.h"
#include "sim/stats/wp-histogram.h"

#define BATCH_ROWS 256
#define STILL_MAX  10000000 /* requests at one time */

/* A client that will send a request; at equal times, in order of their last requests. */
typedef struct {
  gint64 time_ns;
  guint64 last_request;
} Client;

typedef struct {
  WpClosedLoopOptions options;
  gint64 patience_ns; /* G_MAXINT64: none */
  WpModel *model;
  WpHttpStage *http_stage; /* NULL: none */
  WpHistogram *latency;    /* of the counted requests, from sending to the response */
  WpTraffic *traffic;
  WpServiceTime *service, *think, *dispatch; /* dispatch: NULL: none */

  Client *heap; /* by time; root at 0 */
  guint64 n_sent;
  gboolean counting;
  gint64 still_ns; /* since n_still requests */
  guint64 n_still;

  WpRow rows[BATCH_ROWS];
  gint64 services_ns[BATCH_ROWS]; /* drawn ahead */
  gint64 thinks_ns[BATCH_ROWS], dispatches_ns[BATCH_ROWS];
} Loop;

static inline gboolean
is_before (const Client *one, const Client *other)
{
  return one->time_ns < other->time_ns
         || (one->time_ns == other->time_ns && one->last_request < other->last_request);
}

static void
replace_first (Loop *self, Client client)
{
  Client *heap = self->heap;
  gsize n = self->options.clients, i = 0;

  for (gsize child = 1; child < n; child = 2 * i + 1)
    {
      if (child + 1 < n && is_before (&heap[child + 1], &heap[child]))
        child++;
      if (!is_before (&heap[child], &client))
        break;
      heap[i] = heap[child];
      i = child;
    }
  heap[i] = client;
}

static gboolean
moves (Loop *self, gint64 now_ns)
{
  if (now_ns > self->still_ns)
    {
      self->still_ns = now_ns;
      self->n_still = 0;
    }

  return self->n_still++ < STILL_MAX;
}

static gboolean
is_over (const Loop *self)
{
  const WpClosedLoopOptions *options = &self->options;

  return (options->limit_rows > 0 && self->n_sent == options->limit_rows)
         || (options->duration_ns != WP_TIME_NONE && self->heap[0].time_ns >= options->duration_ns);
}

/* @arrival_ns: arrival at the queue of the request that is sent now */
static void
warm_up (Loop *self, gint64 now_ns, gint64 arrival_ns)
{
  if (self->counting || self->n_sent < self->options.warmup_rows || now_ns < self->options.warmup_ns)
    return;
  self->counting = TRUE;
  if (self->n_sent > 0)
    wp_model_start_counting (self->model, arrival_ns);
}

/* When the client continues: at its response, or when it leaves, even if its job is in service. */
static gint64
answered (const Loop *self, gint64 arrival_ns, const WpRequestResult *result)
{
  if (result->outcome != WP_OUTCOME_STORED)
    return result->ended_ns;
  if (!self->options.until_stored)
    return result->accepted_ns;

  return arrival_ns + MIN (result->finished_ns - arrival_ns, self->patience_ns);
}

static gboolean
offer (Loop *self, gsize i, WpRequestResult *result)
{
  const gint64 *dispatch_ns = self->dispatch ? &self->dispatches_ns[i] : NULL;

  if (!self->counting)
    return wp_model_warm_up (self->model, &self->rows[i], &self->services_ns[i], dispatch_ns, 1, result);
  if (dispatch_ns)
    return wp_model_offer_dispatched (self->model, &self->rows[i], &self->services_ns[i], dispatch_ns, 1,
                                      result);

  return wp_model_offer (self->model, &self->rows[i], &self->services_ns[i], 1, result);
}

static gboolean
send_one (Loop *self, gsize i, GError **error)
{
  gint64 now_ns = self->heap[0].time_ns, answered_ns, next_ns;
  WpRequestResult result;

  self->rows[i].arrival_ns = self->http_stage ? wp_http_stage_pass (self->http_stage, now_ns) : now_ns;
  warm_up (self, now_ns, self->rows[i].arrival_ns);
  if (!moves (self, now_ns))
    return wp_fail (error, WP_ERROR_BAD_VALUE,
                    "simulated time does not advance: clients get immediate responses and do not think; "
                    "give --think, or --ack=stored with a service time");
  if (!offer (self, i, &result))
    return wp_fail (error, WP_ERROR_BAD_VALUE, "the simulated time passes 292 years");
  answered_ns = answered (self, self->rows[i].arrival_ns, &result);
  if (self->counting)
    wp_histogram_add_inline (self->latency, answered_ns - now_ns, 1);
  if (__builtin_add_overflow (answered_ns, self->thinks_ns[i], &next_ns))
    return wp_fail (error, WP_ERROR_BAD_VALUE, "the simulated time passes 292 years");
  replace_first (self, (Client){ next_ns, self->options.clients + self->n_sent++ });

  return TRUE;
}

static gboolean
send_batch (Loop *self, WpBatchMeans *parts, GError **error)
{
  gsize n = 0;

  wp_service_time_draw (self->service, self->services_ns, BATCH_ROWS);
  wp_service_time_draw (self->think, self->thinks_ns, BATCH_ROWS);
  if (self->dispatch)
    wp_service_time_draw (self->dispatch, self->dispatches_ns, BATCH_ROWS);
  for (; n < BATCH_ROWS && !is_over (self); n++)
    if (!send_one (self, n, error))
      return FALSE;
  wp_traffic_add (self->traffic, self->rows, self->services_ns, n);
  if (parts && self->counting && n > 0)
    wp_batch_means_add (parts, self->model, self->rows[n - 1].arrival_ns);

  return TRUE;
}

static gboolean
finish (Loop *self, WpSummary *summary, WpTrafficSummary *traffic, GError **error)
{
  if (!self->counting)
    return wp_fail (error, WP_ERROR_BAD_VALUE, "the warm-up is longer than the run");
  wp_model_finish (self->model, summary);
  summary->latency = wp_spread_from_histogram (self->latency);
  wp_traffic_summary (self->traffic, FALSE, traffic);

  return wp_model_check (self->model, error);
}

gboolean
wp_closed_loop_run (const WpClosedLoopOptions *options, const WpLayout *layout, gint64 patience_ns,
                    WpServiceTime *service, WpServiceTime *think, WpServiceTime *dispatch,
                    WpBatchMeans *parts, WpSummary *summary, WpTrafficSummary *traffic, GError **error)
{
  g_autoptr (WpModel) model = wp_model_new (layout, patience_ns);
  g_autoptr (WpHttpStage) http_stage
      = options->http_stage.time_ns > 0 ? wp_http_stage_new (&options->http_stage) : NULL;
  g_autoptr (WpHistogram) latency = wp_histogram_new ();
  g_autoptr (WpTraffic) seen = wp_traffic_new ();
  g_autofree Client *heap = g_new (Client, options->clients);
  Loop self = { .options = *options,
                .patience_ns = patience_ns == WP_TIME_NONE ? G_MAXINT64 : patience_ns,
                .model = model,
                .http_stage = http_stage,
                .latency = latency,
                .traffic = seen,
                .service = service,
                .think = think,
                .dispatch = dispatch,
                .heap = heap };

  for (guint i = 0; i < options->clients; i++)
    heap[i] = (Client){ 0, i };
  for (guint i = 0; i < BATCH_ROWS; i++)
    self.rows[i] = (WpRow) WP_ROW_INIT;
  while (!is_over (&self))
    if (!send_batch (&self, parts, error))
      return FALSE;

  return finish (&self, summary, traffic, error);
}
