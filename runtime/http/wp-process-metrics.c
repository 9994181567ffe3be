#include "runtime/http/wp-process-metrics.h"

#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "sim/base/wp-time.h"

static void
append (GString *text, const char *name, const char *type, const char *help, double value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (text, "# HELP process_%s %s\n# TYPE process_%s %s\nprocess_%s %s\n", name, help,
                          name, type, name, g_ascii_formatd (number, sizeof number, "%.15g", value));
}

static gint64
read_clock (clockid_t id)
{
  struct timespec now;

  clock_gettime (id, &now);
  return now.tv_sec * WP_NS_PER_S + now.tv_nsec;
}

/* The words of /proc/self/stat from the third, the state, on; see proc(5). NULL: there is no /proc. */
static char **
read_stat (void)
{
  g_autofree char *text = NULL;
  const char *end;

  if (!g_file_get_contents ("/proc/self/stat", &text, NULL, NULL) || !(end = strrchr (text, ')')))
    return NULL;
  return g_strsplit (end + 2, " ", -1);
}

static guint
count_files (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (dir && g_dir_read_name (dir))
    n++;
  return n > 0 ? n - 1 : 0; /* one is that of @dir */
}

#define N_WORDS    22
#define START_TIME 19 /* in ticks since the machine's start, without its sleep */
#define SIZE       20
#define RESIDENT   21 /* in pages */

static void
append_stat (GString *text, char **words)
{
  double ticks = (double) sysconf (_SC_CLK_TCK);
  double since_s = (double) (read_clock (CLOCK_REALTIME) - read_clock (CLOCK_BOOTTIME)) / WP_NS_PER_S;

  append (text, "start_time_seconds", "gauge", "Start of the process, as unix time.",
          since_s + g_ascii_strtod (words[START_TIME], NULL) / ticks);
  append (text, "virtual_memory_bytes", "gauge", "Virtual memory.", g_ascii_strtod (words[SIZE], NULL));
  append (text, "resident_memory_bytes", "gauge", "Resident memory.",
          g_ascii_strtod (words[RESIDENT], NULL) * (double) sysconf (_SC_PAGESIZE));
}

void
wp_process_metrics_append (GString *text)
{
  g_auto (GStrv) words = read_stat ();
  struct rlimit files;

  append (text, "cpu_seconds_total", "counter", "CPU time, of user and system.",
          (double) read_clock (CLOCK_PROCESS_CPUTIME_ID) / WP_NS_PER_S);
  if (words && g_strv_length (words) > N_WORDS)
    append_stat (text, words);
  append (text, "open_fds", "gauge", "Open file descriptors.", count_files ());
  if (getrlimit (RLIMIT_NOFILE, &files) == 0)
    append (text, "max_fds", "gauge", "Limit of open file descriptors.", (double) files.rlim_cur);
}
