#include "runtime/replay/wp-shard.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct _WpShard {
  guint number;
  int epoll_fd; /* not owned */
  const WpLaneSetup *setup;
  WpStock *stock;           /* not owned */
  curl_socket_t from_stock; /* curl has this socket, which stands already; CURL_SOCKET_BAD: none */
  WpShardDone done;
  gpointer data;
  CURLM *multi;
  gint64 next_timer_ns;
  GPtrArray *free_lanes; /* the last used is on top */
  GPtrArray *lanes;      /* all there are; owned */
  guint n_open;
  guint n_busy;
  guint64 n_opened;
};

static curl_socket_t
on_open (void *user_data, curlsocktype purpose, struct curl_sockaddr *address)
{
  WpShard *self = user_data;
  int fd = wp_stock_take (self->stock);

  self->from_stock = fd < 0 ? CURL_SOCKET_BAD : fd;
  if (fd < 0)
    fd = socket (address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

  if (fd < 0)
    return CURL_SOCKET_BAD;
  self->n_open++;
  self->n_opened++;
  return fd;
}

static int
on_opened (void *user_data, curl_socket_t fd, curlsocktype purpose)
{
  WpShard *self = user_data;

  return fd == self->from_stock ? CURL_SOCKOPT_ALREADY_CONNECTED : CURL_SOCKOPT_OK;
}

static int
on_close (void *user_data, curl_socket_t fd)
{
  WpShard *self = user_data;

  self->n_open--;
  return close (fd);
}

static int
on_timer (CURLM *multi, long timeout_ms, void *user_data)
{
  WpShard *self = user_data;

  self->next_timer_ns = timeout_ms < 0 ? G_MAXINT64 : wp_time_monotonic () + timeout_ms * WP_NS_PER_MS;
  return 0;
}

/* @is_watched: what curl_multi_assign() has noted on this socket, i.e. whether epoll knows it. */
static int
on_interest (CURL *easy, curl_socket_t fd, int what, void *user_data, void *is_watched)
{
  WpShard *self = user_data;
  struct epoll_event event = { .data.u64 = (guint64) self->number << 32 | (guint) fd };

  if (what == CURL_POLL_REMOVE)
    {
      epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
      return 0;
    }
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
    event.events |= EPOLLIN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
    event.events |= EPOLLOUT;
  epoll_ctl (self->epoll_fd, is_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
  if (!is_watched)
    curl_multi_assign (self->multi, fd, self);

  return 0;
}

static WpLane *
add_lane (WpShard *self)
{
  WpLane *lane = wp_lane_new (self->setup);

  g_ptr_array_add (self->lanes, lane);
  curl_easy_setopt (wp_lane_handle (lane), CURLOPT_OPENSOCKETFUNCTION, on_open);
  curl_easy_setopt (wp_lane_handle (lane), CURLOPT_OPENSOCKETDATA, self);
  curl_easy_setopt (wp_lane_handle (lane), CURLOPT_SOCKOPTFUNCTION, on_opened);
  curl_easy_setopt (wp_lane_handle (lane), CURLOPT_SOCKOPTDATA, self);
  curl_easy_setopt (wp_lane_handle (lane), CURLOPT_CLOSESOCKETFUNCTION, on_close);
  curl_easy_setopt (wp_lane_handle (lane), CURLOPT_CLOSESOCKETDATA, self);

  return lane;
}

WpShard *
wp_shard_new (guint number, int epoll_fd, const WpLaneSetup *setup, WpStock *stock, guint n_lanes,
              WpShardDone done, gpointer data)
{
  WpShard *self = g_new0 (WpShard, 1);

  self->number = number;
  self->epoll_fd = epoll_fd;
  self->setup = setup;
  self->stock = stock;
  self->from_stock = CURL_SOCKET_BAD;
  self->done = done;
  self->data = data;
  self->next_timer_ns = G_MAXINT64;
  self->free_lanes = g_ptr_array_new ();
  self->lanes = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_lane_free);

  self->multi = curl_multi_init ();
  curl_multi_setopt (self->multi, CURLMOPT_SOCKETFUNCTION, on_interest);
  curl_multi_setopt (self->multi, CURLMOPT_SOCKETDATA, self);
  curl_multi_setopt (self->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt (self->multi, CURLMOPT_TIMERDATA, self);
  curl_multi_setopt (self->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
  curl_multi_setopt (self->multi, CURLMOPT_MAXCONNECTS, 1000000L); /* the sender bounds them */
  for (guint i = 0; i < n_lanes; i++)
    g_ptr_array_add (self->free_lanes, add_lane (self));

  return self;
}

void
wp_shard_free (WpShard *self)
{
  for (guint i = 0; i < self->lanes->len; i++)
    curl_multi_remove_handle (self->multi, wp_lane_handle (self->lanes->pdata[i]));
  /* before the lanes: it closes connections with the callbacks that they set */
  curl_multi_cleanup (self->multi);
  g_ptr_array_unref (self->lanes);
  g_ptr_array_unref (self->free_lanes);
  g_free (self);
}

static WpLane *
take_lane (WpShard *self)
{
  if (self->free_lanes->len > 0)
    return g_ptr_array_steal_index_fast (self->free_lanes, self->free_lanes->len - 1);

  return add_lane (self);
}

WpLane *
wp_shard_send (WpShard *self, const WpRow *row, gsize request)
{
  WpLane *lane = take_lane (self);

  wp_lane_load (lane, row, request);
  /* saves the walk */
  curl_easy_setopt (wp_lane_handle (lane), CURLOPT_FRESH_CONNECT, (long) (self->n_open <= self->n_busy));
  self->n_busy++;
  curl_multi_add_handle (self->multi, wp_lane_handle (lane));

  return lane;
}

static void
put_lane_back (WpShard *self, WpLane *lane)
{
  curl_multi_remove_handle (self->multi, wp_lane_handle (lane));
  self->n_busy--;
  g_ptr_array_add (self->free_lanes, lane);
}

void
wp_shard_leave (WpShard *self, WpLane *lane)
{
  put_lane_back (self, lane);
}

static void
collect (WpShard *self)
{
  const CURLMsg *message;
  int n_left;

  while ((message = curl_multi_info_read (self->multi, &n_left)))
    {
      CURLcode code = message->data.result;
      char *lane = NULL;

      curl_easy_getinfo (message->easy_handle, CURLINFO_PRIVATE, &lane);
      self->done (self->data, (WpLane *) (gpointer) lane, code);
      put_lane_back (self, (WpLane *) (gpointer) lane);
    }
}

void
wp_shard_run_socket (WpShard *self, int fd, guint32 epoll_events)
{
  int what = (epoll_events & EPOLLIN ? CURL_CSELECT_IN : 0) | (epoll_events & EPOLLOUT ? CURL_CSELECT_OUT : 0)
             | (epoll_events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
  int n_running;

  curl_multi_socket_action (self->multi, fd, what, &n_running);
  collect (self);
}

void
wp_shard_run_timers (WpShard *self)
{
  int n_running;

  self->next_timer_ns = G_MAXINT64;
  curl_multi_socket_action (self->multi, CURL_SOCKET_TIMEOUT, 0, &n_running);
  collect (self);
}

gint64
wp_shard_next_timer (const WpShard *self)
{
  return self->next_timer_ns;
}

guint
wp_shard_n_open (const WpShard *self)
{
  return MAX (self->n_open, self->n_busy);
}

guint
wp_shard_n_busy (const WpShard *self)
{
  return self->n_busy;
}

guint64
wp_shard_n_opened (const WpShard *self)
{
  return self->n_opened;
}
