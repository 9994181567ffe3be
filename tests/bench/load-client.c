/* load-client: as many requests of one server as one thread can send. load-client PORT CONNECTIONS SECONDS
 * prints one line: requests per second, p50 and p99 of the latency in ms, its own CPU per request in us,
 * failures. It is wp-replay's closed loop alone. wrk needs half as much again for a request, and then limits
 * the rate of a fast server itself.
 *
 * A response that is not a 200, or none, is a failure. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "runtime/replay/wp-client-loop.h"
#include "runtime/replay/wp-sender.h"

static double
cpu_us (void)
{
  struct rusage used;

  getrusage (RUSAGE_SELF, &used);
  return (double) (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6
         + (double) (used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

/* Returns the failures. */
static guint64
print (const WpTally *tally, double passed_s, double cpu)
{
  const WpHistogram *response = wp_tally_response (tally);
  guint64 n = wp_tally_n_answered (tally),
          n_failed = wp_tally_n_failed (tally) + n - wp_tally_n_status (tally, 200);

  printf ("%.0f requests/s, p50 %.3f ms, p99 %.3f ms, %.2f us of CPU a request, %" G_GUINT64_FORMAT
          " failed\n",
          (double) n / passed_s, (double) MAX (wp_histogram_quantile (response, 0.5), 0) / 1e6,
          (double) MAX (wp_histogram_quantile (response, 0.99), 0) / 1e6, cpu / (double) MAX (n, 1),
          n_failed);
  return n_failed;
}

static int
measure (WpTarget *target, guint n_clients, gint64 duration_ns)
{
  const WpSenderOptions sending
      = { .connections = n_clients, .patience_ns = WP_TIME_NONE, .timeout_ns = WP_NS_PER_S };
  const WpClientLoopOptions clients
      = { .n_clients = n_clients, .duration_ns = duration_ns, .n_most = G_MAXUINT64 };
  const WpRequestOptions request = { .method = "GET" };
  g_autoptr (WpRequestTemplate) template = wp_request_template_new (target, &request);
  g_autoptr (WpTally) tally = wp_tally_new (n_clients, NULL);
  WpWorkload *load = wp_client_loop_new (&clients, tally);
  WpSender *sender = wp_sender_new (load, target, template, &sending, NULL);
  gint64 begin_ns;
  double cpu;
  guint64 n_failed;

  wp_sender_prepare (sender);
  cpu = cpu_us ();
  begin_ns = wp_time_monotonic ();
  wp_sender_run (sender, begin_ns, -1, NULL);
  n_failed = print (tally, (double) (wp_time_monotonic () - begin_ns) / WP_NS_PER_S, cpu_us () - cpu);
  wp_sender_free (sender);
  wp_client_loop_free (load);

  return n_failed > 0;
}

int
main (int argc, char **argv)
{
  guint n = argc == 4 ? (guint) atoi (argv[2]) : 0;
  double seconds = argc == 4 ? g_ascii_strtod (argv[3], NULL) : 0;
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%s/", argc == 4 ? argv[1] : "");
  g_autoptr (GError) error = NULL;
  g_autoptr (WpTarget) target = n > 0 && seconds > 0 ? wp_target_new (url, &error) : NULL;

  signal (SIGPIPE, SIG_IGN);
  if (target && n <= wp_connection_pool_raise_limit () && wp_target_resolve (target, 0, &error))
    return measure (target, n, (gint64) (seconds * WP_NS_PER_S));
  fprintf (stderr, error ? "load-client: %s\n" : "usage: load-client PORT CONNECTIONS SECONDS\n",
           error ? error->message : "");
  return 2;
}
