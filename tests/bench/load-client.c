/* load-client: as many requests of one server as one thread can ask, each connection its next once it has the
 * answer to the one before. load-client PORT CONNECTIONS SECONDS Prints one line: requests/s, p50 and p99 of
 * the answers' times in ms, its own CPU a request in us, failures. wrk needs half as much again for a
 * request, and then is what ends the rate of a fast server.
 *
 * The first answer is read strictly: "HTTP/1.1 200 OK", one Content-Length; all others must be as long and
 * begin as it does. What is not so, or ends, is a failure, and its connection is used no more. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "sim/base/wp-time.h"
#include "sim/stats/wp-histogram.h"

#define MAX_EVENTS  256
#define PATIENCE_MS 1000
#define STATUS_LINE "HTTP/1.1 200 OK\r\n"
#define LENGTH      "\r\nContent-Length: "

typedef struct {
  int fd;
  gsize got; /* bytes of the answer that is awaited */
  gint64 asked_ns;
} Client;

static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
static int epoll_fd;
static gsize answer_len; /* of all; 0: none has come yet */
static guint64 n_failed;
static guint n_open;

static void
die (const char *what)
{
  fprintf (stderr, "load-client: %s: %s\n", what, g_strerror (errno));
  exit (2);
}

static void
fail (Client *self)
{
  n_failed++;
  n_open--;
  epoll_ctl (epoll_fd, EPOLL_CTL_DEL, self->fd, NULL);
}

static void
ask (Client *self)
{
  self->got = 0;
  self->asked_ns = wp_time_monotonic ();
  if (send (self->fd, request, strlen (request), MSG_NOSIGNAL) != (gssize) strlen (request))
    fail (self);
}

/* The length of an answer that is here in one piece, or 0. */
static gsize
measure (const char *answer, gsize len)
{
  const char *head_end = memmem (answer, len, "\r\n\r\n", 4),
             *field = memmem (answer, len, LENGTH, strlen (LENGTH));
  guint64 body_len = 0;
  char *end;

  if (!head_end || !field || field > head_end || len < strlen (STATUS_LINE)
      || memcmp (answer, STATUS_LINE, strlen (STATUS_LINE)) != 0
      || memmem (field + 1, (gsize) (head_end - field - 1), LENGTH, strlen (LENGTH))
      || !g_ascii_isdigit (field[strlen (LENGTH)]))
    return 0;
  body_len = g_ascii_strtoull (field + strlen (LENGTH), &end, 10);

  return memcmp (end, "\r\n", 2) == 0 && (gsize) (head_end + 4 - answer) + body_len == len ? len : 0;
}

/* The next @n bytes of an answer: as much of the status line as is among them. */
static gboolean
goes_on_well (const Client *self, const char *bytes, gsize n)
{
  gsize from = MIN (self->got, strlen (STATUS_LINE));

  return memcmp (bytes, STATUS_LINE + from, MIN (n, strlen (STATUS_LINE) - from)) == 0;
}

/* TRUE: the answer is whole. */
static gboolean
take (Client *self, const char *bytes, gssize n)
{
  if (n > 0 && answer_len == 0)
    answer_len = measure (bytes, (gsize) n);
  if (n <= 0 || self->got + (gsize) n > answer_len || !goes_on_well (self, bytes, (gsize) n))
    {
      fail (self);
      return FALSE;
    }
  self->got += (gsize) n;

  return self->got == answer_len;
}

static void
on_readable (Client *self, WpHistogram *times)
{
  char bytes[4096];
  gssize n = recv (self->fd, bytes, sizeof bytes, MSG_DONTWAIT);

  if ((n < 0 && errno == EAGAIN) || !take (self, bytes, n))
    return;
  wp_histogram_add (times, wp_time_monotonic () - self->asked_ns, 1);
  ask (self);
}

static void
start (Client *self, guint16 port)
{
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_port = htons (port), .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.ptr = self };
  int on = 1;

  self->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (self->fd < 0 || connect (self->fd, (struct sockaddr *) &address, sizeof address) < 0
      || setsockopt (self->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0
      || epoll_ctl (epoll_fd, EPOLL_CTL_ADD, self->fd, &event) < 0)
    die ("connect");
  n_open++;
}

static void
ask_until (gint64 end_ns, WpHistogram *times)
{
  struct epoll_event events[MAX_EVENTS];

  while (n_open > 0 && wp_time_monotonic () < end_ns)
    for (int i = 0, n = epoll_wait (epoll_fd, events, MAX_EVENTS, PATIENCE_MS); i < n; i++)
      on_readable (events[i].data.ptr, times);
}

static double
cpu_us (void)
{
  struct rusage used;

  getrusage (RUSAGE_SELF, &used);
  return (double) (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6
         + (double) (used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

int
main (int argc, char **argv)
{
  guint16 port = argc == 4 ? (guint16) atoi (argv[1]) : 0;
  guint n = argc == 4 ? (guint) atoi (argv[2]) : 0;
  double seconds = argc == 4 ? g_ascii_strtod (argv[3], NULL) : 0, cpu;
  guint64 n_answered;
  g_autofree Client *clients = g_new0 (Client, MAX (n, 1));
  g_autoptr (WpHistogram) times = wp_histogram_new ();
  gint64 begin_ns, end_ns;

  if (port == 0 || n == 0 || !(seconds > 0))
    {
      fprintf (stderr, "usage: load-client PORT CONNECTIONS SECONDS\n");
      return 2;
    }
  epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  for (guint i = 0; i < n; i++)
    start (&clients[i], port);
  cpu = cpu_us ();
  begin_ns = wp_time_monotonic ();
  for (guint i = 0; i < n; i++)
    ask (&clients[i]);
  ask_until (begin_ns + (gint64) (seconds * 1e9), times);
  end_ns = wp_time_monotonic ();
  n_answered = wp_histogram_count (times);
  cpu = (cpu_us () - cpu) / (double) MAX (n_answered, 1);
  if (n_answered == 0) /* the times are as long as we have waited */
    wp_histogram_add (times, end_ns - begin_ns, 1);
  printf ("%.0f requests/s, p50 %.3f ms, p99 %.3f ms, %.2f us of CPU a request, %" G_GUINT64_FORMAT
          " failed\n",
          (double) n_answered * 1e9 / (double) (end_ns - begin_ns),
          (double) wp_histogram_quantile (times, 0.5) / 1e6,
          (double) wp_histogram_quantile (times, 0.99) / 1e6, cpu, n_failed);

  return n_failed > 0;
}
