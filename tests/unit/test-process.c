/* How all three programs begin and end: closed descriptors, an output that cannot be written, no memory. Uses
 * sh(1), which can set these up. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/database/wp-journal-file.h"
#include "runtime/server/wp-log.h"
#include "sim/base/wp-process.h"

#define PATIENCE_US (30 * G_USEC_PER_SEC)

typedef struct {
  char *dir;
  int status; /* of the last script, or minus the signal that ended it */
  char *out, *err;
} Shell;

static void
shell_start (Shell *self, gconstpointer data)
{
  static const char *const programs[][2]
      = { { "SIM", "sim/wp-sim" }, { "REPLAY", "runtime/wp-replay" }, { "SERVER", "runtime/wp-server" } };

  self->dir = g_dir_make_tmp ("wp-test-process-XXXXXX", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_autofree char *path = g_build_filename (g_getenv ("WP_BUILD_ROOT"), programs[i][1], NULL);

      g_setenv (programs[i][0], path, TRUE);
    }
  g_assert_nonnull (self->dir);
}

static void
shell_end (Shell *self, gconstpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (self->dir, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (self->dir, name, NULL);

      g_assert_cmpint (g_unlink (path), ==, 0);
    }
  g_assert_cmpint (g_rmdir (self->dir), ==, 0);
  g_free (self->dir);
  g_free (self->out);
  g_free (self->err);
}

/* Runs @script in the folder; $SIM, $REPLAY and $SERVER are the programs. */
static void G_GNUC_PRINTF (2, 3) run (Shell *self, const char *format, ...)
{
  const char *words[] = { "sh", "-c", NULL, NULL };
  g_autofree char *script = NULL;
  g_autoptr (GError) error = NULL;
  va_list values;
  int status;

  va_start (values, format);
  words[2] = script = g_strdup_vprintf (format, values);
  va_end (values);
  g_clear_pointer (&self->out, g_free);
  g_clear_pointer (&self->err, g_free);
  g_spawn_sync (self->dir, (char **) words, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &self->out, &self->err,
                &status, &error);
  g_assert_no_error (error);
  self->status = WIFEXITED (status) ? WEXITSTATUS (status) : -WTERMSIG (status);
  g_test_message ("%s: %d, %s", script, self->status, self->err);
}

static void
assert_one_line (const Shell *self, const char *line)
{
  g_assert_cmpint (self->status, ==, 2);
  if (!g_str_has_prefix (self->err, line) || strchr (self->err, '\n') != self->err + strlen (self->err) - 1)
    g_error ("expected one line \"%s\", got \"%s\"", line, self->err);
}

static char *
read_file (const Shell *self, const char *name)
{
  g_autofree char *path = g_build_filename (self->dir, name, NULL);
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}

/* Lost output is reported, and is no success. */
static void
test_full_output (Shell *self, gconstpointer data)
{
  static const char *const programs[][2]
      = { { "SIM", "wp-sim" }, { "REPLAY", "wp-replay" }, { "SERVER", "wp-server" } };
  static const char *const options[] = { "--help", "--version" };

  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    for (guint j = 0; j < G_N_ELEMENTS (options); j++)
      {
        g_autofree char *line
            = g_strdup_printf ("%s: cannot write standard output: No space left on device\n", programs[i][1]);

        run (self, "exec $%s %s >/dev/full", programs[i][0], options[j]);
        assert_one_line (self, line);
        run (self, "exec $%s %s >/dev/null", programs[i][0], options[j]);
        g_assert_cmpint (self->status, ==, 0);
        g_assert_cmpstr (self->err, ==, "");
      }
  run (self, "exec $SIM --generate=constant:rate=1000,duration=10s >/dev/full");
  assert_one_line (self, "wp-sim: ");
}

static void
test_full_output_of_requeue (Shell *self, gconstpointer data)
{
  g_autofree char *path = g_build_filename (self->dir, "jobs.journal", NULL);
  g_autoptr (GError) error = NULL;

  wp_journal_file_free (wp_journal_file_open (path, TRUE, 1 << 20, &error));
  g_assert_no_error (error);
  run (self, "exec $SERVER --requeue --journal=jobs.journal >/dev/full");
  assert_one_line (self, "wp-server: cannot write standard output: No space left on device\n");
  run (self, "exec $SERVER --requeue --journal=jobs.journal");
  g_assert_cmpint (self->status, ==, 0);
  g_assert_cmpstr (self->out, ==, "requeued 0 failed jobs in jobs.journal\n");
}

/* No file that is opened gets the number of standard output, and the report with it. */
static void
test_closed_descriptors (Shell *self, gconstpointer data)
{
  g_autofree char *with = NULL, *without = NULL;

  run (self, "printf 'arrival\\n0\\n1\\n' >t.csv; exec $SIM t.csv --mode=Default --jobs=with.csv");
  g_assert_cmpint (self->status, ==, 0);
  run (self, "exec $SIM t.csv --mode=Default --jobs=without.csv <&- >&- 2>&-");
  g_assert_cmpint (self->status, ==, 0);
  with = read_file (self, "with.csv");
  without = read_file (self, "without.csv");
  g_assert_cmpstr (with, ==, without);
  run (self, "exec $REPLAY t.csv <&- >&- 2>&-");
  g_assert_cmpint (self->status, ==, 2);
}

static void
await_connection (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  gint64 until_us = g_get_monotonic_time () + PATIENCE_US;
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  while (connect (fd, (struct sockaddr *) &address, sizeof address) < 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
      g_usleep (1000);
    }
  close (fd);
}

static void
test_closed_descriptors_of_a_server (Shell *self, gconstpointer data)
{
  const char *words[]
      = { "sh", "-c", "exec $SERVER --listen=unix:w.sock --admin=none -d delay:0 --record=r.csv <&- >&- 2>&-",
          NULL };
  g_autofree char *socket_path = g_build_filename (self->dir, "w.sock", NULL), *record = NULL;
  g_autoptr (GError) error = NULL;
  GPid pid;
  int status;

  g_spawn_async (self->dir, (char **) words, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                 NULL, &pid, &error);
  g_assert_no_error (error);
  await_connection (socket_path);
  for (int fd = 0; fd <= 2; fd++)
    {
      g_autofree char *link = g_strdup_printf ("/proc/%d/fd/%d", pid, fd),
                      *target = g_file_read_link (link, NULL);

      g_assert_cmpstr (target, ==, "/dev/null");
    }
  kill (pid, SIGTERM);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 0);
  record = read_file (self, "r.csv");
  g_assert_true (g_str_has_prefix (record, "# mode: "));
  g_assert_null (strstr (record, "wp-server: "));
}

/* A limit of the size of files is a disk that is full. */
static void
test_file_too_large (Shell *self, gconstpointer data)
{
  g_autofree char *jobs = NULL;

  run (
      self,
      "$SIM --generate=constant:rate=1000,duration=100s >t.csv; ulimit -f 16; exec $SIM --generate=constant:rate=1000,duration=100s >large.csv");
  assert_one_line (self, "wp-sim: ");
  g_assert_nonnull (strstr (self->err, "File too large"));
  run (self, "ulimit -f 16; exec $SIM t.csv --mode=Default --jobs=jobs.csv");
  assert_one_line (self, "wp-sim: ");
  g_assert_nonnull (strstr (self->err, "File too large"));
  jobs = read_file (self, "jobs.csv");
  g_assert_null (jobs);
}

/* 10k jobs are 10,000 in each of the programs. */
static void
test_counts (Shell *self, gconstpointer data)
{
  run (
      self,
      "printf 'arrival\\n0\\n1\\n' >t.csv; exec $SIM t.csv --limit=1k --mode=BufferedChannel --queue=2k --format=json");
  g_assert_cmpint (self->status, ==, 0);
  g_assert_nonnull (strstr (self->out, "\"queue\" : 2000"));
  run (self, "exec $SIM t.csv --mode=BufferedChannel --sweep=queue=1k:2k:1k --format=csv");
  g_assert_cmpint (self->status, ==, 0);
  g_assert_true (strstr (self->out, ",1000,") && strstr (self->out, ",2000,"));
  run (self, "exec $REPLAY t.csv unix:x --limit=1k --connections=1k");
  assert_one_line (self, "wp-replay: \"unix:x\" is not a URL");
}

#ifndef __SANITIZE_ADDRESS__ /* which takes terabytes of addresses */
/* One line, and nothing half-written, however little there is: rows that have to be sorted, all of them kept,
 * and a library's own memory. */
static void
test_little_memory (Shell *self, gconstpointer data)
{
  static const char *const commands[] = {
    "$SIM t.csv --mode=WorkerPool --workers=2 --jobs=jobs.csv",
    "$SIM r.csv --mode=WorkerPool --workers=2 --against=r.csv",
    "$SIM t.csv --mode=WorkerPool --sweep=workers=1:4",
    "$REPLAY t.csv http://127.0.0.1:1/ --wait=0 -o r.out",
  };
  guint n_short = 0;

  run (
      self,
      "awk 'BEGIN { print \"arrival,service,id\"; for (i = 0; i < 60000; i++) print (i * 7919) %% 60000 \",0.5,request-number-\" i }' >t.csv; "
      "$SIM t.csv --mode=WorkerPool --workers=2 --jobs=r.csv >/dev/null");
  g_assert_cmpint (self->status, ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    for (guint kb = 26000; kb < 90000; kb += 4000)
      {
        run (self, "ulimit -v %u; exec %s >/dev/null", kb, commands[i]);
        if (self->status == 0)
          break;
        if (self->status == 127) /* not even the libraries have room */
          continue;
        g_assert_cmpint (self->status, ==, 2);
        g_assert_true (strchr (self->err, '\n') == self->err + strlen (self->err) - 1);
        n_short += strstr (self->err, "out of memory") || strstr (self->err, "no memory for ");
      }
  g_assert_cmpuint (n_short, >, 3);
}
#endif

/* A library that gets no memory: one line, and partial files are removed. */
static void
check_no_memory (void (*begin) (void), void (*take) (void))
{
  if (g_test_subprocess ())
    {
      begin ();
      take ();
      return;
    }
  /* as malloc() does; it says so on standard error first */
  g_setenv ("ASAN_OPTIONS", "allocator_may_return_null=1", TRUE);
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*wp-test: out of memory: failed to allocate * bytes\n");
  g_test_trap_assert_stderr_unmatched ("*GLib*");
}

static void
clean_up (void)
{
  (void) !write (STDERR_FILENO, "cleaned up ", 11);
}

static void
begin_program (void)
{
  wp_process_begin ("wp-test");
  wp_process_catch_messages (clean_up);
}

static void
take_too_much (void)
{
  g_free (g_malloc (G_MAXSIZE / 2));
}

static void
test_no_memory (void)
{
  check_no_memory (begin_program, take_too_much);
  g_test_trap_assert_stderr ("*cleaned up wp-test: *");
}

static void
begin_server (void)
{
  wp_process_begin ("wp-test");
  wp_log_start ("wp-test");
}

static void
test_no_memory_in_a_server (void)
{
  check_no_memory (begin_server, take_too_much);
}

#ifndef __SANITIZE_ADDRESS__
/* To the last byte, so that there is none for the message either. */
static void
take_all (void)
{
  const struct rlimit none = { 1 << 20, 1 << 20 }; /* less than there is */

  g_assert_no_errno (setrlimit (RLIMIT_AS, &none));
  for (;;)
    *(volatile char *) g_malloc (16) = 1;
}

static void
test_no_memory_at_all (void)
{
  check_no_memory (begin_program, take_all);
  g_test_trap_assert_stderr ("*cleaned up wp-test: *");
}
#endif

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*func) (Shell *self, gconstpointer data);
  } tests[] = {
    { "/process/full-output", test_full_output },
    { "/process/full-output-of-requeue", test_full_output_of_requeue },
    { "/process/closed-descriptors", test_closed_descriptors },
    { "/process/closed-descriptors-of-a-server", test_closed_descriptors_of_a_server },
    { "/process/file-too-large", test_file_too_large },
    { "/process/counts", test_counts },
#ifndef __SANITIZE_ADDRESS__
    { "/process/little-memory", test_little_memory },
#endif
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Shell, NULL, shell_start, tests[i].func, shell_end);
  g_test_add_func ("/process/no-memory", test_no_memory);
  g_test_add_func ("/process/no-memory-in-a-server", test_no_memory_in_a_server);
#ifndef __SANITIZE_ADDRESS__
  g_test_add_func ("/process/no-memory-at-all", test_no_memory_at_all);
#endif

  return g_test_run ();
}
