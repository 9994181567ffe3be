#include "runtime/replay/wp-fleet.h"

#include <sys/resource.h>

#define MAX_SHARDS          128 /* measured: 16 lag at 10,000 unanswered requests, 256 are no better */
#define CONNECTIONS_A_SHARD 64  /* or more, where MAX_SHARDS are not enough */
#define FILES_A_SHARD       2   /* a multi handle keeps a pair of sockets to be woken by */
#define OTHER_FILES         64

struct _WpFleet {
  guint connections;
  WpStock *stock;
  GPtrArray *shards; /* (element-type WpShard) */
};

static guint
shards_for (guint connections)
{
  return CLAMP (connections / CONNECTIONS_A_SHARD, 1, MAX_SHARDS);
}

guint
wp_fleet_room (void)
{
  struct rlimit limit;
  guint n_files, n_reserved;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
    return 1;
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  getrlimit (RLIMIT_NOFILE, &limit);
  n_files = MIN (limit.rlim_cur, 1000000);
  n_reserved = OTHER_FILES + FILES_A_SHARD * shards_for (n_files);

  return n_files > n_reserved ? n_files - n_reserved : 1;
}

WpFleet *
wp_fleet_new (guint connections, guint n_stock, int epoll_fd, const WpLaneSetup *setup, WpShardDone done,
              gpointer data)
{
  WpFleet *self = g_new0 (WpFleet, 1);
  guint n_shards = shards_for (connections);

  self->connections = connections;
  self->stock = wp_stock_new (setup->target, n_stock);
  self->shards = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_shard_free);
  for (guint i = 0; i < n_shards; i++)
    g_ptr_array_add (self->shards,
                     wp_shard_new (i, epoll_fd, setup, self->stock, n_stock / n_shards + 1, done, data));

  return self;
}

void
wp_fleet_free (WpFleet *self)
{
  g_ptr_array_unref (self->shards);
  wp_stock_free (self->stock);
  g_free (self);
}

static guint
count_open (const WpFleet *self)
{
  guint n = 0;

  for (guint i = 0; i < self->shards->len; i++)
    n += wp_shard_n_open (self->shards->pdata[i]);
  return n;
}

WpShard *
wp_fleet_choose (const WpFleet *self)
{
  WpShard *smallest = self->shards->pdata[0];
  guint n_open = 0;

  for (guint i = 0; i < self->shards->len; i++)
    {
      WpShard *shard = self->shards->pdata[i];

      if (wp_shard_n_open (shard) > wp_shard_n_busy (shard))
        return shard;
      n_open += wp_shard_n_open (shard);
      if (wp_shard_n_open (shard) < wp_shard_n_open (smallest))
        smallest = shard;
    }

  return n_open < self->connections ? smallest : NULL;
}

gboolean
wp_fleet_stock_up (WpFleet *self)
{
  return count_open (self) + wp_stock_length (self->stock) < self->connections && wp_stock_fill (self->stock);
}

void
wp_fleet_run_socket (WpFleet *self, guint64 event, guint32 epoll_events)
{
  wp_shard_run_socket (self->shards->pdata[event >> 32], event & G_MAXUINT32, epoll_events);
}

void
wp_fleet_run_timers (WpFleet *self)
{
  gint64 now_ns = wp_time_monotonic ();

  for (guint i = 0; i < self->shards->len; i++)
    if (wp_shard_next_timer (self->shards->pdata[i]) <= now_ns)
      wp_shard_run_timers (self->shards->pdata[i]);
}

gint64
wp_fleet_next_timer (const WpFleet *self)
{
  gint64 next_ns = G_MAXINT64;

  for (guint i = 0; i < self->shards->len; i++)
    next_ns = MIN (next_ns, wp_shard_next_timer (self->shards->pdata[i]));
  return next_ns;
}

guint64
wp_fleet_n_opened (const WpFleet *self)
{
  guint64 n = 0;

  for (guint i = 0; i < self->shards->len; i++)
    n += wp_shard_n_opened (self->shards->pdata[i]);
  return n;
}
