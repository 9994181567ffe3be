#include "tests/e2e/wp-crowd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/e2e/wp-client.h"

#define ROOM         512
#define PART         2000
#define FILES_BESIDE 64

typedef struct {
  int fd;        /* -1: left */
  char *request; /* NULL: sent */
  char response[ROOM];
  guint size;
  guint status; /* 0: not answered */
} Member;

struct _WpCrowd {
  guint16 port;
  int epoll_fd;
  GPtrArray *members; /* (element-type Member) */
  GArray *answered;   /* (element-type guint): in order */
  gboolean may_be_cut;
};

gboolean
wp_crowd_has_room (guint n)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);

  return limit.rlim_max >= n + FILES_BESIDE;
}

static void
member_free (gpointer data)
{
  Member *self = data;

  if (self->fd >= 0)
    close (self->fd);
  g_free (self->request);
  g_free (self);
}

WpCrowd *
wp_crowd_new (guint16 port)
{
  WpCrowd *self = g_new0 (WpCrowd, 1);

  self->port = port;
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  self->members = g_ptr_array_new_with_free_func (member_free);
  self->answered = g_array_new (FALSE, FALSE, sizeof (guint));
  g_assert_cmpint (self->epoll_fd, >=, 0);

  return self;
}

void
wp_crowd_free (WpCrowd *self)
{
  g_ptr_array_unref (self->members);
  g_array_unref (self->answered);
  close (self->epoll_fd);
  g_free (self);
}

static Member *
member (const WpCrowd *self, guint i)
{
  return self->members->pdata[i];
}

static void
add_member (WpCrowd *self, const char *headers)
{
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_port = htons (self->port), .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u32 = self->members->len };
  Member *new = g_new0 (Member, 1);

  new->fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  g_assert_cmpint (new->fd, >=, 0);
  new->request = g_strdup_printf ("GET /%u HTTP/1.1\r\nHost: test\r\nX-Request-Id: %u\r\n%s\r\n",
                                  self->members->len, self->members->len, headers ? headers : "");
  if (connect (new->fd, (struct sockaddr *) &address, sizeof address) < 0)
    g_assert_cmpint (errno, ==, EINPROGRESS);
  g_assert_cmpint (epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, new->fd, &event), ==, 0);
  g_ptr_array_add (self->members, new);
}

void
wp_crowd_send (WpCrowd *self, guint n, const char *headers)
{
  for (guint i = 0; i < n; i++)
    add_member (self, headers);
  wp_crowd_look (self);
}

void
wp_crowd_send_in_parts (WpCrowd *self, WpHarness *server, guint n, const char *headers)
{
  double received = wp_harness_stat (server, "ledger.received");

  for (guint sent = 0; sent < n; sent += PART)
    {
      wp_crowd_send (self, MIN (PART, n - sent), headers);
      while (wp_harness_stat (server, "ledger.received") < received + MIN (sent + PART, n))
        wp_crowd_look (self);
    }
}

/* A response is whole once its body is. Sets the status. */
static void
parse (Member *self)
{
  const char *end = strstr (self->response, "\r\n\r\n"),
             *length = strstr (self->response, "Content-Length: ");

  if (!end || (length && self->size < (gsize) (end - self->response) + 4 + (gsize) atoi (length + 16)))
    return;
  g_assert_cmpint (sscanf (self->response, "HTTP/1.1 %u", &self->status), ==, 1);
}

static void
lost (const WpCrowd *self, guint i, const char *why)
{
  Member *loser = member (self, i);

  if (!self->may_be_cut || loser->size > 0)
    g_error ("client %u: %s after %u bytes: \"%s\"", i, why, loser->size, loser->response);
  loser->status = WP_CROWD_CUT;
}

static void
read_response (WpCrowd *self, guint i)
{
  Member *reader = member (self, i);
  gssize n = 1;

  while (reader->status == 0 && n > 0)
    {
      n = recv (reader->fd, reader->response + reader->size, ROOM - 1 - reader->size, 0);
      if (n == 0)
        lost (self, i, "the connection ended");
      else if (n < 0 && errno != EAGAIN)
        lost (self, i, g_strerror (errno));
      else if (n > 0)
        {
          reader->size += (guint) n;
          reader->response[reader->size] = '\0';
          parse (reader);
        }
    }
  if (reader->status != 0)
    {
      g_array_append_val (self->answered, i);
      wp_crowd_leave (self, i);
    }
}

static void
on_event (WpCrowd *self, guint i, guint32 events)
{
  Member *one = member (self, i);

  if (one->request && (events & EPOLLOUT))
    {
      gssize size = (gssize) strlen (one->request);

      if (send (one->fd, one->request, (gsize) size, MSG_NOSIGNAL) != size)
        g_error ("client %u cannot send: %s", i, g_strerror (errno));
      g_clear_pointer (&one->request, g_free);
    }
  if (one->status == 0 && !one->request && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
    read_response (self, i);
}

/* One event at a time, which the kernel keeps in the order in which they came. */
static gboolean
step (WpCrowd *self, int timeout_ms)
{
  struct epoll_event event;
  int n = epoll_wait (self->epoll_fd, &event, 1, timeout_ms);

  if (n == 1)
    on_event (self, event.data.u32, event.events);
  return n == 1;
}

void
wp_crowd_expect_cuts (WpCrowd *self)
{
  self->may_be_cut = TRUE;
}

guint
wp_crowd_look (WpCrowd *self)
{
  while (step (self, 0))
    ;
  return self->answered->len;
}

void
wp_crowd_await (WpCrowd *self, guint n_responses)
{
  gint64 until_us = g_get_monotonic_time () + 2 * WP_PATIENCE_US;

  while (self->answered->len < n_responses)
    if (!step (self, 100) && g_get_monotonic_time () > until_us)
      g_error ("only %u of %u were answered", self->answered->len, n_responses);
}

guint
wp_crowd_count_status (const WpCrowd *self, guint status)
{
  guint n = 0;

  for (guint i = 0; i < self->members->len; i++)
    n += member (self, i)->status == status;
  return n;
}

guint
wp_crowd_answered (const WpCrowd *self, guint i)
{
  g_assert_cmpuint (i, <, self->answered->len);
  return g_array_index (self->answered, guint, i);
}

guint
wp_crowd_status (const WpCrowd *self, guint client)
{
  return member (self, client)->status;
}

void
wp_crowd_leave (WpCrowd *self, guint client)
{
  Member *leaver = member (self, client);

  if (leaver->fd >= 0)
    close (leaver->fd);
  leaver->fd = -1;
}
