/* limit-server: the physical limit. Accepts, finds the end of a head, skips a body, and sends wp-server's
 * response: one thread, edge-triggered epoll, no checks, no jobs, no deadlines. Usage: limit-server [PORT] */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <glib.h>

#define BACKLOG       4096
#define MAX_EVENTS    256
#define SCRATCH_SIZE  (64 * 1024)
#define MAX_RESPONSES 256 /* that one read may ask for and get in one send */

typedef struct {
  int fd;
  guint64 skip;  /* bytes of a body that are still to come */
  GString *part; /* of a head that is not whole; NULL: none */
} Client;

static char scratch[SCRATCH_SIZE];
static char responses[2][256]; /* the usual one, and the last on its connection */
static gsize response_len[2];

static int
listen_on (guint16 port)
{
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_port = htons (port), .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t len = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind (fd, (struct sockaddr *) &address, len) < 0 || listen (fd, BACKLOG) < 0)
    {
      perror ("limit-server");
      exit (2);
    }
  getsockname (fd, (struct sockaddr *) &address, &len);
  fprintf (stderr, "listening on http://127.0.0.1:%u/\n", ntohs (address.sin_port));

  return fd;
}

/* The bytes of wp-server's response, with its Date (in the C locale, which nothing here changes). */
static void
make_responses (void)
{
  static time_t made;
  struct timespec now;
  struct tm tm;
  char date[64];

  clock_gettime (CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec == made)
    return;
  made = now.tv_sec;
  strftime (date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r (&made, &tm));
  for (int last = 0; last < 2; last++)
    response_len[last] = (gsize) snprintf (
        responses[last], sizeof responses[last],
        "HTTP/1.1 200 OK\r\nDate: %s\r\n%sContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nSuccess!!",
        date, last ? "Connection: close\r\n" : "");
}

static guint64
body_size (const char *head, gsize len, gboolean *close)
{
  static const char length[] = "\r\nContent-Length: ", last[] = "\r\nConnection: close";
  const char *at = memmem (head, len, length, strlen (length));

  *close = memmem (head, len, last, strlen (last)) != NULL;
  return at ? g_ascii_strtoull (at + strlen (length), NULL, 10) : 0;
}

/* Counts the whole requests of @bytes; keeps the rest. */
static guint
count_requests (Client *self, const char *bytes, gsize len, gboolean *close)
{
  const char *at = bytes, *end = bytes + len, *head_end;
  guint n = 0;

  while (at < end && !*close)
    {
      gsize skipped = MIN (self->skip, (guint64) (end - at));

      at += skipped;
      self->skip -= skipped;
      n += skipped > 0 && self->skip == 0;
      if (!at || at == end || !(head_end = memmem (at, (gsize) (end - at), "\r\n\r\n", 4)))
        break;
      self->skip = body_size (at, (gsize) (head_end - at), close);
      n += self->skip == 0;
      at = head_end + 4;
    }
  if (at < end && !*close)
    self->part = g_string_new_len (at, end - at);

  return n;
}

static guint
take (Client *self, const char *bytes, gsize len, gboolean *close)
{
  g_autofree char *whole = NULL;

  if (!self->part)
    return count_requests (self, bytes, len, close);
  g_string_append_len (self->part, bytes, (gssize) len);
  len = self->part->len;
  whole = g_string_free (g_steal_pointer (&self->part), FALSE);

  return count_requests (self, whole, len, close);
}

static gboolean
send_responses (Client *self, guint n, gboolean close)
{
  static char many[MAX_RESPONSES * sizeof responses[0]];
  gsize len = 0;

  make_responses ();
  for (guint i = 0; i < MIN (n, MAX_RESPONSES); i++)
    {
      gboolean last = close && i == n - 1;

      memcpy (many + len, responses[last], response_len[last]);
      len += response_len[last];
    }

  return send (self->fd, many, len, MSG_NOSIGNAL) == (gssize) len;
}

static void
client_free (Client *self)
{
  close (self->fd);
  if (self->part)
    g_string_free (self->part, TRUE);
  g_free (self);
}

static void
on_readable (Client *self)
{
  gboolean last = FALSE;
  gssize n;

  do
    {
      guint n_requests;

      n = recv (self->fd, scratch, sizeof scratch, 0);
      n_requests = n > 0 ? take (self, scratch, (gsize) n, &last) : 0;
      if (n == 0 || (n < 0 && errno != EAGAIN) || (n_requests > 0 && !send_responses (self, n_requests, last))
          || last)
        {
          client_free (self);
          return;
        }
    }
  while (n == sizeof scratch); /* less: that was all, and epoll reports more */
}

static void
accept_all (int epoll_fd, int listen_fd)
{
  int fd, on = 1;

  while ((fd = accept4 (listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
    {
      Client *client = g_new0 (Client, 1);
      struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = client };

      client->fd = fd;
      setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      epoll_ctl (epoll_fd, EPOLL_CTL_ADD, fd, &event);
    }
}

int
main (int argc, char **argv)
{
  int listen_fd = listen_on (argc > 1 ? (guint16) atoi (argv[1]) : 0),
      epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  struct epoll_event events[MAX_EVENTS] = { { .events = EPOLLIN | EPOLLET } };
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  epoll_ctl (epoll_fd, EPOLL_CTL_ADD, listen_fd, &events[0]);
  for (;;)
    for (int i = 0, n = epoll_wait (epoll_fd, events, MAX_EVENTS, -1); i < n; i++)
      if (events[i].data.ptr)
        on_readable (events[i].data.ptr);
      else
        accept_all (epoll_fd, listen_fd);
}
