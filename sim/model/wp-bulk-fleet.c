#include "sim/model/wp-bulk-fleet.h"

typedef struct {
  WpBulkFleet *fleet;
  WpBulkService *service;
  gint64 next_ns; /* its next event; G_MAXINT64: none */
  guint *open;    /* requests without an answer, as the balancer counts them */
} Server;

struct _WpBulkFleet {
  WpFleetOptions options;
  Server *servers;
  WpBalancer balancer;
  WpBatchNotify notify;
  gpointer data;
  guint64 offered;
  WpFleetDepth depth;
};

/* WpBatchNotify: the balancer sees an answer, or that the request has ended. */
static void
on_result (guint64 request, const WpRequestResult *result, gpointer data)
{
  Server *self = data;
  WpBulkFleet *fleet = self->fleet;
  gboolean has_ended = result->outcome != WP_OUTCOME_NONE;

  if (fleet->options.until_stored ? has_ended : !has_ended || result->accepted_ns == WP_TIME_NONE)
    --*self->open;
  if (fleet->notify)
    fleet->notify (request, result, fleet->data);
}

WpBulkFleet *
wp_bulk_fleet_new (const WpFleetOptions *options, const WpLayout *layout, WpCommit *commit,
                   WpBatchNotify notify, gpointer data)
{
  WpBulkFleet *self = g_new0 (WpBulkFleet, 1);

  self->options = *options;
  self->notify = notify;
  self->data = data;
  wp_balancer_init (&self->balancer, options->balance, options->instances, options->seed);
  wp_fleet_depth_init (&self->depth);
  self->servers = g_new0 (Server, options->instances);
  for (guint i = 0; i < options->instances; i++)
    {
      Server *server = &self->servers[i];

      server->fleet = self;
      server->open = &self->balancer.open[i];
      server->next_ns = G_MAXINT64;
      server->service = wp_bulk_service_new (layout, WP_TIME_NONE, commit, on_result, server);
      wp_bulk_service_set_server (server->service, i);
    }

  return self;
}

void
wp_bulk_fleet_free (WpBulkFleet *self)
{
  for (guint i = 0; i < self->options.instances; i++)
    wp_bulk_service_free (self->servers[i].service);
  g_free (self->servers);
  wp_balancer_clear (&self->balancer);
  wp_fleet_depth_clear (&self->depth);
  g_free (self);
}

/* Takes the server's depth out of the sums, or, after it has changed, puts it back. */
static void
add_state (WpBulkFleet *self, const Server *server, gboolean is_after)
{
  guint64 depth = wp_bulk_service_depth (server->service), parked = wp_bulk_service_parked (server->service);

  self->depth.jobs += is_after ? depth : -depth;
  self->depth.parked += is_after ? parked : -parked;
}

static void
find_next (Server *self)
{
  gint64 next_ns = wp_bulk_service_next (self->service);

  self->next_ns = next_ns == WP_TIME_NONE ? G_MAXINT64 : next_ns;
}

/* Makes the events of all servers up to @now_ns, in order of time. */
static gboolean
advance (WpBulkFleet *self, gint64 now_ns)
{
  for (;;)
    {
      Server *first = &self->servers[0];

      for (guint i = 1; i < self->options.instances; i++)
        if (self->servers[i].next_ns < first->next_ns)
          first = &self->servers[i];
      if (first->next_ns > now_ns || first->next_ns == G_MAXINT64)
        return TRUE;
      wp_fleet_depth_count (&self->depth, first->next_ns);
      add_state (self, first, FALSE);
      if (!wp_bulk_service_advance (first->service, first->next_ns))
        return FALSE;
      add_state (self, first, TRUE);
      find_next (first);
    }
}

gboolean
wp_bulk_fleet_offer (WpBulkFleet *self, gint64 arrival_ns)
{
  Server *server;

  if (!advance (self, arrival_ns))
    return FALSE;
  if (self->depth.counted_ns == WP_TIME_NONE)
    self->depth.counted_ns = arrival_ns;
  wp_fleet_depth_count (&self->depth, arrival_ns);
  server = &self->servers[wp_balancer_choose (&self->balancer)];
  ++*server->open;
  add_state (self, server, FALSE);
  if (!wp_bulk_service_offer_as (server->service, self->offered++, arrival_ns))
    return FALSE;
  add_state (self, server, TRUE);
  self->depth.parked_peak = MAX (self->depth.parked_peak, self->depth.parked);
  find_next (server);

  return TRUE;
}

void
wp_bulk_fleet_start_counting (WpBulkFleet *self, gint64 now_ns)
{
  advance (self, now_ns);
  for (guint i = 0; i < self->options.instances; i++)
    wp_bulk_service_start_counting (self->servers[i].service, now_ns);
  wp_fleet_depth_restart (&self->depth, now_ns);
}

gboolean
wp_bulk_fleet_finish (WpBulkFleet *self, WpSummary *summary)
{
  WpBulkService *all = self->servers[0].service;

  if (!advance (self, G_MAXINT64))
    return FALSE;
  for (guint i = 0; i < self->options.instances; i++)
    if (!wp_bulk_service_finish (self->servers[i].service, summary))
      return FALSE;
  for (guint i = 1; i < self->options.instances; i++)
    wp_bulk_service_merge (all, self->servers[i].service);
  wp_bulk_service_finish_merged (all, self->options.instances, self->depth.parked_peak,
                                 g_steal_pointer (&self->depth.depths), summary);
  self->depth.depths = wp_histogram_new ();

  return TRUE;
}

gboolean
wp_bulk_fleet_check (const WpBulkFleet *self, GError **error)
{
  return wp_bulk_service_check (self->servers[0].service, error);
}
