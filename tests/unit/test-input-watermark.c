/* test-input-watermark.c - no deadline is judged before the input that came in time was read, and each is
 * judged in the end. */
#include "runtime/http/wp-input-watermark.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define N_CLIENTS 50
#define AT_ONCE   8
#define N_LOOKS   2000

static void
test_nothing_left (void)
{
  WpInputWatermark watermark = { 0 };

  wp_input_watermark_note (&watermark, 3, TRUE);
  g_assert_cmpint (wp_input_watermark_advance (&watermark, 1000, 10), ==, 1000);
  g_assert_cmpint (wp_input_watermark_advance (&watermark, 2000, 10), ==, 2000);
}

static void
test_behind (void)
{
  WpInputWatermark watermark = { 0 };

  wp_input_watermark_note (&watermark, 0, TRUE);
  g_assert_cmpint (wp_input_watermark_advance (&watermark, 1000, 3), ==, 1000);
  wp_input_watermark_note (&watermark, 2, FALSE);
  g_assert_cmpint (wp_input_watermark_advance (&watermark, 2000, 3), ==, 1000);
  wp_input_watermark_note (&watermark, 1, FALSE);
  /* the mark: from when on was counted */
  g_assert_cmpint (wp_input_watermark_advance (&watermark, 3000, 3), ==, 1000);
  wp_input_watermark_note (&watermark, 3, FALSE);
  g_assert_cmpint (wp_input_watermark_advance (&watermark, 4000, 3), ==, 3000);
  wp_input_watermark_note (&watermark, 0, TRUE);
  g_assert_cmpint (wp_input_watermark_advance (&watermark, 5000, 3), ==, 5000);
}

typedef struct {
  int fd, peer;
  gint64 sent_ns; /* what was not looked at yet; G_MAXINT64: nothing */
} Client;

static void
say (Client *client, gint64 now_ns)
{
  g_assert_cmpint (write (client->peer, "x", 1), ==, 1);
  client->sent_ns = MIN (client->sent_ns, now_ns);
}

static void
hear (Client *client)
{
  char byte[100];

  while (recv (client->fd, byte, sizeof byte, MSG_DONTWAIT) > 0)
    ;
  client->sent_ns = G_MAXINT64;
}

/* The real epoll, which is never done: a client may send again at once, at random, as may others. Counted in
 * looks, not in time. */
static void
test_behind_for_ever (void)
{
  g_autoptr (GRand) lots = g_rand_new_with_seed ((guint32) g_test_rand_int ());
  int epoll_fd = epoll_create1 (EPOLL_CLOEXEC), pair[2];
  struct epoll_event events[AT_ONCE];
  Client clients[N_CLIENTS];
  WpInputWatermark watermark = { 0 };
  gint64 known_ns = 0, advanced_ns = 0;

  for (guint i = 0; i < N_CLIENTS; i++)
    {
      g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
      clients[i] = (Client){ pair[0], pair[1], G_MAXINT64 };
      events[0] = (struct epoll_event){ .events = EPOLLIN | EPOLLET, .data.ptr = &clients[i] };
      g_assert_cmpint (epoll_ctl (epoll_fd, EPOLL_CTL_ADD, pair[0], &events[0]), ==, 0);
      say (&clients[i], 1);
    }
  for (gint64 now_ns = 1; now_ns <= N_LOOKS; now_ns++)
    {
      int n = epoll_wait (epoll_fd, events, AT_ONCE, 0);
      gint64 before_ns = known_ns;

      g_assert_cmpint (n, ==, AT_ONCE);
      for (int i = 0; i < n; i++)
        {
          hear (events[i].data.ptr);
          say (g_rand_boolean (lots) ? (Client *) events[i].data.ptr
                                     : &clients[g_rand_int_range (lots, 0, N_CLIENTS)],
               now_ns);
        }
      for (guint i = 0; i < N_CLIENTS && n == AT_ONCE; i++)
        if (clients[i].sent_ns == G_MAXINT64 && g_rand_boolean (lots))
          say (&clients[i], now_ns);
      wp_input_watermark_note (&watermark, n, n < AT_ONCE);
      known_ns = wp_input_watermark_advance (&watermark, now_ns, N_CLIENTS);
      if (known_ns > before_ns)
        advanced_ns = now_ns;
      g_assert_cmpint (now_ns - advanced_ns, <=, N_CLIENTS / AT_ONCE + 2);
      for (guint i = 0; i < N_CLIENTS; i++)
        g_assert_cmpint (clients[i].sent_ns, >=, known_ns);
    }
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      close (clients[i].fd);
      close (clients[i].peer);
    }
  close (epoll_fd);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/input-watermark/nothing-left", test_nothing_left);
  g_test_add_func ("/input-watermark/behind", test_behind);
  g_test_add_func ("/input-watermark/behind-for-ever", test_behind_for_ever);

  return g_test_run ();
}
