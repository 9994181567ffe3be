/* hold-connections: many keep-alive clients of one server at once.
 *   hold-connections PORT N              each asks once, is answered and stays, idle
 *   hold-connections PORT N SECONDS      one keeps the only worker busy for so long, the others wait behind
 * it, parked Prints "held" once all are there, then, of the parked, "released N in SECONDS" (from the first
 * response to the last). It goes when its standard input ends. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/base/wp-time.h"

#define PATIENCE_MS 60000
/* connections that are made before their responses are read: far below the backlog */
#define AT_ONCE 1000

static void
fail (const char *what)
{
  fprintf (stderr, "hold-connections: %s: %s\n", what, strerror (errno));
  exit (1);
}

static int
ask (guint16 port, const char *service)
{
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_port = htons (port), .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_autofree char *text
      = g_strdup_printf ("GET / HTTP/1.1\r\nHost: localhost\r\nX-WP-Service: %s\r\n\r\n", service);

  if (fd < 0 || connect (fd, (struct sockaddr *) &address, sizeof address) < 0)
    fail ("connect");
  if (send (fd, text, strlen (text), MSG_NOSIGNAL) != (gssize) strlen (text))
    fail ("send");
  return fd;
}

/* Reads @n responses; each comes in one piece. */
static void
await (int epoll_fd, guint n, gint64 *first_ns)
{
  static char response[1024];
  struct epoll_event events[256];

  while (n > 0)
    {
      int n_ready = epoll_wait (epoll_fd, events, G_N_ELEMENTS (events), PATIENCE_MS);

      if (n_ready <= 0)
        fail ("no response");
      if (*first_ns == 0)
        *first_ns = wp_time_monotonic ();
      for (int i = 0; i < n_ready; i++, n--)
        if (recv (events[i].data.fd, response, sizeof response, 0) < 15
            || memcmp (response + 9, "200", 3) != 0)
          fail ("not 200");
    }
}

static void
add (int epoll_fd, int fd)
{
  struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.fd = fd };

  if (epoll_ctl (epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
    fail ("epoll");
}

int
main (int argc, char **argv)
{
  guint16 port = argc > 2 ? (guint16) atoi (argv[1]) : 0;
  guint n = argc > 2 ? (guint) atoi (argv[2]) : 0;
  const char *parked_s = argc > 3 ? argv[3] : NULL;
  int epoll_fd = epoll_create1 (EPOLL_CLOEXEC), first_epoll = epoll_create1 (EPOLL_CLOEXEC);
  gint64 first_ns = 0, unused_ns = 0;
  struct rlimit limit;

  if (n == 0)
    return 2;
  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  if (parked_s)
    {
      add (first_epoll, ask (port, parked_s));
      await (first_epoll, 1, &unused_ns);
    }
  for (guint done = 0; done < n; done++)
    {
      add (epoll_fd, ask (port, "0"));
      if (!parked_s && (done + 1) % AT_ONCE == 0)
        await (epoll_fd, AT_ONCE, &unused_ns);
    }
  if (!parked_s)
    await (epoll_fd, n % AT_ONCE, &unused_ns);
  else if (poll (&(struct pollfd){ epoll_fd, POLLIN, 0 }, 1, 0) != 0)
    fail ("answered before its time");
  printf ("held\n");
  fflush (stdout);
  if (parked_s)
    {
      await (epoll_fd, n, &first_ns);
      printf ("released %u in %.6f\n", n, (double) (wp_time_monotonic () - first_ns) / 1e9);
      fflush (stdout);
    }
  while (read (STDIN_FILENO, &port, sizeof port) > 0)
    ;

  return 0;
}
