/* wp-sim --against: the model on the record itself. It equals every record that a server can have written, or
 * says what it does not model; what a server cannot have done is an error. */
#include <string.h>

#include "tests/unit/sim-run.h"

#define POOL(queue, policy, ack)                                                                             \
  "# mode: WorkerPool\n# queue: " queue "\n# workers: 1\n" policy "# ack: " ack                              \
  "\n# keep-abandoned: false\n# database: delay:request\n# started: 2026-11-23T10:00:00Z\n"
#define BLOCKS  "# when-full: block\n# block-timeout: none\n"
#define REJECTS "# when-full: reject\n# block-timeout: none\n"
#define HEADER  "arrival,service,id,accepted,started,finished,ended,outcome,blocked\n"
#define FIRST   "0,1,a,0,0,1,1,stored,0\n"

static const struct {
  const char *what, *record, *says;
} records[] = {
  { "jobs that had not ended, in service, queued and parked, do not end",
    POOL ("1", BLOCKS, "accepted") HEADER FIRST
    "0.1,9,b,0.1,1,,,,0\n0.2,1,c,1,,,,,1\n0.3,1,d,,,,,,1\n1.5,1,e,,,,1.5,rejected,0\n",
    "equals the record, given its arrivals and services; 1 that left, or was refused for another reason than a "
    "full queue, as recorded\n" },
  { "a job that did not end although its worker had been free for long",
    POOL ("1", BLOCKS, "accepted") HEADER FIRST "0.1,1,b,0.1,,,,,0\n3,1,c,,,,3,rejected,1\n",
    "ERROR: the model differs from the record, given its arrivals and services, in 1 of 3 requests; the first "
    "arrived at 100 ms\n" },
  { "a drain refuses what finds a place",
    POOL ("1", REJECTS, "accepted") HEADER FIRST
    "0.1,1,b,0.1,1,2,2,stored,0\n0.2,1,c,,,,0.2,rejected,0\n# at=3 refusing=true\n3,1,d,,,,3,rejected,0\n",
    "equals the record, given its arrivals and services; 1 that left, or was refused for another reason than a "
    "full queue, as recorded\n" },
  { "a refusal that finds a place", POOL ("1", REJECTS, "accepted") HEADER FIRST "3,1,d,,,,3,rejected,0\n",
    "ERROR: the model differs from the record, given its arrivals and services, in 1 of 2 requests" },
  { "the policy changes, and with it what a refusal is",
    POOL ("0", BLOCKS, "accepted") HEADER FIRST
    "# at=1.5 when-full=reject\n2,1,b,2,2,3,3,stored,0\n2.5,1,c,,,,2.5,rejected,0\n",
    "equals the record, given its arrivals and services\n" },
  { "the same, and a place was free",
    POOL ("0", BLOCKS, "accepted") HEADER FIRST
    "# at=1.5 when-full=reject\n2,1,b,2,2,3,3,stored,0\n3.5,1,c,,,,3.5,rejected,0\n",
    "ERROR: the model differs" },
  { "queued clients leave in any order, and their places are taken",
    POOL ("2", BLOCKS, "stored") HEADER FIRST
    "0.1,,b,0.1,,,0.9,abandoned,0\n0.2,,c,0.2,,,0.4,abandoned,0\n0.3,1,d,0.4,1,2,2,stored,1\n"
    "0.5,1,e,0.9,2,3,3,stored,1\n0.6,,f,,,,0.7,abandoned,1\n",
    "equals the record, given its arrivals and services; 1 that left" },
  { "a place stays empty after a queued client has left",
    POOL ("2", BLOCKS, "stored") HEADER FIRST
    "0.1,,b,0.1,,,0.9,abandoned,0\n0.2,,c,0.2,,,0.4,abandoned,0\n0.3,1,d,0.8,1,2,2,stored,1\n",
    "ERROR: the model differs from the record, given its arrivals and services, in 1 of 4 requests; the first "
    "arrived at 300 ms\n" },
  { "jobs of an earlier run had no places",
    POOL ("0", BLOCKS, "accepted") HEADER "# at=0 recovered=2\n" FIRST "0,1,b,0,1,2,2,stored,0\n",
    "none: the jobs of an earlier run, which the server recovered first, are not modelled\n" },
  { "jobs of an earlier run that had places",
    POOL ("1", BLOCKS, "accepted") HEADER "# at=0 recovered=1\n" FIRST,
    "equals the record, given its arrivals and services\n" },
  { "the later part of a record",
    POOL ("1", BLOCKS, "accepted") HEADER "7,1,h,7,7.5,8.5,8.5,stored,0\n8,1,i,8,8.5,9.5,9.5,stored,0\n",
    "none: the record begins in the middle of a run, and what was in the system then is unknown\n" },
  { "a job that was withdrawn", POOL ("1", REJECTS, "accepted") HEADER FIRST "0.1,1,b,,,,0.3,rejected,0\n",
    "none: jobs that were withdrawn, since the journal could not be written, are not modelled\n" },
  { "a job that failed, with its finish and without",
    POOL ("1", BLOCKS, "accepted") HEADER
    "0,1,a,0,0,1,1,failed,0\n2,,b,2,2,,3,failed,0\n2.5,1,c,2.5,3,4,4,stored,0\n",
    "equals the record, given its arrivals and services\n" },
};

static void
test_records (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (records); i++)
    {
      g_autoptr (SimRun) run = sim_run_new ();
      const char *line;

      sim_run_write (run, "trace.csv", "arrival,service,id\n0,1,a\n0.1,1,b\n");
      sim_run_write (run, "measured.csv", records[i].record);
      sim_run_go (run, "--against=measured.csv trace.csv", NULL);
      g_assert_cmpstr (run->err, ==, "");
      line = strstr (run->out, "\nmodel check: ");
      g_assert_nonnull (line);
      line += strlen ("\nmodel check: ");
      g_assert_cmpint (strstr (run->out,
                               "\nwarning: measured.csv begins 7.00 s after the first request of its run: "
                               "it is the later part of a record; put the parts together")
                           != NULL,
                       ==, strstr (records[i].what, "later part") != NULL);
      if (!g_str_has_prefix (line, records[i].says))
        g_error ("%s: %.200s", records[i].what, line);
    }
}

/* One of hundreds is within the tolerance of every metric, and is an error of the model all the same. */
static void
test_one_of_many (void)
{
  g_autoptr (GString) trace = g_string_new ("arrival,service,id\n");
  g_autoptr (GString) measured = g_string_new (POOL ("0", REJECTS, "accepted") HEADER);
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (JsonObject) report = NULL;
  JsonObject *against;

  for (guint i = 0; i < 300; i++)
    {
      g_string_append_printf (trace, "%u,0.5,r%u\n", i, i);
      if (i == 150)
        g_string_append_printf (measured, "%u,,r%u,,,,%u,rejected,0\n", i, i, i);
      else
        g_string_append_printf (measured, "%u,0.5,r%u,%u,%u,%u.5,%u.5,stored,0\n", i, i, i, i, i, i);
    }
  sim_run_write (run, "trace.csv", trace->str);
  sim_run_write (run, "measured.csv", measured->str);
  sim_run_go (run, "--against=measured.csv trace.csv", NULL);
  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (run->out, "given its arrivals and services, in 1 of 300 requests; the first "
                                      "arrived at 2 min 30 s\n"));
  sim_run_go (run, "--against=measured.csv --format=json trace.csv", NULL);
  report = sim_run_json (run);
  against = json_object_get_object_member (report, "against");
  g_assert_cmpstr (json_object_get_string_member (against, "verdict"), ==, "agrees");
  g_assert_false (json_object_get_boolean_member (json_object_get_object_member (against, "replayed"),
                                                  "model_equals_record"));
}

/* A server that was killed, or whose disk was full, wrote a part of its last line; other programs' lines have
 * to be whole. */
static void
test_cut (void)
{
  static const char *const ends[]
      = { "2", "2,1,b,2,2,3,3,sto", "2,1,b,2", "#", "# at=", "# at=2 pressure=", "# no" };
  g_autoptr (SimRun) run = sim_run_new ();

  sim_run_write (run, "trace.csv", "arrival,service,id\n0,1,a\n2,1,b\n");
  for (guint i = 0; i < 2 * G_N_ELEMENTS (ends); i++)
    {
      gboolean is_whole = i % 2 == 1; /* and wrong */
      g_autofree char *record = g_strconcat (POOL ("1", BLOCKS, "accepted") HEADER FIRST, ends[i / 2],
                                             is_whole ? "\n" : "", NULL);

      sim_run_write (run, "measured.csv", record);
      sim_run_go (run, "--against=measured.csv trace.csv", NULL);
      g_test_message ("%s%s", record, run->err);
      g_assert_cmpint (run->status == 2, ==, is_whole);
      if (is_whole)
        g_assert_true (g_str_has_prefix (run->err, "wp-sim: measured.csv:12: "));
      else
        {
          g_assert_nonnull (
              strstr (run->out, "\nwarning: the last line of measured.csv is cut, and was left out\n"));
          g_assert_nonnull (strstr (run->out, "\nmodel check: equals the record"));
        }
    }
  sim_run_write (run, "trace.csv", "arrival,service\n0,1\n2");
  sim_run_go (run, "trace.csv", NULL);
  g_assert_cmpstr (run->err, ==, "wp-sim: trace.csv:3: 1 cell, the header has 2\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/record-check/records", test_records);
  g_test_add_func ("/record-check/one-of-many", test_one_of_many);
  g_test_add_func ("/record-check/cut", test_cut);

  return g_test_run ();
}
