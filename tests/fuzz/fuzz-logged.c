/* fuzz-logged.c - any bytes as the times of a log, three of a request and the log over and over, until there
 * are enough to say how many workers it had: no crash, and what was found and recovered is possible. The
 * first byte says how fine the stamps are. */
#include <math.h>
#include <string.h>

#include "sim/base/wp-time.h"
#include "sim/model/wp-logged-workers.h"

#define ROWS 1200

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static gint64 arrivals[ROWS], responses[ROWS], services[ROWS];

/* Bytes are 0 to 255 units, and the last one of a request makes the response up to a million times as long.
 */
static void
draw (const guint8 *bytes, gsize n, gint64 unit_ns)
{
  gint64 now = 0;

  for (gsize i = 0; i < ROWS; i++)
    {
      const guint8 *of_row = bytes + 3 * (i % n);
      gint64 length = 1;

      for (guint8 k = of_row[2] >> 5; k > 1; k--)
        length *= 10;
      now += of_row[0] * unit_ns;
      arrivals[i] = now;
      responses[i] = of_row[2] == 1 ? WP_TIME_NONE : of_row[1] * length * unit_ns;
    }
}

static void
check_services (const WpLoggedTimes *log, const WpLoggedWorkers *found)
{
  for (gsize i = 0; i < log->n; i++)
    g_assert ((services[i] == WP_TIME_NONE) == (responses[i] == WP_TIME_NONE)
              && (services[i] == WP_TIME_NONE || (services[i] >= 0 && services[i] <= responses[i])));
  g_assert (found->negative >= 0 && found->negative <= 1);
  g_assert (found->service_mean_ns >= 0 && found->service_mean_ns <= found->response_mean_ns);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const gint64 units_ns[] = { 1, WP_NS_PER_US, WP_NS_PER_MS, WP_NS_PER_S };
  WpLoggedTimes log = { arrivals, responses, ROWS, FALSE };
  WpLoggedWorkers found;

  if (size < 4)
    return 0;
  draw (data + 1, (size - 1) / 3, units_ns[data[0] & 3]);
  log.is_spread = (data[0] & 4) != 0;
  wp_logged_workers_find (&log, &found);
  g_assert (found.verdict == WP_LOGGED_NOT_QUEUED ? found.high == 0 : found.low <= found.high);
  g_assert (!isnan (found.gain) && !isnan (found.dependence));
  g_assert ((found.verdict == WP_LOGGED_QUEUED) == (found.workers > 0));
  g_assert ((found.verdict == WP_LOGGED_UNKNOWN) == (found.reason != WP_LOGGED_REASON_NONE));
  wp_logged_workers_recover (&log, MAX (1, found.workers), services, &found);
  check_services (&log, &found);

  return 0;
}
