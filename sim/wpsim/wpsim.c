#include "sim/wpsim/wpsim.h"

#include "sim/model/wp-bulk-service.h"
#include "sim/model/wp-model.h"
#include "sim/model/wp-ring.h"

struct _WpsimModel {
  gatomicrefcount references;
  WpLayout layout;
  WpCommit *commit;    /* NULL: each job has a service of its own */
  WpModel *model;      /* both NULL before the first request, */
  WpBulkService *bulk; /* then one of them */
  gint64 fed_ns;       /* the last moment that was given */
  gboolean ended;

  /* Of @model, whose requests are all decided at their arrival: the moments still to come. */
  WpRing starts;  /* of the accepted jobs that wait */
  WpRing accepts; /* of those that are parked first */
  WpRing leaves;  /* of the parked requests that time out */
};

G_DEFINE_BOXED_TYPE (WpsimModel, wpsim_model, wpsim_model_ref, wpsim_model_free)

GQuark
wpsim_error_quark (void)
{
  return g_quark_from_static_string ("wpsim-error-quark");
}

static gboolean
fail (GError **error, WpsimError code, const char *text)
{
  g_set_error_literal (error, WPSIM_ERROR, code, text);
  return FALSE;
}

WpsimModel *
wpsim_model_new (WpsimMode mode, guint workers, guint queue, GError **error)
{
  WpPolicy policy;
  WpsimModel *self;

  if (mode > WPSIM_MODE_WORKER_POOL)
    fail (error, WPSIM_ERROR_INVALID, "the mode is not one of the three");
  else if (workers < 1 || workers > WPSIM_MAX_QUEUE || queue > WPSIM_MAX_QUEUE)
    fail (error, WPSIM_ERROR_INVALID, "the number of workers is 0, or a size is too large");
  else
    {
      wp_policy_init (&policy, (WpModeKind) mode);
      policy.workers = workers;
      policy.queue_jobs = queue;
      self = g_new0 (WpsimModel, 1);
      g_atomic_ref_count_init (&self->references);
      wp_policy_layout (&policy, &self->layout);
      return self;
    }
  return NULL;
}

WpsimModel *
wpsim_model_ref (WpsimModel *self)
{
  g_return_val_if_fail (self, NULL);
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
wpsim_model_free (WpsimModel *self)
{
  if (!self || !g_atomic_ref_count_dec (&self->references))
    return;
  g_clear_pointer (&self->model, wp_model_free);
  g_clear_pointer (&self->bulk, wp_bulk_service_free);
  g_clear_pointer (&self->commit, wp_commit_unref);
  wp_ring_clear (&self->starts);
  wp_ring_clear (&self->accepts);
  wp_ring_clear (&self->leaves);
  g_free (self);
}

static gboolean
has_begun (const WpsimModel *self)
{
  return self->model || self->bulk;
}

void
wpsim_model_set_reject (WpsimModel *self)
{
  g_return_if_fail (self && !has_begun (self));
  self->layout.rejects = self->layout.can_be_full;
}

void
wpsim_model_set_block_timeout (WpsimModel *self, gint64 timeout_ns)
{
  g_return_if_fail (self && !has_begun (self) && timeout_ns > 0);
  self->layout.block_timeout_ns = timeout_ns;
}

void
wpsim_model_set_commit (WpsimModel *self, gint64 fixed_ns, gint64 row_ns, guint most_rows)
{
  WpCommitCost cost = { (double) fixed_ns, (double) row_ns, 0, most_rows };

  g_return_if_fail (self && !has_begun (self) && fixed_ns >= 0 && row_ns >= 0 && most_rows >= 1);
  g_clear_pointer (&self->commit, wp_commit_unref);
  self->commit = wp_commit_new (&cost, NULL, 1, 1);
}

static void
begin (WpsimModel *self)
{
  if (has_begun (self))
    return;
  if (self->commit)
    self->bulk = wp_bulk_service_new (&self->layout, WP_TIME_NONE, self->commit, NULL, NULL);
  else
    self->model = wp_model_new (&self->layout, WP_TIME_NONE);
}

/* Checks a moment that the caller gives. */
static gboolean
move_to (WpsimModel *self, gint64 now_ns, GError **error)
{
  if (self->ended)
    return fail (error, WPSIM_ERROR_INVALID, "the model has ended");
  if (now_ns < self->fed_ns)
    return fail (error, WPSIM_ERROR_ORDER, "a time is before an earlier one, or before 0");
  self->fed_ns = now_ns;
  begin (self);
  return TRUE;
}

static gboolean
fail_range (WpsimModel *self, GError **error)
{
  self->ended = TRUE;
  return fail (error, WPSIM_ERROR_RANGE, "a time is beyond 292 years");
}

static void
pop_until (WpRing *ring, gint64 now_ns)
{
  while (ring->length > 0 && wp_ring_front (ring) <= now_ns)
    wp_ring_pop (ring);
}

static void
pass_until (WpsimModel *self, gint64 now_ns)
{
  pop_until (&self->starts, now_ns);
  pop_until (&self->accepts, now_ns);
  pop_until (&self->leaves, now_ns);
}

static void
note_moments (WpsimModel *self, gint64 arrival_ns, const WpRequestResult *result)
{
  pass_until (self, arrival_ns);
  if (result->outcome != WP_OUTCOME_STORED)
    {
      if (result->ended_ns > arrival_ns)
        wp_ring_push (&self->leaves, result->ended_ns);
      return;
    }
  if (result->started_ns > arrival_ns)
    wp_ring_push (&self->starts, result->started_ns);
  if (result->accepted_ns > arrival_ns)
    wp_ring_push (&self->accepts, result->accepted_ns);
}

gboolean
wpsim_model_feed (WpsimModel *self, gint64 arrival_ns, gint64 service_ns, GError **error)
{
  WpRow row = { .arrival_ns = arrival_ns };
  WpRequestResult result;

  g_return_val_if_fail (self, FALSE);
  if (service_ns < 0)
    return fail (error, WPSIM_ERROR_INVALID, "a service time is below 0");
  if (!move_to (self, arrival_ns, error))
    return FALSE;
  if (self->bulk)
    return wp_bulk_service_offer (self->bulk, arrival_ns) || fail_range (self, error);
  if (!wp_model_offer (self->model, &row, &service_ns, 1, &result))
    return fail_range (self, error);
  note_moments (self, arrival_ns, &result);

  return TRUE;
}

gboolean
wpsim_model_get_state (WpsimModel *self, gint64 now_ns, WpsimState *state, GError **error)
{
  g_return_val_if_fail (self && state, FALSE);
  if (!move_to (self, now_ns, error))
    return FALSE;
  if (self->bulk)
    {
      if (!wp_bulk_service_advance (self->bulk, now_ns))
        return fail_range (self, error);
      wp_bulk_service_get_state (self->bulk, &state->queued, &state->parked, &state->in_service);
      return TRUE;
    }
  pass_until (self, now_ns);
  state->parked = self->accepts.length + self->leaves.length;
  state->queued = self->starts.length - self->accepts.length;
  state->in_service = wp_model_count_busy (self->model, now_ns);

  return TRUE;
}

static WpsimTimes
times_of (const WpSpread *spread)
{
  return (WpsimTimes){ spread->mean, spread->p50,  spread->p90, spread->p95,
                       spread->p99,  spread->p999, spread->max };
}

static void
fill_result (WpsimResult *result, const WpSummary *summary)
{
  *result = (WpsimResult){
    .requests = summary->requests,
    .accepted = summary->accepted,
    .rejected = summary->rejected,
    .timed_out = summary->timed_out,
    .blocked = summary->blocked,
    .blocked_peak = summary->blocked_peak,
    .blocked_time = times_of (&summary->blocked_time),
    .wait = times_of (&summary->wait),
    .response = times_of (&summary->response),
    .depth_mean = summary->depth_mean,
    .depth_p50 = summary->depth_p50,
    .depth_p95 = summary->depth_p95,
    .depth_p99 = summary->depth_p99,
    .depth_peak = summary->depth_max,
    .time_full_ns = summary->time_full_ns,
    .first_full_ns = summary->first_full_ns,
    .busy_mean = summary->busy_mean,
    .utilisation = summary->utilisation,
    .throughput = summary->throughput,
  };
}

gboolean
wpsim_model_finish (WpsimModel *self, WpsimResult *result, GError **error)
{
  g_autoptr (GError) defect = NULL;
  WpSummary summary;

  g_return_val_if_fail (self && result, FALSE);
  if (!move_to (self, self->fed_ns, error))
    return FALSE;
  self->ended = TRUE;
  if (self->bulk && !wp_bulk_service_finish (self->bulk, &summary))
    return fail_range (self, error);
  if (self->model)
    wp_model_finish (self->model, &summary);
  if (!(self->bulk ? wp_bulk_service_check (self->bulk, &defect) : wp_model_check (self->model, &defect)))
    return fail (error, WPSIM_ERROR_INTERNAL, defect->message);
  fill_result (result, &summary);

  return TRUE;
}
