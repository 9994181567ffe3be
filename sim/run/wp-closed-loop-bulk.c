#include "sim/run/wp-closed-loop.h"

#include "sim/base/wp-error.h"
#include "sim/model/wp-bulk-service.h"
#include "sim/stats/wp-histogram.h"

#define STILL_MAX     10000000 /* requests at one time */
#define PART_REQUESTS 256      /* between two readings of the sums */

/* A client that will send a request; at equal times, in order of their last responses. Or a request in the
 * HTTP stage. */
typedef struct {
  gint64 time_ns;
  guint64 order;
} Client;
typedef struct {
  gint64 sent_ns, arrival_ns;
} Passing;
typedef struct {
  gint64 time_ns;
  guint64 request;
} Leaving;

typedef struct {
  WpClosedLoopOptions options;
  gint64 patience_ns; /* WP_TIME_NONE: none, or clients only wait for acceptance */
  WpBulkService *server;
  WpHttpStage *http_stage; /* NULL: none */
  WpTraffic *traffic;
  WpServiceTime *service, *think;
  WpHistogram *latency;

  Client *heap; /* clients that will send, by time; root at 0 */
  gsize n_heap;
  GQueue passing; /* (element-type Passing): sent, but not yet at the queue */
  /* unanswered requests at the queue: number to time of sending, both stored plus 1 */
  GHashTable *waiting;
  GQueue leaving; /* (element-type Leaving): of offered requests, in order; some have since been answered */

  guint64 n_sent, n_offered, n_answered;
  guint64 counted_from; /* earlier requests belong to the warm-up */
  gboolean counting, overflowed;
  gint64 still_ns; /* since n_still requests */
  guint64 n_still;
} Loop;

static inline gboolean
is_before (const Client *one, const Client *other)
{
  return one->time_ns < other->time_ns || (one->time_ns == other->time_ns && one->order < other->order);
}

static void
push (Loop *self, Client client)
{
  gsize i = self->n_heap++;

  for (; i > 0 && is_before (&client, &self->heap[(i - 1) / 2]); i = (i - 1) / 2)
    self->heap[i] = self->heap[(i - 1) / 2];
  self->heap[i] = client;
}

static Client
pop (Loop *self)
{
  Client first = self->heap[0], last = self->heap[--self->n_heap];
  gsize i = 0;

  for (gsize child = 1; child < self->n_heap; child = 2 * i + 1)
    {
      if (child + 1 < self->n_heap && is_before (&self->heap[child + 1], &self->heap[child]))
        child++;
      if (!is_before (&self->heap[child], &last))
        break;
      self->heap[i] = self->heap[child];
      i = child;
    }
  self->heap[i] = last;

  return first;
}

/* The client gets its response or leaves; it thinks, then sends again. */
static void
respond (Loop *self, guint64 request, gint64 answered_ns)
{
  gpointer key = GSIZE_TO_POINTER (request + 1), sent;
  gint64 think_ns, next_ns;

  if (!g_hash_table_steal_extended (self->waiting, key, NULL, &sent))
    return; /* answered at its acceptance, or its client has left */
  if (self->counting && request >= self->counted_from)
    wp_histogram_add_inline (self->latency, answered_ns - (gint64) (GPOINTER_TO_SIZE (sent) - 1), 1);
  wp_service_time_draw (self->think, &think_ns, 1);
  if (__builtin_add_overflow (answered_ns, think_ns, &next_ns))
    self->overflowed = TRUE;
  else
    push (self, (Client){ next_ns, self->options.clients + self->n_answered++ });
}

/* WpBatchNotify */
static void
on_result (guint64 request, const WpRequestResult *result, gpointer data)
{
  Loop *self = data;
  gboolean is_end = result->outcome != WP_OUTCOME_NONE;

  if (is_end || !self->options.until_stored)
    respond (self, request, is_end ? result->ended_ns : result->accepted_ns);
}

static gboolean
is_over (const Loop *self)
{
  const WpClosedLoopOptions *options = &self->options;

  return (options->limit_rows > 0 && self->n_sent == options->limit_rows)
         || (options->duration_ns != WP_TIME_NONE && self->n_heap > 0
             && self->heap[0].time_ns >= options->duration_ns);
}

/* Starts counting with the request that is sent now, if the warm-up is over. */
static void
warm_up (Loop *self, gint64 now_ns)
{
  if (self->counting || self->n_sent < self->options.warmup_rows || now_ns < self->options.warmup_ns)
    return;
  self->counting = TRUE;
  self->counted_from = self->n_sent;
}

static gboolean
send (Loop *self, GError **error)
{
  Client client = pop (self);
  Passing *passing = g_new (Passing, 1);

  warm_up (self, client.time_ns);
  if (client.time_ns > self->still_ns)
    {
      self->still_ns = client.time_ns;
      self->n_still = 0;
    }
  *passing
      = (Passing){ client.time_ns, self->http_stage ? wp_http_stage_pass (self->http_stage, client.time_ns)
                                                    : client.time_ns };
  g_queue_push_tail (&self->passing, passing);
  self->n_sent++;

  return self->n_still++ < STILL_MAX
         || wp_fail (error, WP_ERROR_BAD_VALUE,
                     "simulated time does not advance: clients get immediate responses and do not think; "
                     "give --think, or --ack=stored with a service time");
}

static void
note_leaving (Loop *self, gint64 arrival_ns)
{
  Leaving leaving = { .request = self->n_offered };

  if (self->patience_ns != WP_TIME_NONE
      && !__builtin_add_overflow (arrival_ns, self->patience_ns, &leaving.time_ns))
    g_queue_push_tail (&self->leaving, g_memdup2 (&leaving, sizeof leaving));
}

static gboolean
is_answered (const Loop *self, guint64 request)
{
  return !g_hash_table_contains (self->waiting, GSIZE_TO_POINTER (request + 1));
}

static gint64
next_leaving (Loop *self)
{
  const Leaving *leaving;

  while ((leaving = g_queue_peek_head (&self->leaving)) && is_answered (self, leaving->request))
    g_free (g_queue_pop_head (&self->leaving));

  return leaving ? leaving->time_ns : G_MAXINT64;
}

static void
leave (Loop *self)
{
  g_autofree Leaving *leaving = g_queue_pop_head (&self->leaving);

  respond (self, leaving->request, leaving->time_ns);
}

static gboolean
arrive (Loop *self)
{
  g_autofree Passing *passing = g_queue_pop_head (&self->passing);
  WpRow row = WP_ROW_INIT;
  gint64 service_ns;

  row.arrival_ns = passing->arrival_ns;
  if (self->counting && self->n_offered > 0 && self->n_offered == self->counted_from)
    wp_bulk_service_start_counting (self->server, row.arrival_ns);
  wp_service_time_draw (self->service, &service_ns, 1);
  wp_traffic_add (self->traffic, &row, &service_ns, 1);
  g_hash_table_insert (self->waiting, GSIZE_TO_POINTER (self->n_offered + 1),
                       GSIZE_TO_POINTER ((gsize) passing->sent_ns + 1));
  note_leaving (self, passing->arrival_ns);
  self->n_offered++;

  return wp_bulk_service_offer (self->server, passing->arrival_ns);
}

static gint64
next_arrival (Loop *self)
{
  const Passing *passing = g_queue_peek_head (&self->passing);

  return passing ? passing->arrival_ns : G_MAXINT64;
}

/* The order at equal times: finishes, departures of clients, arrivals at the queue, new requests. */
static gboolean
step (Loop *self, GError **error)
{
  gint64 server_ns = wp_bulk_service_next (self->server), arrival_ns = next_arrival (self);
  gint64 leaving_ns = next_leaving (self);
  gint64 send_ns = self->n_heap > 0 && !is_over (self) ? self->heap[0].time_ns : G_MAXINT64;
  gboolean fits;

  if (server_ns != WP_TIME_NONE && server_ns <= MIN (MIN (arrival_ns, send_ns), leaving_ns))
    fits = wp_bulk_service_advance (self->server, server_ns);
  else if (leaving_ns <= MIN (arrival_ns, send_ns))
    {
      leave (self);
      fits = TRUE;
    }
  else if (arrival_ns <= send_ns)
    fits = arrive (self);
  else
    return send (self, error);

  return (fits && !self->overflowed)
         || wp_fail (error, WP_ERROR_BAD_VALUE, "the simulated time passes 292 years");
}

static gboolean
is_done (Loop *self)
{
  return wp_bulk_service_next (self->server) == WP_TIME_NONE && next_arrival (self) == G_MAXINT64
         && (self->n_heap == 0 || is_over (self));
}

static void
add_part (Loop *self, WpBatchMeans *parts)
{
  WpSums sums;

  wp_bulk_service_sums (self->server, &sums);
  wp_batch_means_add_sums (parts, &sums, self->still_ns);
}

static gboolean
go (Loop *self, WpBatchMeans *parts, WpSummary *summary, WpTrafficSummary *traffic, GError **error)
{
  guint64 looked_at = 0;

  while (!is_done (self))
    {
      if (!step (self, error))
        return FALSE;
      if (parts && self->counting && self->n_sent - looked_at >= PART_REQUESTS)
        {
          add_part (self, parts);
          looked_at = self->n_sent;
        }
    }
  if (!self->counting)
    return wp_fail (error, WP_ERROR_BAD_VALUE, "the warm-up is longer than the run");
  if (!wp_bulk_service_finish (self->server, summary))
    return wp_fail (error, WP_ERROR_BAD_VALUE, "the simulated time passes 292 years");
  summary->latency = wp_spread_from_histogram (self->latency);
  wp_traffic_summary (self->traffic, FALSE, traffic);

  return wp_bulk_service_check (self->server, error);
}

gboolean
wp_closed_loop_bulk_run (const WpClosedLoopOptions *options, const WpLayout *layout, gint64 patience_ns,
                         WpServiceTime *service, WpServiceTime *think, WpBatchMeans *parts,
                         WpSummary *summary, WpTrafficSummary *traffic, GError **error)
{
  g_autofree Client *heap = g_new (Client, options->clients);
  g_autoptr (GHashTable) waiting = g_hash_table_new (NULL, NULL);
  g_autoptr (WpTraffic) notify = wp_traffic_new ();
  g_autoptr (WpHistogram) latency = wp_histogram_new ();
  g_autoptr (WpHttpStage) http_stage
      = options->http_stage.time_ns > 0 ? wp_http_stage_new (&options->http_stage) : NULL;
  g_autoptr (WpBulkService) server = NULL;
  Loop self = { .options = *options,
                .http_stage = http_stage,
                .traffic = notify,
                .service = service,
                .think = think,
                .latency = latency,
                .heap = heap,
                .waiting = waiting,
                .patience_ns = options->until_stored ? patience_ns : WP_TIME_NONE };
  gboolean done;

  self.server = server
      = wp_bulk_service_new (layout, patience_ns, wp_service_time_commit (service), on_result, &self);
  for (guint i = 0; i < options->clients; i++)
    push (&self, (Client){ 0, i });
  done = go (&self, parts, summary, traffic, error);
  g_queue_clear_full (&self.passing, g_free);
  g_queue_clear_full (&self.leaving, g_free);

  return done;
}
