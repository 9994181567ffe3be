#include "tests/agreement/wp-workload.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sim/model/wp-service-time.h"
#include "sim/trace/wp-trace-writer.h"
#include "tests/agreement/wp-program.h"

#define PAUSE_NS (WP_NS_PER_S / 2) /* between two copies of the sample, before scaling */

static gboolean
is_sample (const WpMatrixCell *cell)
{
  return g_str_has_prefix (cell->arrivals, "sample");
}

static char *
sample_path (void)
{
  return g_build_filename (g_getenv ("WP_SOURCE_ROOT"), "data", "traces", "azure-code.csv", NULL);
}

/* Arrivals drawn with @seed. */
static void
generate (const WpMatrixCell *cell, const char *path, guint seed)
{
  g_autofree char *spec = g_strconcat ("--generate=", cell->arrivals, NULL),
                  *seed_word = g_strdup_printf ("--seed=%u", seed), *text = NULL;
  const char *words[] = { spec, seed_word, "--ids", "--service=0", cell->options, NULL };
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (wp_program_run ("sim/wp-sim", words, &text, NULL), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, &error));
}

/* @times copies of the file @from, one after another, each id once; services from @service, or as they are.
 */
static void
write_copies (const char *path, const char *from, guint times, WpServiceTime *service)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  g_autoptr (WpTraceWriter) writer = wp_trace_writer_new (fd, 1 << WP_COLUMN_ARRIVAL | 1 << WP_COLUMN_SERVICE
                                                                  | 1 << WP_COLUMN_ID | 1 << WP_COLUMN_BYTES);
  g_autoptr (GError) error = NULL;
  g_autoptr (WpTrace) trace = wp_trace_open (from, NULL, &error);
  gsize n_rows;
  const WpRow *rows = wp_trace_load (trace, &n_rows, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < times; i++)
    for (gsize j = 0; j < n_rows; j++)
      {
        g_autofree char *id = g_strdup_printf ("%u-%s", i, rows[j].id);
        WpRow row = rows[j];

        row.arrival_ns += i * (rows[n_rows - 1].arrival_ns + PAUSE_NS);
        row.id = id;
        if (times > 1)
          row.bytes = -1; /* at thousands a second, 20 kB each would be a test of the loopback */
        if (service)
          wp_service_time_draw (service, &row.service_ns, 1);
        g_assert_true (wp_trace_writer_row (writer, &row, &error));
      }
  g_assert_true (wp_trace_writer_flush (writer, &error));
  close (fd);
}

char *
wp_workload_make (const WpMatrixCell *cell, const char *dir, guint seed)
{
  const char *times = strchr (cell->arrivals, '*');
  g_autoptr (WpServiceTime) service
      = cell->service ? wp_service_time_new (cell->service, 1, TRUE, seed, NULL) : NULL;
  g_autofree char *arrivals
      = is_sample (cell) ? sample_path () : g_build_filename (dir, "arrivals.csv", NULL);
  char *path = g_build_filename (dir, "trace.csv", NULL);

  g_assert_true (!cell->service || service);
  if (!is_sample (cell))
    generate (cell, arrivals, seed);
  write_copies (path, arrivals, times ? (guint) g_ascii_strtoull (times + 1, NULL, 10) : 1, service);

  return path;
}

char **
wp_workload_words (const WpMatrixCell *cell)
{
  return g_strsplit (is_sample (cell) && cell->options ? cell->options : "", " ", -1);
}
