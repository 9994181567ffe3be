#include "runtime/replay/wp-replay-progress.h"

#include "runtime/replay/wp-replay-report.h"

#define LIVE_NS   (250 * WP_NS_PER_MS)
#define MAX_POSTS 8 /* of a sender, that wait for the printer */

typedef struct {
  guint sender;
  gint64 now_ns;
  guint64 n_waiting;
  WpTallyInterval *interval; /* NULL: nothing was counted yet; of all: the end */
} Post;

typedef struct {
  gint64 now_ns;
  guint64 n_waiting;
} State;

struct _WpReplayProgress {
  FILE *lines;
  guint n_senders;
  gsize n_requests;
  GAsyncQueue *posts; /* of Post */
  GThread *thread;

  /* The printer's. */
  State *states;
  gint64 printed_ns;
  WpTallyInterval *since; /* the counts posted since the last line; on a terminal, since the start */
};

static void
post_free (gpointer data)
{
  Post *post = data;

  g_clear_pointer (&post->interval, wp_tally_interval_free);
  g_free (post);
}

static void
print (WpReplayProgress *self, gint64 now_ns)
{
  guint64 n_waiting = 0;

  for (guint i = 0; i < self->n_senders; i++)
    n_waiting += self->states[i].n_waiting;
  self->printed_ns = now_ns;
  if (!self->lines)
    {
      wp_replay_report_live (self->since, self->n_requests, now_ns, n_waiting);
      return;
    }
  wp_replay_report_print_interval (self->since, now_ns, n_waiting, self->lines);
  wp_tally_interval_free (self->since);
  self->since = wp_tally_interval_new ();
}

/* A line once all senders have come to its time. */
static void
take (WpReplayProgress *self, const Post *post)
{
  gint64 all_ns = G_MAXINT64;

  if (post->interval)
    wp_tally_interval_add (self->since, post->interval);
  self->states[post->sender] = (State){ post->now_ns, post->n_waiting };
  for (guint i = 0; i < self->n_senders; i++)
    all_ns = MIN (all_ns, self->states[i].now_ns);
  if (all_ns > self->printed_ns && all_ns < G_MAXINT64)
    print (self, all_ns);
}

static gpointer
run (gpointer data)
{
  WpReplayProgress *self = data;

  for (;;)
    {
      Post *post = g_async_queue_pop (self->posts);
      gboolean is_end = post->sender == self->n_senders;

      if (!is_end)
        take (self, post);
      post_free (post);
      if (is_end)
        return NULL;
    }
}

WpReplayProgress *
wp_replay_progress_new (FILE *lines, guint n_senders, gsize n_requests)
{
  WpReplayProgress *self = g_new0 (WpReplayProgress, 1);

  self->lines = lines;
  self->n_senders = n_senders;
  self->n_requests = n_requests;
  self->posts = g_async_queue_new_full (post_free);
  self->states = g_new0 (State, n_senders);
  self->since = wp_tally_interval_new ();
  self->thread = g_thread_new ("progress", run, self);

  return self;
}

void
wp_replay_progress_free (WpReplayProgress *self)
{
  Post *end = g_new0 (Post, 1);

  end->sender = self->n_senders;
  g_async_queue_push (self->posts, end);
  g_thread_join (self->thread);
  if (!self->lines)
    wp_replay_report_end_live ();
  g_async_queue_unref (self->posts);
  wp_tally_interval_free (self->since);
  g_free (self->states);
  g_free (self);
}

gint64
wp_replay_progress_interval (const WpReplayProgress *self)
{
  return self->lines ? WP_NS_PER_S : LIVE_NS;
}

void
wp_replay_progress_post (WpReplayProgress *self, guint sender, WpTally *tally, gint64 now_ns,
                         guint64 n_waiting)
{
  Post *post;

  if (now_ns < G_MAXINT64 && g_async_queue_length (self->posts) >= (gint) (MAX_POSTS * self->n_senders))
    return;
  post = g_new (Post, 1);
  *post = (Post){ sender, now_ns, n_waiting, wp_tally_take_interval (tally) };
  g_async_queue_push (self->posts, post);
}
