/* what-if.c - libwpsim in a program of your own: how a queue does with given traffic, and with other sizes.
 *
 *   cc what-if.c -o what-if $(pkg-config --cflags --libs wpsim)
 *   ./what-if WORKERS QUEUE < requests
 *
 * Each line of the input has a request's arrival and its service time, in seconds, in order of arrival. The
 * output has a line for these sizes, for one worker more, and for twice the queue.
 */
#include <stdio.h>
#include <stdlib.h>

#include <wpsim/wpsim.h>

typedef struct {
  gint64 arrival_ns, service_ns;
} Request;

static GArray *
read_requests (FILE *file)
{
  GArray *requests = g_array_new (FALSE, FALSE, sizeof (Request));
  double arrival, service;

  while (fscanf (file, "%lf %lf", &arrival, &service) == 2)
    {
      Request request = { (gint64) (arrival * 1e9 + 0.5), (gint64) (service * 1e9 + 0.5) };

      g_array_append_val (requests, request);
    }
  return requests;
}

/* One model for one size: feed it, then ask. */
static gboolean
simulate (const GArray *requests, guint workers, guint queue, WpsimResult *result, GError **error)
{
  g_autoptr (WpsimModel) model = wpsim_model_new (WPSIM_MODE_WORKER_POOL, workers, queue, error);

  if (!model)
    return FALSE;
  for (guint i = 0; i < requests->len; i++)
    {
      const Request *request = &g_array_index (requests, Request, i);

      if (!wpsim_model_feed (model, request->arrival_ns, request->service_ns, error))
        return FALSE;
    }
  return wpsim_model_finish (model, result, error);
}

static gboolean
report (const GArray *requests, guint workers, guint queue)
{
  g_autoptr (GError) error = NULL;
  WpsimResult result;

  if (!simulate (requests, workers, queue, &result, &error))
    {
      fprintf (stderr, "what-if: %s\n", error->message);
      return FALSE;
    }
  printf ("workers %u, queue %u: depth %.2f on average, %" G_GINT64_FORMAT
          " at most; wait p50 %.3f s, p99 %.3f s; "
          "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " blocked\n",
          workers, queue, result.depth_mean, result.depth_peak, (double) result.wait.p50 / 1e9,
          (double) result.wait.p99 / 1e9, result.blocked, result.requests);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GArray) requests = NULL;
  guint workers, queue;

  if (argc != 3)
    {
      fprintf (stderr, "usage: what-if WORKERS QUEUE < requests\n");
      return 2;
    }
  workers = (guint) strtoul (argv[1], NULL, 10);
  queue = (guint) strtoul (argv[2], NULL, 10);
  requests = read_requests (stdin);

  return report (requests, workers, queue) && report (requests, workers + 1, queue)
                 && report (requests, workers, 2 * queue)
             ? 0
             : 1;
}
