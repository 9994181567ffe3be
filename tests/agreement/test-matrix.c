/* test-matrix.c - prediction beside measurement, cell by cell: wp-replay sends a trace to wp-server, wp-sim
 * predicts from the trace alone, and every metric must be within section 7 of the specification. At the end
 * it prints one table, in Markdown.
 *
 *     test-matrix [brief] [-p /agreement/NAME]...
 *
 * If the replayer's schedule was late, by its own report, the run says nothing about the prediction: a
 * disagreeing run of that kind is repeated up to twice. So is any disagreeing run of the short subset, which
 * must hold on shared machines: a real error appears three times. A failure prints the figures of each run
 * on standard error. */
#include <string.h>

#include "tests/agreement/wp-matrix-cell.h"
#include "tests/agreement/wp-program.h"
#include "tests/agreement/wp-cell-result.h"
#include "tests/agreement/wp-workload.h"
#include "tests/e2e/wp-harness.h"

#define TRIES          3
#define SHOWN_AT_LEAST 20
#define MAX_LAG        "--max-lag=5ms"
#define MAX_STALL      0.01 /* s; only bursts come near it else */

static gboolean brief;
static GString *table;
static GString *tries; /* of this cell: what each said */
static guint n_agreed, n_run;

static WpHarness *
start (const WpMatrixCell *cell)
{
  g_autofree char *queue = g_strdup_printf ("%u", cell->queue),
                  *workers = g_strdup_printf ("%u", cell->workers);

  return wp_harness_start ("--mode", cell->mode, "--queue", queue, "--workers", workers, "--database",
                           "delay:request", "--record", "measured.csv", cell->policy, NULL);
}

static GPtrArray *
words_of (const WpMatrixCell *cell)
{
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);
  char **scaling = wp_workload_words (cell);

  for (guint i = 0; scaling[i]; i++)
    g_ptr_array_add (words, scaling[i]);
  g_free (scaling);
  if (cell->patience)
    g_ptr_array_add (words, g_strconcat ("--patience=", cell->patience, NULL));

  return words;
}

/* Replays the trace to a server of this cell, which then drains. FALSE: the replayer was not on time. */
static gboolean
measure (WpHarness *server, const WpMatrixCell *cell, const char *trace)
{
  g_autoptr (GPtrArray) words = words_of (cell);
  g_autofree char *output = NULL;
  int status;

  g_ptr_array_add (words, g_strdup (MAX_LAG));
  g_ptr_array_add (words, g_strdup ("-o"));
  g_ptr_array_add (words, wp_harness_path (server, "client.csv"));
  g_ptr_array_add (words, g_strdup (trace));
  g_ptr_array_add (words, g_strdup_printf ("http://127.0.0.1:%u/", wp_harness_port (server)));
  g_ptr_array_add (words, NULL);
  status = wp_program_run ("runtime/wp-replay", (const char *const *) words->pdata, &output, NULL);
  g_test_message ("%s", output);
  g_string_append (tries, output);
  g_assert_cmpint (status, >=, 0);
  g_assert_cmpint (status, <=, 1);
  g_assert_nonnull (strstr (output, "failed        0\n"));
  wp_harness_stop (server);

  return status == 0 && wp_program_seconds (strstr (output, "schedule lag"), ", max ") <= MAX_STALL;
}

/* That a run was disturbed says how busy the machine was; any other warning is about the two records. */
static gboolean
do_records_differ (const char *warnings)
{
  g_auto (GStrv) lines = g_strsplit (warnings, "\n", -1);

  for (char **line = lines; *line; line++)
    if (**line && !strstr (*line, " was disturbed: "))
      return TRUE;

  return FALSE;
}

static void
predict (WpCellResult *verdict, WpHarness *server, const WpMatrixCell *cell, const char *trace)
{
  g_autoptr (GPtrArray) words = words_of (cell);
  g_autofree char *output = NULL, *warnings = NULL;
  int status;

  g_ptr_array_add (words, g_strdup ("--format=json"));
  g_ptr_array_add (words, g_strdup ("--against"));
  g_ptr_array_add (words, wp_harness_path (server, "measured.csv"));
  g_ptr_array_add (words, g_strdup ("--client"));
  g_ptr_array_add (words, wp_harness_path (server, "client.csv"));
  g_ptr_array_add (words, g_strdup (trace));
  g_ptr_array_add (words, NULL);
  status = wp_program_run ("sim/wp-sim", (const char *const *) words->pdata, &output, &warnings);
  g_test_message ("wp-sim: %d %s", status, warnings);
  g_string_append (tries, warnings);
  g_assert_cmpint (status, <=, 1);
  wp_cell_result_read (verdict, output, cell->shows);
  g_assert_cmpint (status, ==, verdict->agreed ? 0 : 1);
  if (do_records_differ (warnings))
    verdict->agreed = FALSE;
}

static char *
row_of (const WpMatrixCell *cell, const WpCellResult *verdict)
{
  g_autofree char *traffic = g_strjoin (" ", cell->arrivals, cell->service ? cell->service : "",
                                        cell->options ? cell->options : "", cell->patience ? "patience" : "",
                                        cell->patience ? cell->patience : "", NULL);
  g_autofree char *server = g_strdup_printf ("%s K %u c %u %s", cell->mode, cell->queue, cell->workers,
                                             cell->policy ? cell->policy + 2 : "");

  return wp_cell_result_row (verdict, cell->name, g_strstrip (traffic), g_strstrip (server));
}

static void
conclude (const WpMatrixCell *cell, const WpCellResult *verdict, const char *row)
{
  g_string_append (table, row);
  n_run++;
  n_agreed += verdict->agreed;
  if (verdict->agreed)
    return;
  g_printerr ("%s", tries->str);
  g_test_fail_printf ("%s: not agreed", cell->name);
}

static void
test_cell (gconstpointer data)
{
  const WpMatrixCell *cell = data;
  guint seed = (guint) g_test_rand_int_range (1, G_MAXINT32);

  g_string_truncate (tries, 0);
  for (guint i = 0; i < TRIES; i++)
    {
      g_autoptr (WpHarness) server = start (cell);
      g_autofree char *dir = wp_harness_path (server, ""), *trace = wp_workload_make (cell, dir, seed);
      gboolean on_time = measure (server, cell, trace);
      g_autofree char *row = NULL;
      WpCellResult verdict;

      predict (&verdict, server, cell, trace);
      row = row_of (cell, &verdict);
      g_test_message ("%s", row);
      g_string_append (tries, row);
      if (cell->shows)
        g_assert_cmpint (verdict.shown, >=, SHOWN_AT_LEAST);
      if (!verdict.agreed && (brief || !on_time) && i + 1 < TRIES)
        g_test_message ("%s; once more", on_time ? "not agreed" : "the replayer was late");
      else
        {
          conclude (cell, &verdict, row);
          i = TRIES;
        }
      wp_cell_result_clear (&verdict);
    }
}

static void
print_table (void)
{
  g_auto (GStrv) lines = g_strsplit (table->str, "\n", -1);

  for (guint i = 0; lines[i]; i++)
    g_print ("# %s\n", lines[i]);
  g_print ("# %u of %u cells agreed\n", n_agreed, n_run);
}

int
main (int argc, char **argv)
{
  g_autofree char *head = wp_cell_result_head ();
  int status;

  brief = argc > 1 && g_str_equal (argv[1], "brief");
  g_test_init (&argc, &argv, NULL);
  table = g_string_new (head);
  tries = g_string_new (NULL);
  for (guint i = 0; i < wp_n_matrix_cells; i++)
    if (!brief || wp_matrix_cells[i].brief)
      {
        g_autofree char *path = g_strconcat ("/agreement/", wp_matrix_cells[i].name, NULL);

        g_test_add_data_func (path, &wp_matrix_cells[i], test_cell);
      }
  status = g_test_run ();
  print_table ();
  g_string_free (table, TRUE);
  g_string_free (tries, TRUE);

  return status;
}
