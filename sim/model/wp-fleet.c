#include "sim/model/wp-fleet.h"

#include "sim/model/wp-heap.h"
#include "sim/model/wp-model-private.h"

/* What changes at a moment to come;  jobs in the queues,
 * parked requests, open requests of @instance. */
typedef struct {
  gint64 at_ns;
  guint instance;
  gint8 depth, parked, open;
  gint8 rank; /* among those of one moment: requests leave, come, and leave again at once */
} Change;

static inline gboolean
is_sooner (const Change *a, const Change *b)
{
  return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->rank < b->rank);
}

WP_DEFINE_HEAP (ChangeHeap, change_heap, Change, is_sooner)

struct _WpFleet {
  WpFleetOptions options;
  WpModel **models;
  WpHttpStage **stages; /* of each server; NULL: there are none */
  gint64 patience_ns;
  WpBalancer balancer;
  ChangeHeap changes; /* to come */
  WpFleetDepth depth;
};

WpFleet *
wp_fleet_new (const WpFleetOptions *options, const WpLayout *layout, gint64 patience_ns)
{
  WpFleet *self = g_new0 (WpFleet, 1);

  self->options = *options;
  self->patience_ns = patience_ns == WP_TIME_NONE ? G_MAXINT64 : patience_ns;
  self->models = g_new (WpModel *, options->instances);
  for (guint i = 0; i < options->instances; i++)
    self->models[i] = wp_model_new (layout, patience_ns);
  if (options->http_stage.time_ns > 0)
    {
      self->stages = g_new (WpHttpStage *, options->instances);
      for (guint i = 0; i < options->instances; i++)
        self->stages[i] = wp_http_stage_new (&options->http_stage);
    }
  wp_balancer_init (&self->balancer, options->balance, options->instances, options->seed);
  wp_fleet_depth_init (&self->depth);

  return self;
}

void
wp_fleet_free (WpFleet *self)
{
  for (guint i = 0; i < self->options.instances; i++)
    {
      wp_model_free (self->models[i]);
      if (self->stages)
        wp_http_stage_free (self->stages[i]);
    }
  g_free (self->models);
  g_free (self->stages);
  wp_balancer_clear (&self->balancer);
  change_heap_clear (&self->changes);
  wp_fleet_depth_clear (&self->depth);
  g_free (self);
}

/* Makes all changes up to @now_ns. */
static void
advance (WpFleet *self, gint64 now_ns)
{
  while (self->changes.length > 0 && change_heap_first (&self->changes)->at_ns <= now_ns)
    {
      Change change = change_heap_pop (&self->changes);

      if (change.depth != 0)
        wp_fleet_depth_count (&self->depth, change.at_ns);
      self->depth.jobs += (guint64) change.depth;
      self->depth.parked += (guint64) change.parked;
      self->depth.parked_peak = MAX (self->depth.parked_peak, self->depth.parked);
      self->balancer.open[change.instance] += (guint) change.open;
    }
}

/* When the balancer sees the request end: its answer, or its client leaves. */
static gint64
closes_at (const WpFleet *self, gint64 arrival_ns, const WpRequestResult *result)
{
  gint64 answered_ns = self->options.until_stored || result->accepted_ns == WP_TIME_NONE
                           ? result->ended_ns
                           : result->accepted_ns;

  return arrival_ns + MIN (answered_ns - arrival_ns, self->patience_ns);
}

/* The request's way through the server that it got, from @queued_ns, its arrival at the queue. */
static void
plan_changes (WpFleet *self, guint instance, gint64 queued_ns, gint64 closed_ns, gint64 dispatch_ns,
              const WpRequestResult *result)
{
  gboolean is_accepted = result->accepted_ns != WP_TIME_NONE;
  gint64 left_ns = is_accepted ? wp_request_result_left_queue (result, dispatch_ns) : WP_TIME_NONE;
  gint8 queues = is_accepted && left_ns > result->accepted_ns;

  if (result->blocked)
    {
      gint64 ends_ns = is_accepted ? result->accepted_ns : result->ended_ns;

      change_heap_push (&self->changes, (Change){ queued_ns, instance, 0, 1, 0, 1 });
      change_heap_push (&self->changes,
                        (Change){ ends_ns, instance, queues, -1, 0, ends_ns == queued_ns ? 2 : 0 });
    }
  else if (queues)
    change_heap_push (&self->changes, (Change){ queued_ns, instance, 1, 0, 0, 1 });
  if (queues)
    change_heap_push (&self->changes, (Change){ left_ns, instance, -1, 0, 0, 0 });
  if (self->options.balance == WP_BALANCE_LEAST)
    {
      self->balancer.open[instance]++;
      change_heap_push (&self->changes, (Change){ closed_ns, instance, 0, 0, -1, 0 });
    }
}

/* Through the HTTP threads of its server, which have a share of its client's patience. */
static WpRow
pass_stage (WpFleet *self, guint instance, const WpRow *sent)
{
  WpRow row = *sent;

  if (!self->stages)
    return row;
  row.arrival_ns = wp_http_stage_pass (self->stages[instance], sent->arrival_ns);
  if (self->patience_ns != G_MAXINT64)
    wp_model_set_patience (self->models[instance],
                           MAX (0, self->patience_ns - (row.arrival_ns - sent->arrival_ns)));

  return row;
}

gboolean
wp_fleet_offer (WpFleet *self, const WpRow *rows, const gint64 *services_ns, const gint64 *dispatches_ns,
                gsize n_rows, gboolean warms_up, WpRequestResult *results)
{
  for (gsize i = 0; i < n_rows; i++)
    {
      gint64 dispatch_ns = dispatches_ns ? dispatches_ns[i] : 0;
      WpRequestResult unseen, *result = results ? &results[i] : &unseen;
      WpModel *model;
      guint instance;
      WpRow row;

      advance (self, rows[i].arrival_ns);
      instance = wp_balancer_choose (&self->balancer);
      row = pass_stage (self, instance, &rows[i]);
      if (self->depth.counted_ns == WP_TIME_NONE)
        self->depth.counted_ns = row.arrival_ns;
      model = self->models[instance];
      if (!(warms_up ? wp_model_warm_up (model, &row, &services_ns[i], &dispatch_ns, 1, result)
                     : wp_model_offer_dispatched (model, &row, &services_ns[i], &dispatch_ns, 1, result)))
        return FALSE;
      plan_changes (self, instance, row.arrival_ns, closes_at (self, rows[i].arrival_ns, result), dispatch_ns,
                    result);
    }

  return TRUE;
}

void
wp_fleet_start_counting (WpFleet *self, gint64 now_ns)
{
  advance (self, now_ns);
  for (guint i = 0; i < self->options.instances; i++)
    wp_model_start_counting (self->models[i], now_ns);
  wp_fleet_depth_restart (&self->depth, now_ns);
}

void
wp_fleet_finish (WpFleet *self, WpSummary *summary)
{
  WpModel *all = self->models[0];

  advance (self, G_MAXINT64);
  for (guint i = 0; i < self->options.instances; i++)
    wp_model_finish (self->models[i], summary);
  for (guint i = 1; i < self->options.instances; i++)
    {
      wp_model_merge (all, self->models[i]);
      if (self->stages)
        wp_http_stage_merge (self->stages[0], self->stages[i]);
    }
  all->time_full_ns /= self->options.instances;
  all->blocked_peak = self->depth.parked_peak;
  if (all->accepted > 0)
    {
      wp_fleet_depth_count (&self->depth, all->last_ns);
      wp_ring_clear (&all->waiting); /* jobs of the warm-up, if this server accepted none since */
      wp_histogram_free (all->depth);
      all->depth = self->depth.depths;
      all->counted_ns = all->last_ns;
      self->depth.depths = wp_histogram_new ();
    }
  wp_model_finish (all, summary);
}

gboolean
wp_fleet_http_stage_summary (const WpFleet *self, WpHttpStageSummary *summary)
{
  if (self->stages)
    wp_http_stage_summary (self->stages[0], summary);

  return self->stages != NULL;
}

gboolean
wp_fleet_check (WpFleet *self, GError **error)
{
  return wp_model_check (self->models[0], error);
}
