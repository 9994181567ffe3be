/* The commands that the man pages and the documents show run, and print what the text says of them. Those of
 * data/doc that are shown with their whole output: tests/unit/test-log-page.c. */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include <gio/gio.h>

#include "tests/e2e/wp-child.h"
#include "tests/e2e/wp-client.h"

typedef enum {
  RUN,     /* to its end, with exit status 0 */
  MEASURE, /* the same; where the machine is busy the run is late, and the status may be 1 */
  SERVE,   /* until "kill %1", the next command of a server or the end of the page; its ledger balances */
  CHECK    /* its hosts are nowhere: --check-config takes the options */
} How;

/* A command of a document, in its order. */
typedef struct {
  const char *begins; /* NULL: the document has none; @before is a server to be sent requests */
  How how;
  const char *shows;  /* a pattern in what it prints */
  const char *before; /* makes the files that it reads */
  const char *file;   /* it writes this one, which is its output */
} Example;

typedef struct {
  const char *name;
  const char *before; /* of the whole page */
  const char *prompt; /* of a command that is tested here, after the indentation */
  Example examples[24];
} Document;

#define DRAW(file) "wp-sim --generate=poisson:rate=300,n=300 --service=exp:10ms --seed=1 > " file "; "

static const Document documents[] = {
  { "data/man/wp-server.8",
    NULL,
    "",
    { { "wp-server --init-database", CHECK, "ok" },
      { "wp-server -d 'postgresql:", CHECK, "ok" },
      { "wp-server -d 'amqp:", CHECK, "ok" },
      { "wp-server --source", CHECK, "ok" },
      { "wp-server -m WorkerPool -q 1000", SERVE, "queue 1000, workers 32, database sqlite:wp.db" },
      { "wp-server --journal", RUN, "requeued 0 failed jobs in wp.journal" },
      { "wp-server --mode WorkerPool", SERVE, "queue 1000, workers 32, database sqlite:wp.db" },
      { "wp-server -m WorkerPool -q 100", SERVE, "queue 100, workers 8, database delay:request" } } },
  { "data/man/wp-sim.1",
    DRAW ("trace.csv") DRAW ("light-trace.csv") DRAW ("heavy-trace.csv"),
    "",
    { { "wp-server -m WorkerPool -q 100 -w 64", SERVE, "database sqlite:wp.db" },
      { "wp-replay light-trace.csv", MEASURE, "answered +300 " },
      { "wp-sim --calibrate light.csv", RUN, "predict with" },
      { "wp-sim -m WorkerPool -q 100 -w 64", RUN, "\\(--service=batch:from:light.csv\\)$" },
      { "wp-server -m WorkerPool -d delay:0s", SERVE, "delay:0s" },
      { "wrk", MEASURE, "answered +[1-9]" },
      { "wp-sim --calibrate http.csv", RUN, "predict with" },
      { "wp-sim -m WorkerPool -w 4 -q 8", RUN, "64 clients" },
      { "wp-sim trace.csv", RUN, "^Use --workers=" },
      { "wp-sim --logged-workers=8 access.log.gz", RUN, "^Use --workers=11 ",
        "cp $TREE/data/logs/nginx.log.gz access.log.gz" },
      { "wp-sim -q 100 -w 8 --slo", RUN, "plan for WorkerPool: response.p99<300ms, blocked<0.1%" },
      { "wp-sim --sweep", RUN, "^WorkerPool,1,1,64,1000,", NULL, "sizes.csv" },
      { "wp-sim -m WorkerPool -q 100 -w 8 --scale 3", RUN, "^time,mode,depth,", NULL, "depth.csv" },
      { "wp-sim --columns", RUN, "^service: 240 ms on average",
        "printf 'TIMESTAMP,GeneratedTokens\\n0,10\\n5,11\\n' > azure.csv" },
      { "wp-sim --generate", RUN, "^arrival,", NULL, "bursts.csv" },
      { "wp-sim -m WorkerPool -w 8 -q 5", RUN, "^throughput .* 50/s " },
      { "wp-sim -m WorkerPool -w 4 --clients 64", RUN, "64 clients" },
      { "wp-sim --fronts=2", RUN, "plan for the fleet" },
      { "wp-server -m WorkerPool -q 100 -w 8", SERVE, "delay:request" },
      { "wp-replay --scale 3 trace.csv", MEASURE, "answered +300 " },
      { "wp-sim --scale 3 --against", MEASURE, "300 matched by " } } },
  { "data/man/wp-replay.1",
    DRAW ("trace.csv") "gzip -k trace.csv",
    "",
    { { NULL, SERVE, "delay:request", "wp-server -m WorkerPool -q 100 -w 8 -d delay:request" },
      { "wp-replay trace.csv", MEASURE, "answered +300 " },
      { "wp-replay --rate=200", MEASURE, "answered +[1-9]" },
      { "wp-replay compare", MEASURE, "p99", "cp client.csv before.csv; cp client.csv after.csv" },
      { "wp-replay --clients=64", MEASURE, "answered +[1-9]" },
      { "wp-replay --scale=10", MEASURE, "answered +300 " },
      { "wp-replay --patience=2s", MEASURE, "\"answered\" *: *[1-9]" } } },
  { "data/man/wp-trace.5", /* traces */
    NULL,
    "",
    { { NULL, RUN, "2 requests in 147 ms",
        "sed -n '/^.SH EXAMPLES/,/^.fi/p' $TREE/data/man/wp-trace.5 | grep -v '^[.]' | wp-sim -" },
      { NULL, RUN, "2 requests in 500 ms",
        "sed -n '/^The smallest/,/^.fi/p' $TREE/data/man/wp-trace.5 | grep '^[a0]' | wp-sim -" } } },
  { "README.md",
    "ln -s $TREE/data data; head -400 data/traces/azure-code.csv > azure.csv; "
    "gzip -dc data/logs/nginx-json.log.gz > log; head -1250 log > access.log.1; tail -1250 log > access.log",
    "",
    { { "wp-server --mode WorkerPool", SERVE, "queue 100, workers 4" },
      { "wp-replay data/traces", MEASURE, "answered +399 " },
      { "wp-sim --against", MEASURE, "399 matched by id" },
      { "wp-sim access.log.1 access.log", RUN, "^Use --workers=" },
      { "wp-sim -q 100 -w 8 access.log", RUN, "plan for WorkerPool" },
      { "wp-sim -q 100 -w 8 --slo", RUN, "plan for WorkerPool: response.p99<2s" },
      { "wp-sim -m WorkerPool --sweep", RUN, "^ +40 +400 " },
      { "wp-sim -q 100 -w 8 --gate", RUN, "^gate passed" },
      { "wp-sim -q 25", RUN, "shared queue" },
      { "wp-server -m WorkerPool -q 100 -w 8", SERVE, "delay:request" },
      { "wp-replay -o a.csv", MEASURE, "answered +50 " } } },
  { "data/doc/programs.md",
    "ln -s $TREE/data data; head -400 data/traces/azure-code.csv > azure.csv",
    "$ ",
    { { "wp-server --mode WorkerPool", SERVE, "queue 5, workers 2, database delay:200ms" },
      { "wp-server --mode BufferedChannel", SERVE, "queue 100, database sqlite:wp.db" },
      { "wp-server --journal", RUN, "requeued 0 failed jobs in wp.journal" },
      { "wp-sim --queue=100", RUN, "4 workers need queue 327: blocked 0; queue 326: 3" },
      { NULL, SERVE, "delay:request", "wp-server -m WorkerPool -q 100 -w 4 -d delay:request" },
      { "wp-replay data/traces", MEASURE, "answered +399 " } } },
  { "data/doc/scale.md",
    NULL,
    "",
    { { "wp-server --init-database", CHECK, "ok" },
      { "wp-server -m WorkerPool --ack", CHECK, "ok" },
      { "wp-server -m WorkerPool -q 250", CHECK, "ok" },
      { "wp-server --listen", CHECK, "ok" },
      { "wp-server --source", CHECK, "ok" } } },
};

#define COMMAND "\001"

/* What stands for what: less of the same. */
static const struct {
  const char *text, *by;
} stand_ins[] = {
  { "n=10000000", "n=100000" },
  { "wp-replay data/traces/azure-code.csv", "wp-replay azure.csv" },
  { "--against measured.csv --scale=200 --service-scale=0.005 data/traces/azure-code.csv",
    "--against measured.csv --scale=200 --service-scale=0.005 azure.csv" },
  { "duration=60s", "duration=300ms" },
  { "duration=30s", "duration=300ms" },
  { "wrk -t1 -c64 -d3", "wp-replay --clients=64 --duration=300ms" },
  { "response.p99<200ms", "response.p99<2s" },
  { "-o a.csv", "-o a.csv --limit=50" },
};

typedef struct {
  char *folder, *url, *listen; /* the option */
  int port_fd;                 /* keeps the port ours */
  WpChild *server;             /* NULL: there is none */
  const char *shows;           /* by the server */
} Page;

static char *
replace (const char *text, const char *pattern, const char *by)
{
  g_autoptr (GRegex) regex = g_regex_new (pattern, G_REGEX_MULTILINE, 0, NULL);

  return g_regex_replace_literal (regex, text, -1, 0, by, 0, NULL);
}

/* Each command on a line of its own, behind COMMAND. */
static char *
strip_markup (const Document *document, const char *text)
{
  g_autofree char *joined = NULL, *ended = NULL, *plain = NULL, *pattern = NULL;

  if (g_str_has_prefix (document->name, "data/man/"))
    {
      plain = replace (text, "\\\\(?=-)", "");
      ended = replace (plain, "^\\.B ", "");
      return replace (ended, "^(?=(wp-(server|sim|replay)|wrk) )", COMMAND);
    }
  joined = replace (text, "\\\\\n +", "");
  ended = replace (joined, "\n +(?=kill %1)", "; ");
  plain = replace (ended, " +# .*$", "");
  pattern = g_strdup_printf ("^    %s(build/(sim|runtime)/)?(?=wp-(server|sim|replay) )",
                             document->prompt[0] ? "\\$ " : "");
  return replace (plain, pattern, COMMAND);
}

static GPtrArray *
find_commands (const Document *document)
{
  g_autofree char *path = g_build_filename (g_getenv ("WP_SOURCE_ROOT"), document->name, NULL), *text = NULL,
                  *plain = NULL;
  GPtrArray *commands = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) lines = NULL;
  gboolean is_text = g_str_has_prefix (document->name, "data/man/"), is_section = FALSE;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  plain = strip_markup (document, text);
  lines = g_strsplit (plain, "\n", -1);
  for (char **line = lines; *line; line++)
    {
      if (g_str_has_prefix (*line, ".SH "))
        is_section = g_str_equal (*line, ".SH EXAMPLES");
      if (g_str_equal (*line, ".nf") || g_str_equal (*line, ".fi"))
        is_text = g_str_equal (*line, ".fi");
      if ((!is_text || is_section) && g_str_has_prefix (*line, COMMAND))
        g_ptr_array_add (commands, g_strdup (*line + strlen (COMMAND)));
    }
  return commands;
}

static char *
put_stand_ins (const Page *self, const char *command)
{
  GString *text = g_string_new (command);

  for (guint i = 0; i < G_N_ELEMENTS (stand_ins); i++)
    g_string_replace (text, stand_ins[i].text, stand_ins[i].by, 0);
  g_string_replace (text, "http://127.0.0.1:8080/", self->url, 0);
  return g_string_free (text, FALSE);
}

/* @shows: NULL: whatever */
static void
assert_shows (const char *text, const char *shows, const char *command)
{
  if (shows && !g_regex_match_simple (shows, text, G_REGEX_MULTILINE, 0))
    g_error ("%s\nshows no \"%s\":\n%s", command, shows, text);
}

static void
run (const Page *self, const char *command, const char *shows, gboolean may_be_late)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_autofree char *all = g_strconcat ("set -e; ", command, NULL), *out = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;

  g_subprocess_launcher_set_cwd (launcher, self->folder);
  process = g_subprocess_launcher_spawn (launcher, &error, "/bin/sh", "-c", all, NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &out, NULL, &error);
  g_assert_no_error (error);
  if (!g_subprocess_get_if_exited (process) || g_subprocess_get_exit_status (process) > may_be_late)
    g_error ("%s\nends with another status than 0:\n%s", command, out);
  assert_shows (out, shows, command);
}

static void
stop (Page *self)
{
  g_autofree char *path = g_build_filename (self->folder, WP_CHILD_LOG, NULL), *log = NULL;

  if (!self->server)
    return;
  wp_child_signal (self->server, SIGTERM);
  g_assert_true (wp_child_wait (self->server, g_get_monotonic_time () + WP_PATIENCE_US));
  g_assert_true (g_file_get_contents (path, &log, NULL, NULL));
  assert_shows (log, self->shows, "the server");
  assert_shows (log, "it balances$", "the server");
  g_assert_cmpint (wp_child_status (self->server), ==, 0);
  g_clear_pointer (&self->server, wp_child_free);
  g_unlink (path);
}

static void
serve (Page *self, const char *command, const char *shows)
{
  g_autofree char *foreground = replace (command, " *&.*$", "");
  g_autofree char *all = g_strdup_printf ("%s %s --admin=none", foreground, self->listen), *program = NULL;
  g_auto (GStrv) argv = NULL;

  g_assert_true (g_shell_parse_argv (all, NULL, &argv, NULL));
  program = g_steal_pointer (&argv[0]);
  argv[0] = g_build_filename (g_getenv ("WP_BUILD_ROOT"), "runtime", program, NULL);
  self->server = wp_child_new (self->folder, argv, NULL);
  self->shows = shows;
  wp_child_await_log (self->folder, "listening on");
}

static void
try_example (Page *self, const Example *example, const char *shown)
{
  g_autofree char *command = put_stand_ins (self, shown);
  g_autofree char *alone = replace (command, "; kill %1.*$", "");
  g_autofree char *all = g_strconcat (alone, example->how == CHECK ? " --check-config" : "",
                                      example->file ? "; cat " : "", example->file, NULL);

  g_test_message ("%s", command);
  if (example->begins && example->before)
    run (self, example->before, NULL, FALSE);
  if (g_str_has_prefix (command, "wp-server "))
    stop (self);
  if (example->how == SERVE)
    serve (self, alone, example->shows);
  else
    run (self, all, example->shows, example->how == MEASURE);
  if (!g_str_equal (alone, command))
    stop (self);
}

static Page *
open_page (void)
{
  Page *self = g_new0 (Page, 1);
  guint16 port;

  self->folder = g_dir_make_tmp ("wp-examples-XXXXXX", NULL);
  self->port_fd = wp_child_bind_port (&port);
  self->url = g_strdup_printf ("http://127.0.0.1:%u/", port);
  self->listen = g_strdup_printf ("--listen=127.0.0.1:%u", port);
  return self;
}

static void
close_page (Page *self)
{
  stop (self);
  run (self, "rm -r \"$PWD\"", NULL, FALSE);
  g_close (self->port_fd, NULL);
  g_free (self->folder);
  g_free (self->url);
  g_free (self->listen);
  g_free (self);
}

static void
test_document (gconstpointer data)
{
  const Document *document = data;
  g_autoptr (GPtrArray) commands = find_commands (document);
  Page *page = open_page ();
  guint n = 0;

  if (document->before)
    run (page, document->before, NULL, FALSE);
  for (const Example *example = document->examples; example->shows; example++)
    {
      const char *command = example->begins ? NULL : example->before;

      if (!command)
        {
          if (n == commands->len || !g_str_has_prefix (commands->pdata[n], example->begins))
            g_error ("%s: after %u commands, \"%s\" is expected, and there is: %s", document->name, n,
                     example->begins, n < commands->len ? (char *) commands->pdata[n] : "no more");
          command = commands->pdata[n++];
        }
      try_example (page, example, command);
    }
  if (n < commands->len)
    g_error ("%s: no test has this command: %s", document->name, (char *) commands->pdata[n]);
  close_page (page);
}

int
main (int argc, char **argv)
{
  g_autofree char *path = g_strdup_printf ("%s/sim:%s/runtime:%s", g_getenv ("WP_BUILD_ROOT"),
                                           g_getenv ("WP_BUILD_ROOT"), g_getenv ("PATH"));

  g_setenv ("PATH", path, TRUE);
  g_setenv ("TREE", g_getenv ("WP_SOURCE_ROOT"), TRUE);
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (documents); i++)
    {
      g_autofree char *name = g_strconcat (
          "/examples/",
          strrchr (documents[i].name, '/') ? strrchr (documents[i].name, '/') + 1 : documents[i].name, NULL);

      g_test_add_data_func (name, &documents[i], test_document);
    }

  return g_test_run ();
}
