/* What a 200 costs, by what it promises: memory, journal, SQLite, PostgreSQL and a shared queue, side by side
 * from one run. Usage: bench-databases [SECONDS [ROUNDS]] (3 and 3): medians of the rounds, in turn. Needs
 * wrk, and of PostgreSQL and RabbitMQ what the system has: a row that cannot be measured is left out, with
 * the reason. The files are in TMPDIR: a disk, please. */
#include <stdlib.h>
#include <string.h>

#include <glib/gstdio.h>

#include "tests/e2e/wp-harness.h"
#include "tests/e2e/wp-postgres.h"
#include "tests/e2e/wp-rabbitmq.h"

#define MAX_ROUNDS  9
#define CONNECTIONS "64"
#define SCRIPT      "wrk.method = 'POST'\nwrk.body = string.rep('x', 512)\n"

typedef struct {
  double rate, p50_ms, p99_ms, alone_ms;
} Figures;

typedef struct {
  const char *name, *promise;
  const char *options[4]; /* of wp-server; NULL: no more */
  const char *why_not;    /* NULL: it is measured */
  Figures rounds[MAX_ROUNDS];
} Row;

enum { MEMORY, JOURNAL, SQLITE, POSTGRESQL, SHARED_QUEUE, N_ROWS };

static Row rows[N_ROWS] = {
  { "memory",
    "taken; lost with the process",
    { "--database=delay:50ms", "--ack=accepted" },
    NULL,
    { { 0 } } },
  { "journal",
    "on this disk",
    { "--database=delay:50ms", "--ack=accepted", "--journal=wp.journal" },
    NULL,
    { { 0 } } },
  { "SQLite", "stored on this disk", { "--database=sqlite:wp.db", "--ack=stored" }, NULL, { { 0 } } },
  { "PostgreSQL",
    "stored by another process, which may be another machine",
    { NULL, "--ack=stored" },
    NULL,
    { { 0 } } },
  { "shared queue", "on the disks of two of three nodes", { NULL, NULL }, NULL, { { 0 } } },
};

static WpPostgres *postgres;
static WpRabbitmq *rabbitmq;

/* The number in wrk's report after @label, a time in ms. */
static double
read_figure (const char *text, const char *label)
{
  const char *at = strstr (text, label);
  char *unit;
  double value;

  g_assert_nonnull (at);
  value = g_ascii_strtod (at + strlen (label), &unit);

  return g_str_has_prefix (unit, "us") ? value / 1e3 : g_str_has_prefix (unit, "s") ? value * 1e3 : value;
}

static char *
load (WpHarness *server, const char *connections, const char *seconds)
{
  g_autofree char *script = wp_harness_path (server, "load.lua"),
                  *url = g_strdup_printf ("http://127.0.0.1:%u/", wp_harness_port (server)),
                  *lasts = g_strconcat ("-d", seconds, "s", NULL), *n = g_strconcat ("-c", connections, NULL);
  const char *argv[] = { "wrk", "-t1", n, lasts, "--latency", "-s", script, url, NULL };
  g_autoptr (GError) error = NULL;
  char *out = NULL;
  int status;

  g_file_set_contents (script, SCRIPT, -1, &error);
  g_assert_no_error (error);
  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, &status, &error);
  g_assert_no_error (error);
  if (strstr (out, "Non-2xx") || !g_spawn_check_wait_status (status, NULL))
    g_error ("%s", out);

  return out;
}

static Figures
measure (const Row *row, const char *seconds)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("--mode=WorkerPool", row->options[0], row->options[1], row->options[2], NULL);
  g_autofree char *many = load (server, CONNECTIONS, seconds), *one = load (server, "1", seconds);
  Figures figures = { read_figure (many, "Requests/sec:"), read_figure (many, " 50%"),
                      read_figure (many, " 99%"), read_figure (one, " 50%") };

  wp_harness_signal (server, SIGTERM);
  wp_harness_wait (server);

  return figures;
}

/* Does this wp-server take jobs from a shared queue? */
static gboolean
has_source (void)
{
  g_autoptr (WpHarness) help = wp_harness_run ("--help", NULL);
  g_autofree char *text = NULL;

  wp_harness_wait (help);
  text = wp_harness_output (help);

  return strstr (text, "--source=") != NULL;
}

static void
begin_servers (void)
{
  if (!wp_postgres_is_there ())
    rows[POSTGRESQL].why_not = "PostgreSQL is missing";
  else
    {
      postgres = wp_postgres_new ();
      g_free (wp_postgres_run (postgres, "ALTER SYSTEM SET fsync = on")); /* the tests' server has it off */
      g_free (wp_postgres_run (postgres, "SELECT pg_reload_conf ()"));
      rows[POSTGRESQL].options[0]
          = g_strconcat ("--database=", wp_postgres_uri (postgres, "wp", "wp", NULL), NULL);
    }
  rows[SHARED_QUEUE].why_not = !postgres                  ? "PostgreSQL, where its worker stores, is missing"
                               : !wp_rabbitmq_is_there () ? "RabbitMQ is missing"
                               : !has_source ()           ? "this wp-server has no --source, so no worker"
                                                          : NULL;
  if (rows[SHARED_QUEUE].why_not)
    return;
  rabbitmq = wp_rabbitmq_new (3);
  rows[SHARED_QUEUE].options[0]
      = g_strconcat ("--database=", wp_rabbitmq_uri (rabbitmq, "", "?queue=wp"), NULL);
}

/* With a worker that stores in PostgreSQL, so that the queue does not fill. */
static Figures
measure_row (const Row *row, const char *seconds)
{
  g_autoptr (WpHarness) worker = NULL;

  if (row == &rows[SHARED_QUEUE])
    {
      g_autofree char *source = wp_rabbitmq_uri (rabbitmq, "", "?queue=wp"),
                      *option = g_strconcat ("--source=", source, NULL);

      worker = wp_harness_new ();
      wp_harness_start_again (worker, option, rows[POSTGRESQL].options[0], NULL);
    }

  return measure (row, seconds);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double one = *(const double *) a, two = *(const double *) b;

  return (one > two) - (one < two);
}

static double
median (const Row *row, guint n_rounds, gsize offset)
{
  double values[MAX_ROUNDS];

  for (guint i = 0; i < n_rounds; i++)
    values[i] = G_STRUCT_MEMBER (double, &row->rounds[i], offset);
  qsort (values, n_rounds, sizeof *values, compare);

  return values[n_rounds / 2];
}

/* Flushes per second of the disk that the servers' files are on. */
static double
measure_disk (void)
{
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "wp-bench-flushes", NULL),
                  *program
                  = g_build_filename (g_getenv ("WP_BUILD_ROOT"), "tests/bench/bench-fdatasync", NULL),
                  *out = NULL;
  const char *argv[] = { program, path, "1", NULL };
  g_autoptr (GError) error = NULL;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_remove (path), ==, 0);

  return g_ascii_strtod (out, NULL);
}

static void
print_rows (guint n_rounds)
{
  g_print ("\nfdatasync of 4 KiB: %.0f per second\n\n", measure_disk ());
  g_print ("| database | a 200 says that the job is | answers/s | p50 | p99 | p50 of one client |\n"
           "|---|---|---|---|---|---|\n");
  for (const Row *row = rows; row < rows + N_ROWS; row++)
    if (!row->why_not)
      g_print ("| %s | %s | %.0f | %.2f ms | %.2f ms | %.2f ms |\n", row->name, row->promise,
               median (row, n_rounds, G_STRUCT_OFFSET (Figures, rate)),
               median (row, n_rounds, G_STRUCT_OFFSET (Figures, p50_ms)),
               median (row, n_rounds, G_STRUCT_OFFSET (Figures, p99_ms)),
               median (row, n_rounds, G_STRUCT_OFFSET (Figures, alone_ms)));
  for (const Row *row = rows; row < rows + N_ROWS; row++)
    if (row->why_not)
      g_print ("not measured: %s: %s\n", row->name, row->why_not);
}

int
main (int argc, char **argv)
{
  const char *seconds = argc > 1 ? argv[1] : "3";
  guint n_rounds = argc > 2 ? (guint) CLAMP (atoi (argv[2]), 1, MAX_ROUNDS) : 3;

  g_test_init (&argc, &argv, NULL);
  if (!g_find_program_in_path ("wrk"))
    {
      g_print ("wrk is missing\n");
      return 77;
    }
  begin_servers ();
  for (guint i = 0; i < n_rounds; i++)
    for (Row *row = rows; row < rows + N_ROWS; row++)
      if (!row->why_not)
        row->rounds[i] = measure_row (row, seconds);
  print_rows (n_rounds);
  g_clear_pointer (&postgres, wp_postgres_free);
  g_clear_pointer (&rabbitmq, wp_rabbitmq_free);

  return 0;
}
