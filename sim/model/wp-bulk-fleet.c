#include "sim/model/wp-bulk-fleet.h"

#include "sim/stats/wp-histogram.h"

typedef struct {
  WpBulkFleet *fleet;
  WpBulkService *service;
  gint64 next_ns; /* its next event; G_MAXINT64: none */
  guint open;     /* requests without an answer */
} Server;

struct _WpBulkFleet {
  WpFleetOptions options;
  Server *servers;
  guint last; /* the server that got the last request */
  WpRandom random;
  WpBatchNotify notify;
  gpointer data;
  guint64 offered, depth, parked, parked_peak;
  gint64 counted_ns; /* the depth is counted up to here; WP_TIME_NONE: no request has come */
  WpHistogram *depths;
};

/* WpBatchNotify: the balancer sees an answer, or that the request has ended. */
static void
on_result (guint64 request, const WpRequestResult *result, gpointer data)
{
  Server *self = data;
  WpBulkFleet *fleet = self->fleet;
  gboolean has_ended = result->outcome != WP_OUTCOME_NONE;

  if (fleet->options.until_stored ? has_ended : !has_ended || result->accepted_ns == WP_TIME_NONE)
    self->open--;
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
  self->servers = g_new0 (Server, options->instances);
  for (guint i = 0; i < options->instances; i++)
    {
      Server *server = &self->servers[i];

      server->fleet = self;
      server->next_ns = G_MAXINT64;
      server->service = wp_bulk_service_new (layout, WP_TIME_NONE, commit, on_result, server);
      wp_bulk_service_set_server (server->service, i);
    }
  self->last = options->instances - 1;
  wp_random_init (&self->random, options->seed, WP_BALANCE_STREAM);
  self->counted_ns = WP_TIME_NONE;
  self->depths = wp_histogram_new ();

  return self;
}

void
wp_bulk_fleet_free (WpBulkFleet *self)
{
  for (guint i = 0; i < self->options.instances; i++)
    wp_bulk_service_free (self->servers[i].service);
  g_free (self->servers);
  wp_histogram_free (self->depths);
  g_free (self);
}

static void
count_depth (WpBulkFleet *self, gint64 until_ns)
{
  if (until_ns > self->counted_ns)
    wp_histogram_add_inline (self->depths, (gint64) self->depth, (guint64) (until_ns - self->counted_ns));
  self->counted_ns = MAX (self->counted_ns, until_ns);
}

/* Takes the server's depth out of the sums, or, after it has changed, puts it back. */
static void
add_state (WpBulkFleet *self, const Server *server, gboolean is_after)
{
  guint64 depth = wp_bulk_service_depth (server->service), parked = wp_bulk_service_parked (server->service);

  self->depth += is_after ? depth : -depth;
  self->parked += is_after ? parked : -parked;
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
      count_depth (self, first->next_ns);
      add_state (self, first, FALSE);
      if (!wp_bulk_service_advance (first->service, first->next_ns))
        return FALSE;
      add_state (self, first, TRUE);
      find_next (first);
    }
}

static guint
choose (WpBulkFleet *self)
{
  guint n = self->options.instances, next = self->last + 1 < n ? self->last + 1 : 0, best = next;

  if (self->options.balance == WP_BALANCE_RANDOM)
    return (guint) wp_random_below (&self->random, n);
  if (self->options.balance == WP_BALANCE_LEAST)
    for (guint i = 0, at = next; i < n; i++, at = at + 1 < n ? at + 1 : 0)
      if (self->servers[at].open < self->servers[best].open)
        best = at;

  return best;
}

gboolean
wp_bulk_fleet_offer (WpBulkFleet *self, gint64 arrival_ns)
{
  Server *server;

  if (!advance (self, arrival_ns))
    return FALSE;
  if (self->counted_ns == WP_TIME_NONE)
    self->counted_ns = arrival_ns;
  count_depth (self, arrival_ns);
  self->last = choose (self);
  server = &self->servers[self->last];
  server->open++;
  add_state (self, server, FALSE);
  if (!wp_bulk_service_offer_as (server->service, self->offered++, arrival_ns))
    return FALSE;
  add_state (self, server, TRUE);
  self->parked_peak = MAX (self->parked_peak, self->parked);
  find_next (server);

  return TRUE;
}

void
wp_bulk_fleet_start_counting (WpBulkFleet *self, gint64 now_ns)
{
  advance (self, now_ns);
  for (guint i = 0; i < self->options.instances; i++)
    wp_bulk_service_start_counting (self->servers[i].service, now_ns);
  self->parked_peak = self->parked;
  self->counted_ns = now_ns;
  wp_histogram_free (self->depths);
  self->depths = wp_histogram_new ();
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
  wp_bulk_service_finish_merged (all, self->options.instances, self->parked_peak,
                                 g_steal_pointer (&self->depths), summary);
  self->depths = wp_histogram_new ();

  return TRUE;
}

gboolean
wp_bulk_fleet_check (const WpBulkFleet *self, GError **error)
{
  return wp_bulk_service_check (self->servers[0].service, error);
}
