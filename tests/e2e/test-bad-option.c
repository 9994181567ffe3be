/* Wrong options, files and ports: one line says where and what, the exit status is 2, and nothing is left
 * behind. */
#include "tests/e2e/wp-harness.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The others are looked at all the same. */
static void G_GNUC_PRINTF (1, 2) complain (const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list values;

  va_start (values, format);
  text = g_strdup_vprintf (format, values);
  va_end (values);
  g_test_message ("WRONG: %s", text);
  g_test_fail ();
}

static void
check_files (const WpHarness *server)
{
  g_autofree char *path = wp_harness_path (server, "");
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)))
    if (!g_str_has_prefix (name, "standard-"))
      complain ("it left \"%s\" behind", name);
}

/* One line on standard error that has all of @words (NULL-terminated), nothing on standard output, status 2.
 */
static void
check_refusal (WpHarness *server, const char *const *words)
{
  g_autofree char *log = wp_harness_log (server), *output = wp_harness_output (server);

  if (wp_harness_wait (server) != 2)
    complain ("status %d, and: %s", wp_harness_wait (server), log);
  g_assert_cmpstr (output, ==, "");
  g_assert_true (g_str_has_prefix (log, "wp-server: "));
  if (strchr (log, '\n') != log + strlen (log) - 1)
    complain ("more than one line: %s", log);
  for (; *words; words++)
    if (!strstr (log, *words))
      complain ("\"%s\" is not in: %s", *words, log);
}

static void
test_values (void)
{
  static const struct {
    const char *option, *value;
  } bad[] = {
    { "--mode", "pool" },
    { "--mode", "" },
    { "--queue", "-1" },
    { "--queue", "abc" },
    { "--queue", "1.5" },
    { "--queue", "" },
    { "--queue", "4294967296" },
    { "--queue", " 1" },
    { "--workers", "0" },
    { "--workers", "x" },
    { "--dispatcher", "both" },
    { "--when-full", "drop" },
    { "--block-timeout", "soon" },
    { "--block-timeout", "-1s" },
    { "--block-timeout", "inf" },
    { "--listen", "8080" },
    { "--listen", "127.0.0.1:" },
    { "--listen", "127.0.0.1:99999" },
    { "--listen", "127.0.0.1:-1" },
    { "--listen", "256.0.0.1:0" },
    { "--listen", "127.0.0.1:http" },
    { "--listen", ":0" },
    { "--listen", "" },
    { "--listen", "192.0.2.1:0" },
    { "--admin", "9090" },
    { "--admin", "127.0.0.1:70000" },
    { "--admin", "" },
    { "--database", "jobs.db" },
    { "--database", "sqlite:" },
    { "--database", "delay:" },
    { "--database", "" },
    { "--ack", "maybe" },
    { "--max-jobs", "0" },
    { "--record", "" },
    { "--threads", "0" },
    { "--retries", "-1" },
    { "--retry-delay", "abc" },
    { "--retry-for", "soon" },
    { "--journal", "" },
    { "--max-journal", "1k" },
    { "--threads", "257" },
    { "--threads", "two" },
    { "--max-connections", "0" },
    { "--max-body", "-1" },
    { "--max-body", "1x" },
    { "--max-body", "99999999999g" },
    { "--header-timeout", "0" },
    { "--body-timeout", "0s" },
    { "--probe", "8081" },
    { "--admin-host", "a:80" },
    { "--admin-host", "" },
    { "--socket-mode", "0680" },
    { "--socket-mode", "4660" },
    { "--socket-mode", "rw" },
    { "--socket-group", "no such" },
    { "--idle-timeout", "x" },
    { "--drain-timeout", "-1" },
    { "--config", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *option = g_strdup_printf ("%s=%s", bad[i].option, bad[i].value);
      g_autoptr (WpHarness) server = wp_harness_run ("--listen=127.0.0.1:0", "--admin=none", option, NULL);
      const char *const words[] = { bad[i].option, bad[i].value, NULL };

      check_refusal (server, words);
      check_files (server);
    }
}

static void
test_unknown (void)
{
  static const struct {
    const char *option;
    const char *words[3];
  } bad[] = {
    { "--moed=Default", { "--moed", "did you mean --mode?", NULL } },
    { "--database=mysql://wp:secret@host",
      { "--database: \"mysql...\" is not a database: sqlite:FILE", NULL } },
    { "--init-database", { "--init-database: sqlite:wp.db needs no --init-database", NULL } },
    { "--databse=x", { "--databse", "did you mean --database?", NULL } },
    { "--colour=red", { "--colour", "--help", NULL } },
    { "-z", { "-z", NULL } },
    { "stray", { "\"stray\"", NULL } },
    { "--queue", { "--queue", NULL } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (WpHarness) server = wp_harness_run (bad[i].option, NULL);

      check_refusal (server, bad[i].words);
      check_files (server);
    }
}

static void
test_contradiction (void)
{
  g_autoptr (WpHarness) server = wp_harness_run ("--when-full=reject", "--block-timeout=1s", NULL);
  const char *const words[] = { "--when-full=reject", "--block-timeout", NULL };

  check_refusal (server, words);
  check_files (server);
}

static void
test_help_and_version (void)
{
  g_autoptr (WpHarness) help = wp_harness_run ("--help", NULL), version = wp_harness_run ("--version", NULL);
  g_autofree char *text = wp_harness_output (help), *number = wp_harness_output (version);
  g_autofree char *said = wp_harness_log (help), *said_too = wp_harness_log (version);

  g_assert_cmpint (wp_harness_wait (help), ==, 0);
  g_assert_cmpint (wp_harness_wait (version), ==, 0);
  g_assert_cmpstr (number, ==, "wp-server " WP_VERSION "\n");
  g_assert_true (strstr (text, "--queue") && strstr (text, "--drain-timeout") && strstr (text, "10000"));
  g_assert_cmpstr (said, ==, "");
  g_assert_cmpstr (said_too, ==, "");
}

/* Counts may end in k or m; other values may not. */
static void
test_counts (void)
{
  static const char *const bad[][2] = {
    { "--queue", "k" },      { "--queue", "5000m" }, { "--queue", "1.5k" }, { "--queue", "1kk" },
    { "--queue", "1g" },     { "--queue", "-1k" },   { "--threads", "1k" }, { "--listen", "127.0.0.1:8k" },
    { "--max-body", "1km" },
  };
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "WorkerPool", "--queue=12k", "--workers=1M", "-d", "delay:0", NULL);

  wp_harness_await_log (server, "WorkerPool, queue 12000, workers 1000000");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *option = g_strjoin ("=", bad[i][0], bad[i][1], NULL);
      g_autoptr (WpHarness) refused = wp_harness_run ("--admin=none", option, NULL);
      const char *const words[] = { bad[i][0], bad[i][1], NULL };

      check_refusal (refused, words);
    }
}

/* A configuration that outlives the servers that read it. */
static char *
write_config (const char *text)
{
  char *path = NULL;
  int fd = g_file_open_tmp ("wp-e2e-XXXXXX.conf", &path, NULL);

  g_assert_cmpint (fd, >=, 0);
  close (fd);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));

  return path;
}

static void
test_configuration (void)
{
  static const struct {
    const char *text, *place;
    const char *words[3];
  } bad[] = {
    { "# sizes\n\nqueue = abc\n", ":3: ", { "queue", "\"abc\"", NULL } },
    { "mode = Default\nmoed = Default", ":2: ", { "\"moed\"", NULL } },
    { "queue\n", ":1: ", { "\"queue\"", NULL } },
    { "queue = 5\nblock-timeout = never\n", ":2: ", { "block-timeout", "\"never\"", NULL } },
    { "header-timeout =\n", ":1: ", { "header-timeout", "\"\"", NULL } },
    { "config = other.conf\n", ":1: ", { "config", NULL } },
    { "queue = # none\n", ":1: ", { "queue", "\"\"", NULL } },
    { "listen = nowhere\n", "", { "listen", "\"nowhere\"", NULL } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *path = write_config (bad[i].text), *option = g_strconcat ("--config=", path, NULL);
      g_autofree char *place = *bad[i].place ? g_strconcat (path, bad[i].place, NULL) : g_strdup ("");
      g_autoptr (WpHarness) server = wp_harness_run (option, NULL);
      const char *const words[] = { place, NULL };

      check_refusal (server, words);
      check_refusal (server, bad[i].words);
      check_files (server);
      g_unlink (path);
    }
}

static void
test_configuration_missing (void)
{
  g_autoptr (WpHarness) missing = wp_harness_run ("--config=/nonexistent/wp.conf", NULL),
                        folder = wp_harness_run ("--config=/", NULL);
  const char *const words[] = { "/nonexistent/wp.conf", "No such file", NULL }, *const also[] = { "/", NULL };

  check_refusal (missing, words);
  check_refusal (folder, also);
}

/* As some editors put it before a text. */
static void
test_byte_order_mark (void)
{
  g_autofree char *path = write_config ("\xef\xbb\xbfmode = WorkerPool\r\nqueue = 7\r\n"),
                  *option = g_strconcat ("--config=", path, NULL);
  g_autofree char *twice = write_config ("\xef\xbb\xbf\xef\xbb\xbfmode = WorkerPool\n"),
                  *bad = g_strconcat ("--config=", twice, NULL);
  g_autoptr (WpHarness) server = wp_harness_start (option, "-d", "delay:0", NULL),
                        refused = wp_harness_run (bad, NULL);
  const char *const words[] = { twice, ":1: ", "is not an option", NULL };

  wp_harness_await_log (server, "WorkerPool, queue 7, workers 10000");
  check_refusal (refused, words);
  g_unlink (path);
  g_unlink (twice);
}

/* --check-config opens and creates nothing, and reports each kind of mistake as a start would. */
static void
test_check_config (void)
{
  static const struct {
    const char *text;
    const char *words[4];
  } bad[] = {
    { "queue = abc\n", { ":1: ", "queue", "\"abc\"", NULL } },
    { "\nlisten = nowhere\n", { ":2: ", "listen", "\"nowhere\"", NULL } },
    { "admin = 9090\n", { ":1: ", "admin", "\"9090\"", NULL } },
    { "listen = unix:\n", { ":1: ", "listen", "unix:", NULL } },
    { "database = jobs.db\n", { ":1: ", "database", "\"jobs.db\"", NULL } },
    { "database = sqlite:\n", { ":1: ", "database", "sqlite: the name of the file is missing", NULL } },
    { "database = delay:soon\n", { ":1: ", "database", "\"soon\"", NULL } },
    { "tls-key = key.pem\n", { "--tls-key", "--tls-certificate", NULL } },
    { "record = x\njournal = x\n", { "--record", "x is the journal", NULL } },
    { "record = wp.db\n", { "--record", "wp.db is the database", NULL } },
    { "record = ./wp.db\n", { "--record", "./wp.db is the database", NULL } },
    { "record = wp.db-wal\n", { "--record", "wp.db-wal belongs to the database", NULL } },
    { "record = j-shm\njournal = j\n", { "--record", "j-shm belongs to the journal", NULL } },
    { "journal = wp.db-journal\n", { "--journal", "wp.db-journal belongs to the database", NULL } },
    { "record = t\ntoken-file = t\n", { "--record", "t is the file of tokens", NULL } },
    { "record = c\ntls-certificate = c\ntls-key = k\n", { "--record", "c is the certificate", NULL } },
    { "record = k\ntls-certificate = c\ntls-key = k\n", { "--record", "k is the certificate's key", NULL } },
    { "when-full = reject\nblock-timeout = 1s\n", { "--when-full=reject", "--block-timeout", NULL } },
  };
  g_autofree char *path = write_config (
      "queue = 10k\nrecord = record.csv\njournal = jobs.journal\nlisten = unix:wp.sock\nthreads = 2\n");
  g_autofree char *option = g_strconcat ("--config=", path, NULL), *ok = g_strconcat (path, ": ok\n", NULL);
  g_autoptr (WpHarness) good = wp_harness_run (option, "--check-config", NULL),
                        plain = wp_harness_run ("--check-config", NULL);
  g_autofree char *output = wp_harness_output (good), *log = wp_harness_log (good),
                  *plain_output = wp_harness_output (plain);

  g_assert_cmpint (wp_harness_wait (good), ==, 0);
  g_assert_cmpstr (output, ==, ok);
  g_assert_cmpstr (log, ==, "");
  check_files (good);
  g_assert_cmpint (wp_harness_wait (plain), ==, 0);
  g_assert_cmpstr (plain_output, ==, "command line: ok\n");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *file = write_config (bad[i].text), *word = g_strconcat ("--config=", file, NULL);
      g_autoptr (WpHarness) server = wp_harness_run ("--check-config", word, NULL);

      check_refusal (server, bad[i].words);
      check_files (server);
      g_unlink (file);
    }
  g_unlink (path);
}

static void
test_command_line_wins (void)
{
  g_autofree char *path = write_config (
      "# example\n  mode=WorkerPool # of three\nqueue = 7   \nworkers = 3\t# enough\nack = stored\n");
  g_autofree char *option = g_strconcat ("--config=", path, NULL);
  g_autoptr (WpHarness) server = wp_harness_start ("-q", "9", option, NULL);

  g_unlink (path);
  wp_harness_await_stat (server, "queue", 9);
  wp_harness_await_stat (server, "workers", 3);
  wp_harness_await_log (server, "WorkerPool, queue 9, workers 3");
}

/* Another wp-server has the port: SO_REUSEPORT, which both use, must not hide that. */
static void
test_port_in_use (void)
{
  static const char *const forms[]
      = { "--listen=127.0.0.1:%u", "--listen=*:%u", "--listen=0.0.0.0:%u", "--listen=localhost:%u" };
  g_autoptr (WpHarness) first = wp_harness_start ("--threads=2", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (first));
  g_autofree char *number = g_strdup_printf (":%u", wp_harness_port (first));
  const char *const words[] = { "cannot listen on", number, "Address already in use", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      g_autoptr (GString) option = g_string_new (forms[i]);
      g_autoptr (WpHarness) second = NULL;

      g_string_replace (option, ":%u", number, 1);
      second = wp_harness_run (option->str, "--admin=none", "--record=record.csv", NULL);
      check_refusal (second, words);
      check_files (second);
    }
  wp_client_get (client, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
}

static void
test_admin_port_in_use (void)
{
  g_autoptr (WpHarness) first = wp_harness_start ("--threads=2", NULL);
  g_autofree char *address = g_strdup_printf ("127.0.0.1:%u", wp_harness_admin_port (first));
  g_autofree char *option = g_strconcat ("--admin=", address, NULL);
  g_autoptr (WpHarness) second = wp_harness_run ("--listen=127.0.0.1:0", option, NULL);
  const char *const words[] = { address, "Address already in use", NULL };

  check_refusal (second, words);
  check_files (second);
}

/* Both listeners on one port, which is free. */
static void
test_same_port_twice (void)
{
  g_autofree char *address = NULL, *listen_option = NULL, *admin_option = NULL;
  g_autoptr (WpHarness) second = NULL;
  const char *words[] = { NULL, NULL };
  {
    g_autoptr (WpHarness) first = wp_harness_start ("--threads=2", NULL);

    address = g_strdup_printf ("127.0.0.1:%u", wp_harness_port (first));
    wp_harness_stop (first);
  }
  listen_option = g_strconcat ("--listen=", address, NULL);
  admin_option = g_strconcat ("--admin=", address, NULL);
  words[0] = address;
  second = wp_harness_run (listen_option, admin_option, NULL);
  check_refusal (second, words);
}

/* The port of a server that has just ended can be had again at once. */
static void
test_port_is_free_again (void)
{
  g_autofree char *option = NULL;
  g_autoptr (WpHarness) second = NULL;
  {
    g_autoptr (WpHarness) first = wp_harness_start ("--threads=2", NULL);
    g_autoptr (WpClient) client = wp_client_new (wp_harness_port (first));

    option = g_strdup_printf ("--listen=127.0.0.1:%u", wp_harness_port (first));
    wp_client_get (client, "/", NULL);
    g_assert_cmpuint (wp_client_read_status (client), ==, 200);
    wp_harness_stop (first); /* which closes the connection, and leaves it in TIME_WAIT */
  }
  second = wp_harness_start (option, NULL);
  wp_harness_stop (second);
}

static void
test_database_missing (void)
{
  g_autofree char *broken
      = write_config ("this is a text, and no database, although it is long enough to be looked at as one\n");
  g_autofree char *spec = g_strconcat ("--database=sqlite:", broken, NULL),
                  *record = write_config ("arrival\n1\n");
  g_autofree char *record_option = g_strconcat ("--record=", record, NULL), *kept = NULL;
  g_autoptr (WpHarness) missing
      = wp_harness_run ("--listen=127.0.0.1:0", "--admin=none", "-d", "sqlite:/nonexistent/wp.db", NULL);
  g_autoptr (WpHarness) text
      = wp_harness_run ("--listen=127.0.0.1:0", "--admin=none", spec, record_option, NULL);
  const char *const words[] = { "sqlite:/nonexistent/wp.db", "No such file or directory", NULL };
  const char *const text_words[] = { broken, "file is not a database", NULL };

  check_refusal (missing, words);
  check_files (missing);
  check_refusal (text, text_words);
  g_assert_true (g_file_get_contents (record, &kept, NULL, NULL));
  g_assert_cmpstr (kept, ==, "arrival\n1\n"); /* a server that does not start empties no record */
  g_unlink (broken);
  g_unlink (record);
}

/* A server that fails after it has made its Unix socket removes the socket. */
static void
test_socket_is_removed (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_run ("--listen=unix:wp.sock", "--admin=none", "-d", "sqlite:/nonexistent/wp.db", NULL);
  g_autofree char *path = wp_harness_path (server, "wp.sock");

  g_assert_cmpint (wp_harness_wait (server), ==, 2);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_record_unwritable (void)
{
  static const char *const paths[] = { "/nonexistent/record.csv", "/dev/full", "/" };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *option = g_strconcat ("--record=", paths[i], NULL);
      g_autoptr (WpHarness) server
          = wp_harness_run ("--listen=127.0.0.1:0", "--admin=none", "-d", "delay:0", option, NULL);
      const char *const words[] = { "record", paths[i], NULL };

      check_refusal (server, words);
      check_files (server);
    }
}

/* A FIFO that nobody reads is not waited for. */
static void
test_record_without_a_reader (void)
{
  g_autofree char *dir = g_dir_make_tmp ("wp-e2e-XXXXXX", NULL),
                  *path = g_build_filename (dir, "record", NULL);
  g_autofree char *option = g_strconcat ("--record=", path, NULL);
  g_autoptr (WpHarness) server = NULL;
  const char *const words[] = { "record", path, "no program reads this FIFO; start its reader first", NULL };

  g_assert_no_errno (mkfifo (path, 0600));
  server = wp_harness_run ("--listen=127.0.0.1:0", "--admin=none", "-d", "delay:0", option, NULL);
  check_refusal (server, words);
  check_files (server);
  g_unlink (path);
  g_rmdir (dir);
}

static void
test_requeue_without_journal (void)
{
  g_autoptr (WpHarness) nothing = wp_harness_run ("--requeue", NULL),
                        missing = wp_harness_run ("--requeue", "--journal=none", NULL);
  g_autofree char *log = wp_harness_log (nothing), *missing_log = wp_harness_log (missing);

  g_assert_cmpint (wp_harness_wait (nothing), ==, 2);
  g_assert_cmpstr (log, ==, "wp-server: --requeue needs --journal=FILE\n");
  g_assert_cmpint (wp_harness_wait (missing), ==, 2);
  g_assert_cmpstr (missing_log, ==, "wp-server: --journal: none: No such file or directory\n");
}

/* Another wp-server writes it: its rows stay. */
static void
test_record_in_use (void)
{
  g_autoptr (WpHarness) first = wp_harness_start ("-d", "delay:0", "--record=record.csv", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (first));
  g_autofree char *path = wp_harness_path (first, "record.csv"),
                  *option = g_strconcat ("--record=", path, NULL);
  g_autoptr (WpHarness) second
      = wp_harness_run ("--listen=127.0.0.1:0", "--admin=none", "-d", "delay:0", option, NULL);
  const char *const words[] = { "record", path, "another server", NULL };
  gsize n_rows;

  check_refusal (second, words);
  wp_client_get (client, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_harness_stop (first);
  wp_harness_record (first, "record.csv", &n_rows);
  g_assert_cmpuint (n_rows, ==, 1);
}

/* Sizes without their mode are ignored, and it is said. */
static void
test_without_effect (void)
{
  g_autoptr (WpHarness) none = wp_harness_start ("-q", "5", "-w", "2", "-d", "delay:0", NULL);
  g_autoptr (WpHarness) queue_only
      = wp_harness_start ("-m", "BufferedChannel", "-q", "5", "-w", "2", "-d", "delay:0", NULL);
  g_autoptr (WpHarness) all
      = wp_harness_start ("-m", "WorkerPool", "-q", "5", "-w", "2", "-d", "delay:0", NULL);
  g_autofree char *log = NULL;

  wp_harness_await_log (none, "mode Default ignores --queue, --workers (see --mode)");
  wp_harness_await_log (queue_only, "mode BufferedChannel ignores --workers (see --mode)");
  wp_harness_stop (all);
  log = wp_harness_log (all);
  g_assert_null (strstr (log, "ignores"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bad-option/values", test_values);
  g_test_add_func ("/bad-option/unknown", test_unknown);
  g_test_add_func ("/bad-option/contradiction", test_contradiction);
  g_test_add_func ("/bad-option/help-and-version", test_help_and_version);
  g_test_add_func ("/bad-option/configuration", test_configuration);
  g_test_add_func ("/bad-option/configuration-missing", test_configuration_missing);
  g_test_add_func ("/bad-option/counts", test_counts);
  g_test_add_func ("/bad-option/byte-order-mark", test_byte_order_mark);
  g_test_add_func ("/bad-option/check-config", test_check_config);
  g_test_add_func ("/bad-option/command-line-wins", test_command_line_wins);
  g_test_add_func ("/bad-option/port-in-use", test_port_in_use);
  g_test_add_func ("/bad-option/admin-port-in-use", test_admin_port_in_use);
  g_test_add_func ("/bad-option/same-port-twice", test_same_port_twice);
  g_test_add_func ("/bad-option/port-is-free-again", test_port_is_free_again);
  g_test_add_func ("/bad-option/database-missing", test_database_missing);
  g_test_add_func ("/bad-option/socket-is-removed", test_socket_is_removed);
  g_test_add_func ("/bad-option/requeue-without-journal", test_requeue_without_journal);
  g_test_add_func ("/bad-option/record-unwritable", test_record_unwritable);
  g_test_add_func ("/bad-option/record-without-a-reader", test_record_without_a_reader);
  g_test_add_func ("/bad-option/record-in-use", test_record_in_use);
  g_test_add_func ("/bad-option/without-effect", test_without_effect);

  return g_test_run ();
}
