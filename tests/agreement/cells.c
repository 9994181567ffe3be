#include "tests/agreement/wp-cell.h"

#define SAMPLE_200 "--scale=200 --limit=3000"   /* 18 minutes of a service in 5.4 s */

const WpCell wp_cells[] = {
  /* The sample: bursts, and services of a wide spread, or drawn where a refusal would decide which of them are served at all. */
  { "default-sample", "sample", NULL, SAMPLE_200 " --service-scale=0.05", "Default", 0, 1, NULL, NULL, NULL, TRUE },
  { "default-stored", "sample", NULL, SAMPLE_200 " --service-scale=0.02", "Default", 0, 1, "--ack=stored", NULL, NULL },
  { "channel-0", "sample", NULL, SAMPLE_200 " --service-scale=0.002", "BufferedChannel", 0, 1, NULL, NULL, "blocked", TRUE },
  { "channel-1", "sample", NULL, SAMPLE_200 " --service-scale=0.002", "BufferedChannel", 1, 1, NULL, NULL, "blocked" },
  { "channel-100", "sample", NULL, SAMPLE_200 " --service-scale=0.0024", "BufferedChannel", 100, 1, NULL, NULL, "blocked", TRUE },
  { "pool-0-2", "sample", NULL, SAMPLE_200 " --service-scale=0.004", "WorkerPool", 0, 2, NULL, NULL, "blocked" },
  { "pool-10-4", "sample", NULL, SAMPLE_200 " --service-scale=0.008", "WorkerPool", 10, 4, NULL, NULL, "blocked" },
  { "pool-100-4", "sample", NULL, SAMPLE_200 " --service-scale=0.008", "WorkerPool", 100, 4, NULL, NULL, "blocked", TRUE },
  { "pool-100-20", "sample", NULL, SAMPLE_200 " --service-scale=0.044", "WorkerPool", 100, 20, NULL, NULL, "blocked" },
  { "pool-stored", "sample", NULL, SAMPLE_200 " --service-scale=0.008", "WorkerPool", 100, 4, "--ack=stored", NULL, "blocked" },
  { "pool-reject", "sample", "35ms", "--scale=50 --limit=900", "WorkerPool", 50, 4, "--when-full=reject", NULL, "rejected" },
  { "channel-reject", "sample", "10ms", SAMPLE_200, "BufferedChannel", 100, 1, "--when-full=reject", NULL, "rejected" },
  { "pool-timeout", "sample", "uniform:27ms:33ms", SAMPLE_200, "WorkerPool", 100, 20, "--block-timeout=120ms", NULL, "timed_out", TRUE },
  { "channel-0-timeout", "sample", "uniform:1.8ms:2.2ms", SAMPLE_200, "BufferedChannel", 0, 1, "--block-timeout=100ms", NULL, "timed_out" },
  { "pool-patience", "sample", "uniform:5.4ms:6.6ms", SAMPLE_200, "WorkerPool", 10, 4, NULL, "160ms", "abandoned", TRUE },
  { "stored-patience", "sample", "uniform:5.4ms:6.6ms", SAMPLE_200, "WorkerPool", 50, 4, "--ack=stored", "100ms", "abandoned", TRUE },
  { "channel-patience", "sample", "uniform:1.8ms:2.2ms", SAMPLE_200, "BufferedChannel", 1, 1, NULL, "150ms", "abandoned" },

  /* libsoup serves: the modes are the same behind it. */
  { "default-soup", "sample", NULL, "--scale=200 --limit=1500 --service-scale=0.05", "Default", 0, 1, "--http=soup", NULL, NULL, TRUE },
  { "channel-soup", "sample", NULL, "--scale=200 --limit=1500 --service-scale=0.0024", "BufferedChannel", 10, 1, "--http=soup", NULL, "blocked", TRUE },
  { "pool-soup", "sample", NULL, "--scale=200 --limit=1500 --service-scale=0.008", "WorkerPool", 10, 4, "--http=soup", NULL, "blocked", TRUE },

  /* Longer queues than the sample fills, with its arrivals, twice in a row. */
  { "channel-1000", "sample*2", NULL, "--scale=800 --service-scale=0.0008", "BufferedChannel", 1000, 1, NULL, NULL, "blocked" },
  { "channel-10000", "sample*2", NULL, "--scale=1200 --service-scale=0.0014", "BufferedChannel", 10000, 1, NULL, NULL, "blocked" },
  { "pool-1000-20", "sample*2", NULL, "--scale=800 --service-scale=0.016", "WorkerPool", 1000, 20, NULL, NULL, "blocked" },
  { "pool-10000-100", "sample*2", NULL, "--scale=1200 --service-scale=0.14", "WorkerPool", 10000, 100, NULL, NULL, "blocked" },
  { "pool-10-1000", "sample*2", "uniform:300ms:600ms", "--scale=800", "WorkerPool", 10, 1000, NULL, NULL, "blocked" },
  { "pool-1000-10000", "sample*2", "uniform:6s:7s", "--scale=1000 --limit=13000", "WorkerPool", 1000, 10000, NULL, NULL, "blocked" },
  { "pool-10000-10000", "sample*2", "uniform:4s:5s", "--scale=1200", "WorkerPool", 10000, 10000, NULL, NULL, NULL },

  /* Traffic drawn anew in each run. */
  { "poisson-near-full", "poisson:rate=500,n=3000", "exp:1.9ms", NULL, "BufferedChannel", 10, 1, NULL, NULL, "blocked", TRUE },
  { "bursts", "mmpp:rates=400:2500,sojourns=500ms:150ms,duration=6s", "lognormal:5ms:1", NULL, "WorkerPool", 100, 4, NULL, NULL, "blocked" },
  { "day-and-night", "diurnal:rate=800,amplitude=0.9,period=2s,duration=6s", "exp:20ms", NULL, "WorkerPool", 100, 20, NULL, NULL, "blocked" },
  { "heavy-tail", "poisson:rate=420,n=2800", "pareto:50ms:1.5:2s", NULL, "WorkerPool", 100, 20, NULL, NULL, NULL },
  { "ten-at-once", "constant:rate=500,n=3000", "exp:7ms", "--digits=2", "WorkerPool", 1, 4, NULL, NULL, "blocked" },
  { "fifty-at-once", "constant:rate=500,n=3000", "uniform:35ms:50ms", "--digits=1", "WorkerPool", 10, 20, NULL, NULL, "blocked" },
  { "no-service", "poisson:rate=2000,n=10000", "0", NULL, "WorkerPool", 0, 2, NULL, NULL, NULL },
  { "many-a-second", "poisson:rate=4000,n=16000", "exp:1.4ms", NULL, "WorkerPool", 1000, 4, NULL, NULL, "blocked" },
};

const guint wp_n_cells = G_N_ELEMENTS (wp_cells);
