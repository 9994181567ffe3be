#include "runtime/replay/wp-client-loop.h"

/* A client without a response rests: else one whose server is gone would do nothing but fail. */
#define REST_NS (100 * WP_NS_PER_MS)

typedef struct {
  WpRow row;
  GList link; /* of those with a request under way; data: the client itself */
} Client;

typedef struct {
  WpWorkload base;
  WpClientLoopOptions options;
  guint64 n_begun;
  Client *clients;
  guint *waiting; /* a heap of clients by when they are ready */
  guint n_waiting;
  GQueue busy;     /* of links, in order of their start */
  GArray *results; /* of WpClientLoopResult; NULL: none are kept */
} ClientLoop;

static gint64
ready (const ClientLoop *self, guint place)
{
  return self->clients[self->waiting[place]].row.arrival_ns;
}

static void
swap (ClientLoop *self, guint a, guint b)
{
  guint client = self->waiting[a];

  self->waiting[a] = self->waiting[b];
  self->waiting[b] = client;
}

static void
push (ClientLoop *self, guint client)
{
  guint place = self->n_waiting++;

  self->waiting[place] = client;
  for (; place > 0 && ready (self, (place - 1) / 2) > ready (self, place); place = (place - 1) / 2)
    swap (self, place, (place - 1) / 2);
}

static guint
pop (ClientLoop *self)
{
  guint first = self->waiting[0], place = 0;

  self->waiting[0] = self->waiting[--self->n_waiting];
  for (;;)
    {
      guint child = 2 * place + 1;

      if (child + 1 < self->n_waiting && ready (self, child + 1) < ready (self, child))
        child++;
      if (child >= self->n_waiting || ready (self, place) <= ready (self, child))
        return first;
      swap (self, place, child);
      place = child;
    }
}

static const WpRow *
row (WpWorkload *base, gsize slot)
{
  return &((ClientLoop *) base)->clients[slot].row;
}

static gint64
next_due (WpWorkload *base)
{
  const ClientLoop *self = (ClientLoop *) base;

  return self->n_waiting > 0 && self->n_begun < self->options.n_most ? ready (self, 0) : G_MAXINT64;
}

static gsize
begin (WpWorkload *base)
{
  ClientLoop *self = (ClientLoop *) base;
  guint slot = pop (self);
  Client *client = &self->clients[slot];

  if (self->options.service)
    wp_service_time_draw (self->options.service, &client->row.service_ns, 1);
  wp_tally_restart (base->tally, slot);
  g_queue_push_tail_link (&self->busy, &client->link);
  self->n_begun++;

  return slot;
}

static WpClientLoopResult
result_of (ClientLoop *self, gsize slot)
{
  const WpRow *of = row (&self->base, slot);

  return (WpClientLoopResult){ of->arrival_ns, of->service_ns, *wp_tally_result (self->base.tally, slot) };
}

static void
end (WpWorkload *base, gsize slot, gint64 now_ns)
{
  ClientLoop *self = (ClientLoop *) base;
  Client *client = &self->clients[slot];
  WpClientLoopResult result = result_of (self, slot);
  gint64 think_ns = 0;

  g_queue_unlink (&self->busy, &client->link);
  if (self->results)
    g_array_append_val (self->results, result);
  if (self->options.think)
    wp_service_time_draw (self->options.think, &think_ns, 1);
  if (result.result.error)
    think_ns = MAX (think_ns, REST_NS);
  if (__builtin_add_overflow (now_ns, think_ns, &client->row.arrival_ns)
      || client->row.arrival_ns >= self->options.duration_ns)
    return;
  push (self, (guint) slot);
}

static gboolean
oldest (WpWorkload *base, gsize *slot)
{
  ClientLoop *self = (ClientLoop *) base;

  if (self->busy.head)
    *slot = (gsize) ((Client *) self->busy.head->data - self->clients);
  return self->busy.head != NULL;
}

static guint
n_spares (WpWorkload *base)
{
  return ((ClientLoop *) base)->options.n_clients;
}

WpWorkload *
wp_client_loop_new (const WpClientLoopOptions *options, WpTally *tally)
{
  static const WpWorkloadClass class = { next_due, begin, end, oldest, row, n_spares };
  ClientLoop *self = g_new0 (ClientLoop, 1);

  self->base = (WpWorkload){ &class, tally };
  self->options = *options;
  self->clients = g_new0 (Client, options->n_clients);
  self->waiting = g_new (guint, options->n_clients);
  if (options->keeps_results)
    self->results = g_array_new (FALSE, FALSE, sizeof (WpClientLoopResult));
  for (guint i = 0; i < options->n_clients; i++)
    {
      self->clients[i] = (Client){ WP_ROW_INIT, { &self->clients[i], NULL, NULL } };
      self->clients[i].row.arrival_ns = 0;
      push (self, i);
    }

  return &self->base;
}

void
wp_client_loop_free (WpWorkload *base)
{
  ClientLoop *self = (ClientLoop *) base;

  g_clear_pointer (&self->results, g_array_unref);
  g_free (self->clients);
  g_free (self->waiting);
  g_free (self);
}

void
wp_client_loop_append (WpWorkload *base, GArray *results)
{
  ClientLoop *self = (ClientLoop *) base;

  g_array_append_vals (results, self->results->data, self->results->len);
  for (const GList *node = self->busy.head; node; node = node->next)
    {
      WpClientLoopResult result = result_of (self, (gsize) ((Client *) node->data - self->clients));

      g_array_append_val (results, result);
    }
}
