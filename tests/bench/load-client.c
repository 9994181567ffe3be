/* load-client: as many requests of one server as one thread can send, each client its next once it has the
 * response to the one before. load-client PORT CONNECTIONS SECONDS prints one line: requests per second, p50
 * and p99 of the latency in ms, its own CPU per request in us, failures. It is wp-replay's HTTP client
 * without the schedule. wrk needs half as much again for a request, and then limits the rate of a fast server
 * itself.
 *
 * A response that is not a 200, or none, is a failure, and its client sends no more. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "runtime/replay/wp-connection-pool.h"
#include "sim/base/wp-time.h"
#include "sim/stats/wp-histogram.h"

#define MAX_EVENTS  256
#define PATIENCE_MS 1000

typedef struct {
  WpConnectionPool *pool;
  WpPooledConnection **places; /* of each client */
  gint64 *sent_ns;
  WpHistogram *latencies;
  gint64 end_ns;
  guint n_clients; /* that still send */
  guint64 n_failed;
} Load;

static void
compose (gpointer data, gsize client, WpMessage *message)
{
  g_string_append (message->head, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

static void
on_sent (gpointer data, gsize client)
{
  Load *self = data;

  self->sent_ns[client] = wp_time_monotonic ();
}

static void
on_ended (gpointer data, gsize client, const WpResponse *response, const char *error)
{
  Load *self = data;
  gint64 now_ns = wp_time_monotonic ();

  if (!response || response->status != 200)
    {
      self->n_failed++;
      self->n_clients--;
      return;
    }
  wp_histogram_add (self->latencies, now_ns - self->sent_ns[client], 1);
  if (now_ns < self->end_ns)
    wp_connection_pool_send (self->pool, client, &self->places[client]);
  else
    self->n_clients--;
}

static const WpConnectionPoolClass class = { compose, on_sent, on_ended };

static void
run (Load *self, int epoll_fd)
{
  struct epoll_event events[MAX_EVENTS];

  for (guint i = 0, n = self->n_clients; i < n; i++)
    wp_connection_pool_send (self->pool, i, &self->places[i]);
  while (self->n_clients > 0 && wp_time_monotonic () < self->end_ns)
    {
      for (int i = 0, n = epoll_wait (epoll_fd, events, MAX_EVENTS, PATIENCE_MS); i < n; i++)
        wp_connection_pool_dispatch (self->pool, events[i].data.ptr, events[i].events);
      wp_connection_pool_end_batch (self->pool);
    }
}

static double
cpu_us (void)
{
  struct rusage used;

  getrusage (RUSAGE_SELF, &used);
  return (double) (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6
         + (double) (used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static int
measure (const char *port, guint n, double seconds)
{
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%s/", port);
  g_autoptr (GError) error = NULL;
  g_autoptr (WpTarget) target = wp_target_new (url, &error);
  g_autofree WpPooledConnection **places = g_new0 (WpPooledConnection *, n);
  g_autofree gint64 *sent_ns = g_new0 (gint64, n);
  g_autoptr (WpHistogram) latencies = wp_histogram_new ();
  int epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  Load self = { NULL, places, sent_ns, latencies, 0, n, 0 };
  g_autoptr (WpConnectionPool) pool = NULL;
  gint64 begin_ns, passed_ns;
  double cpu;

  if (!target || !wp_target_resolve (target, 0, &error))
    {
      fprintf (stderr, "load-client: %s\n", error->message);
      return 2;
    }
  self.pool = pool = wp_connection_pool_new (target, n, epoll_fd, &class, &self);
  while (wp_connection_pool_open_spare (pool, n))
    ;
  cpu = cpu_us ();
  begin_ns = wp_time_monotonic ();
  self.end_ns = begin_ns + (gint64) (seconds * 1e9);
  run (&self, epoll_fd);
  passed_ns = wp_time_monotonic () - begin_ns;
  cpu = (cpu_us () - cpu) / (double) MAX (wp_histogram_count (latencies), 1);
  printf ("%.0f requests/s, p50 %.3f ms, p99 %.3f ms, %.2f us of CPU a request, %" G_GUINT64_FORMAT
          " failed\n",
          (double) wp_histogram_count (latencies) * 1e9 / (double) passed_ns,
          (double) MAX (wp_histogram_quantile (latencies, 0.5), 0) / 1e6,
          (double) MAX (wp_histogram_quantile (latencies, 0.99), 0) / 1e6, cpu, self.n_failed);
  close (epoll_fd);

  return self.n_failed > 0;
}

int
main (int argc, char **argv)
{
  guint n = argc == 4 ? (guint) atoi (argv[2]) : 0;
  double seconds = argc == 4 ? g_ascii_strtod (argv[3], NULL) : 0;

  signal (SIGPIPE, SIG_IGN);
  if (n > 0 && n <= wp_connection_pool_raise_limit () && seconds > 0)
    return measure (argv[1], n, seconds);
  fprintf (stderr, "usage: load-client PORT CONNECTIONS SECONDS\n");
  return 2;
}
