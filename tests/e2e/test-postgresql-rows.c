/* PostgreSQL rejects rows, ids, and a start. One bad row fails alone; a start that cannot be is one
 * line and status 2; no password is in anything that the server writes. */
#include <stdio.h>
#include <string.h>

#include "tests/e2e/wp-certificate.h"
#include "tests/e2e/wp-crowd.h"
#include "tests/e2e/wp-harness.h"
#include "tests/e2e/wp-postgres.h"

#define N_ROWS   40
#define BAD      23
#define PASSWORD "hunter2"

static WpPostgres *postgres;

static void
run (const char *sql)
{
  g_free (wp_postgres_run (postgres, sql));
}

static char *
make_option (const char *user, const char *database, const char *rest)
{
  g_autofree char *uri = wp_postgres_uri (postgres, user, database, rest);

  return g_strconcat ("--database=", uri, NULL);
}

static WpHarness *
start_server (const char *option)
{
  g_autofree char *database = make_option ("wp", "wp", NULL);

  run ("TRUNCATE wp_jobs");
  return wp_harness_start (database, "--ack=stored", "--retries=0", "--database-timeout=60s", option, NULL);
}

/* While the table is locked, all rows come into one batch or two. */
static void
send_rows (WpHarness *server, WpClient *clients[N_ROWS])
{
  PGconn *locker = wp_postgres_connect (postgres, "boss");

  PQclear (PQexec (locker, "BEGIN; LOCK TABLE wp_jobs"));
  for (guint i = 0; i < N_ROWS; i++)
    {
      g_autofree char *header = g_strdup_printf ("X-Request-Id: %u\r\n", i);

      clients[i] = wp_client_new (wp_harness_port (server));
      wp_client_post (clients[i], "/", header, "x", 1);
    }
  wp_harness_await_stat (server, "ledger.in_service", N_ROWS);
  PQfinish (locker);
}

typedef struct {
  const char *name;
  const char *make; /* makes the row BAD bad */
  const char *reason;
} Kind;

#define TRIGGER(body)                                                                                        \
  "CREATE FUNCTION spoil () RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF new.id = '23' THEN " body         \
  " END IF; RETURN new; END$$; "                                                                             \
  "CREATE TRIGGER spoil BEFORE INSERT ON wp_jobs FOR EACH ROW EXECUTE FUNCTION spoil ()"
#define RAISE(state) TRIGGER ("RAISE 'spoilt' USING ERRCODE = '" state "';")

static const Kind permanent[] = {
  { "constraint", "ALTER TABLE wp_jobs ADD CONSTRAINT spoil CHECK (id <> '23')",
    "violates check constraint \"spoil\" (SQLSTATE 23514)" },
  { "ignored", TRIGGER ("RETURN NULL;"), "a trigger ignores it" },
  { "value", TRIGGER ("PERFORM 1 / 0;"), "division by zero (SQLSTATE 22012)" },
  { "exception", TRIGGER ("RAISE 'spoilt';"), "spoilt (SQLSTATE P0001)" },
  { "limit", RAISE ("54000"), "spoilt (SQLSTATE 54000)" },
  { "internal", RAISE ("XX000"), "spoilt (SQLSTATE XX000)" },
};

static void
remove_kind (void)
{
  run ("DROP FUNCTION IF EXISTS spoil () CASCADE");
  run ("ALTER TABLE wp_jobs DROP CONSTRAINT IF EXISTS spoil");
}

/* Exactly that one fails, and the others' clients have their 200. */
static void
test_bad_row (gconstpointer data)
{
  const Kind *kind = data;
  g_autoptr (WpHarness) server = start_server (NULL);
  WpClient *clients[N_ROWS];

  run (kind->make);
  send_rows (server, clients);
  for (guint i = 0; i < N_ROWS; i++)
    {
      g_assert_cmpuint (wp_client_read_status (clients[i]), ==, i == BAD ? 502 : 200);
      wp_client_free (clients[i]);
    }
  wp_harness_await_log (server, kind->reason);
  g_assert_cmpfloat (wp_harness_stat (server, "duplicates"), ==, 0);
  g_assert_cmpfloat (wp_harness_stat (server, "database_reconnects"), ==, 0);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "failed"), ==, 1);
  g_assert_cmpint (wp_postgres_count (postgres, "id <> '23'"), ==, N_ROWS - 1);
  g_assert_cmpint (wp_postgres_count (postgres, "true"), ==, N_ROWS - 1);
  remove_kind ();
}

static const Kind transient[] = {
  { "deadlock", RAISE ("40P01"), "spoilt (SQLSTATE 40P01)" },
  { "resources", RAISE ("53100"), "spoilt (SQLSTATE 53100)" },
  { "cancelled", RAISE ("57014"), "spoilt (SQLSTATE 57014)" },
  { "io-error", RAISE ("58030"), "spoilt (SQLSTATE 58030)" },
  { "rights", "REVOKE INSERT ON wp_jobs FROM wp", "permission denied for table wp_jobs (SQLSTATE 42501)" },
  { "table", "ALTER TABLE wp_jobs RENAME TO spoilt", "relation \"wp_jobs\" does not exist (SQLSTATE 42P01)" },
};

static void
restore (void)
{
  run ("ALTER TABLE IF EXISTS spoilt RENAME TO wp_jobs");
  run ("GRANT INSERT ON wp_jobs TO wp");
  remove_kind ();
}

/* An outage: no job fails, and all are stored once it is over. */
static void
test_outage (gconstpointer data)
{
  const Kind *kind = data;
  g_autoptr (WpHarness) server = start_server (NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autofree char *line = g_strconcat (" is down, its jobs wait: ", kind->reason, "\n", NULL);

  run (kind->make);
  wp_client_post (client, "/", "X-Request-Id: 23\r\n", "x", 1);
  wp_harness_await_log (server, line);
  g_assert_true (wp_client_is_silent (client));
  restore ();
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop (server);
  g_assert_cmpint (wp_postgres_count (postgres, "id = '23'"), ==, 1);
}

typedef struct {
  const char *path, *headers, *body;
  gsize size;
  guint status;
} Request;

/* Each on a connection of its own. */
static void
send_all (WpHarness *server, const Request *requests, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

      wp_client_post (client, requests[i].path, requests[i].headers, requests[i].body, requests[i].size);
      g_assert_cmpuint (wp_client_read_status (client), ==, requests[i].status);
    }
}

#define PATH "/a/b%20c?x=1&y=%2F"
#define ODD  "X-Request-Id: \303\244,\"{}\\\r\n"
#define WHERE                                                                                                \
  "id = E'\303\244,\"{}\\\\' AND method = 'POST' AND path = '" PATH "' AND content_type = 'text/x-odd; a=b'"

/* Every part of the request comes to its column, NUL bytes too; an id that is used again. */
static void
test_payload (void)
{
  static const Request requests[] = {
    { PATH, ODD "Content-Type: text/x-odd; a=b\r\n", "a\0b", 3, 200 },
    { PATH, ODD, "a\0b", 3, 200 },
    { PATH, ODD, "a\0c", 3, 422 },
    { "/", ODD, "a\0b", 3, 422 },
    { "/empty", NULL, "", 0, 200 },
  };
  g_autoptr (WpHarness) server = start_server (NULL);

  send_all (server, requests, G_N_ELEMENTS (requests));
  wp_harness_await_stat (server, "duplicates", 1);
  wp_harness_await_stat (server, "conflicts", 2);
  wp_harness_stop (server);
  g_assert_cmpint (wp_postgres_count (postgres,
                                      WHERE " AND body = '\\x610062' AND received BETWEEN now () - interval "
                                            "'1 hour' AND now ()"),
                   ==, 1);
  g_assert_cmpint (wp_postgres_count (postgres,
                                      "path = '/empty' AND length (body) = 0 AND length (id) = 36 AND "
                                      "content_type IS NULL"),
                   ==, 1);
  g_assert_cmpint (wp_postgres_count (postgres, "true"), ==, 2);
}

/* Text that PostgreSQL does not hold never becomes a job. */
static void
test_text_that_cannot_be_stored (void)
{
  g_autofree char *digits = g_strnfill (1024, '7'),
                  *longest = g_strdup_printf ("X-Request-Id: %s\r\n", digits),
                  *longer = g_strdup_printf ("X-Request-Id: %s7\r\n", digits);
  const Request requests[] = {
    { "/", longest, "x", 1, 200 },
    { "/", longer, "x", 1, 400 },
    { "/", "X-Request-Id: \377\r\n", "x", 1, 400 },
    { "/", "Content-Type: \377\r\n", "x", 1, 400 },
  };
  g_autoptr (WpHarness) server = start_server (NULL);

  send_all (server, requests, G_N_ELEMENTS (requests));
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "received"), ==, 1);
  g_assert_cmpint (wp_postgres_count (postgres, "true"), ==, 1);
}

/* One id with two payloads in one batch, which waits behind that of the first client: the first of them is
 * stored, the other payload is a conflict. */
static void
test_same_id_in_a_batch (void)
{
  g_autoptr (WpHarness) server = start_server (NULL);
  PGconn *locker = wp_postgres_connect (postgres, "boss");
  WpClient *clients[4];
  const guint expected[] = { 200, 200, 200, 422 };

  PQclear (PQexec (locker, "BEGIN; LOCK TABLE wp_jobs"));
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      clients[i] = wp_client_new (wp_harness_port (server));
      wp_client_post (clients[i], "/", i > 0 ? "X-Request-Id: same\r\n" : NULL, i < 3 ? "1" : "2", 1);
      wp_harness_await_stat (server, "ledger.in_service", i + 1);
    }
  PQfinish (locker);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      g_assert_cmpuint (wp_client_read_status (clients[i]), ==, expected[i]);
      wp_client_free (clients[i]);
    }
  wp_harness_await_stat (server, "duplicates", 1);
  wp_harness_stop (server);
  g_assert_cmpint (wp_postgres_count (postgres, "id = 'same' AND body = '1'"), ==, 1);
  g_assert_cmpint (wp_postgres_count (postgres, "true"), ==, 2);
}

/* --- start --- */

/* Status 2 within its time, the last line with @words, and no line more unless it is the warning of a
 * password. */
static void
check_start (const char *option, const char *words)
{
  g_autoptr (WpHarness) server
      = wp_harness_run ("--listen=127.0.0.1:0", "--admin=none", "--database-timeout=2s", option, NULL);
  g_autofree char *log = NULL;
  int status = wp_harness_wait (server);
  guint n_lines = 0;

  log = wp_harness_log (server);
  for (const char *end = log; (end = strchr (end, '\n')); end++)
    n_lines++;
  if (status != 2 || !strstr (log, words) || strstr (log, PASSWORD)
      || n_lines != (strstr (log, "passfile=FILE") ? 2 : 1))
    g_error ("%s, status %d: \"%s\" is not all of: %s", option, status, words, log);
}

static void
check_user (const char *user, const char *database, const char *rest, const char *words)
{
  g_autofree char *option = make_option (user, database, rest);

  check_start (option, words);
}

static void
test_bad_uri (void)
{
  static const char *const bad[][2] = {
    { "postgresql:wp", "postgresql: the form is postgresql://USER@HOST:PORT/DATABASE" },
    { "postgresql://wp:" PASSWORD "%zz@host/wp", "postgresql: invalid percent-encoded token\n" },
    { "postgresql://wp:" PASSWORD "/x@host/wp", "write %2F for /" },
    { "postgresql://wp:" PASSWORD "@x@host/wp", "write %2F for /" },
    { "postgresql://wp@host/wp?pasword=" PASSWORD, "postgresql: invalid URI query parameter\n" },
    { "postgresql://wp@host/wp?password=a&" PASSWORD, "postgresql: missing key/value separator" },
    { "postgresql://wp:" PASSWORD "@[::1", "postgresql: end of string reached" },
    { "postgres://wp:" PASSWORD "@127.0.0.1:1/wp", "postgresql://wp@127.0.0.1:1/wp: connection to server" },
    { "postgres://wp@nowhere.invalid/wp", "could not translate host name \"nowhere.invalid\"" },
    { "postgrsql://wp:" PASSWORD "@host",
      "\"postgrsql...\" is not a database: sqlite:FILE, postgresql://..." },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *option = g_strconcat ("--database=", bad[i][0], NULL);

      check_start (option, bad[i][1]);
    }
}

/* It answers, and does not want us. */
static void
test_refused (void)
{
  run ("CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0");
  run ("CREATE DATABASE bare");
  check_user ("nobody", "wp", NULL, "role \"nobody\" does not exist\n");
  check_user ("wp", "nothing", NULL, "database \"nothing\" does not exist\n");
  check_user ("secret:wrong", "wp", NULL, "password authentication failed for user \"secret\"\n");
  check_user ("secret", "wp", NULL, "no password supplied\n");
  check_user ("wp", "wp", "?sslmode=require", "server does not support SSL, but SSL was required\n");
  check_user ("tls", "wp", "?sslmode=disable", "user \"tls\", database \"wp\", no encryption\n");
  check_user ("reader", "wp", NULL, "permission denied: the user needs INSERT and SELECT on wp_jobs\n");
  check_user ("wp", "bare", NULL, "the tables wp_jobs and wp_schema are missing; wp-server --init-database");
  check_user ("boss", "ascii", NULL, "its encoding is SQL_ASCII, and must be UTF8\n");
  run ("UPDATE wp_schema SET version = 2");
  check_user ("wp", "wp", NULL, "its tables are of version 2; this wp-server knows version 1\n");
  run ("UPDATE wp_schema SET version = 1");
}

static void
check_serves (const char *user, const char *rest)
{
  g_autofree char *option = make_option (user, "wp", rest);
  g_autoptr (WpHarness) server = wp_harness_start (option, NULL);

  wp_harness_stop (server);
}

/* A certificate of another authority is refused; the server's own is taken. */
static void
test_tls (void)
{
  g_autofree char *own = wp_postgres_serve_tls (postgres), *folder = g_path_get_dirname (own),
                  *right = g_strconcat ("?sslmode=verify-ca&sslrootcert=", own, NULL),
                  *wrong = g_strconcat ("?sslmode=verify-ca&sslrootcert=", folder, "/other.pem", NULL);

  wp_certificate_write (folder, "other");
  check_serves ("tls", right);
  check_user ("tls", "wp", wrong, "certificate verify failed\n");
  check_user ("tls", "wp", "?sslmode=verify-full&sslrootcert=/nonexistent",
              "root certificate file \"/nonexistent\"");
}

/* Each host of the URI in turn: nobody listens at the first. */
static void
test_second_host (void)
{
  g_autofree char *uri = wp_postgres_uri (postgres, "wp", "wp", NULL);
  g_auto (GStrv) parts = g_strsplit (uri, "@", 2);
  g_autofree char *option = g_strconcat ("--database=", parts[0], "@127.0.0.1:1,", parts[1], NULL),
                  *name = NULL;
  g_autoptr (WpHarness) server = wp_harness_start (option, NULL);

  name = g_strconcat (" database ", option + strlen ("--database="), ", http ", NULL);
  wp_harness_await_log (server, name);
  wp_harness_stop (server);
}

/* --init-database: two at once, once more, and without the right to. */
static void
test_init (void)
{
  g_autofree char *option = NULL, *other = make_option ("wp", "fresh", NULL), *output = NULL, *log = NULL;
  g_autoptr (WpHarness) refused = NULL, again = NULL;
  WpHarness *both[2];

  run ("CREATE DATABASE fresh");
  refused = wp_harness_run ("--init-database", other, NULL);
  g_assert_cmpint (wp_harness_wait (refused), ==, 2);
  log = wp_harness_log (refused);
  g_assert_nonnull (strstr (log, "/fresh: permission denied for schema public (SQLSTATE 42501)\n"));
  option = make_option ("boss", "fresh", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (both); i++)
    {
      both[i] = wp_harness_new ();
      wp_harness_launch_only (both[i], "--init-database", option, NULL);
    }
  for (guint i = 0; i < G_N_ELEMENTS (both); i++)
    {
      g_assert_cmpint (wp_harness_wait (both[i]), ==, 0);
      wp_harness_free (both[i]);
    }
  again = wp_harness_run ("--init-database", option, NULL);
  g_assert_cmpint (wp_harness_wait (again), ==, 0);
  output = wp_harness_output (again);
  g_assert_nonnull (strstr (output, "/fresh: the tables exist, in version 1\n"));
}

/* The start waits for a server that is down; a signal ends the wait. */
static void
test_wait (void)
{
  g_autofree char *option = make_option ("wp", "wp", NULL);
  g_autoptr (WpHarness) stopped = wp_harness_new (), server = wp_harness_new ();

  wp_postgres_stop (postgres, SIGINT);
  wp_harness_launch_only (stopped, option, "--wait-for-database=60s", "--listen=127.0.0.1:0", "--admin=none",
                          NULL);
  wp_harness_await_log (stopped,
                        "waiting for the database: cannot open the database postgresql://wp@127.0.0.1:");
  wp_harness_signal (stopped, SIGTERM);
  g_assert_cmpint (wp_harness_wait (stopped), ==, 2);
  wp_harness_await_log (stopped, "a signal stopped the server while it waited: ");
  wp_harness_launch_only (server, option, "--wait-for-database=60s", "--listen=127.0.0.1:0", "--admin=none",
                          NULL);
  wp_harness_await_log (server, "waiting for the database: ");
  wp_postgres_start (postgres);
  wp_harness_await_log (server, "; listening on http://127.0.0.1:");
  wp_harness_stop (server);
}

static void
check_page (const WpHarness *server, const char *path)
{
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (server));
  g_autoptr (WpHttpResponse) response = NULL;

  wp_client_get (admin, path, NULL);
  response = wp_client_read (admin);
  g_assert_cmpuint (response->status, ==, 200);
  g_assert_null (strstr (response->body, PASSWORD));
}

/* A password in the URI: a warning, and it is nowhere, not even in an outage. */
static void
test_password (void)
{
  g_autofree char *option = make_option ("secret:" PASSWORD, "wp", "?sslpassword=" PASSWORD "x"), *log = NULL,
                  *record = NULL;
  g_autoptr (WpHarness) server
      = wp_harness_start (option, "--ack=stored", "--record=record.csv", "--journal=jobs.journal", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  static const char *const pages[] = { "/", "/stats.json", "/metrics", "/failed.json" };

  wp_harness_await_log (
      server, "can read the password in the list of processes (ps): keep it in a file, and name that "
              "by passfile=FILE\n");
  wp_postgres_stop (postgres, SIGINT);
  wp_client_post (client, "/", NULL, "x", 1);
  wp_harness_await_log (server, " is down, its jobs wait: ");
  for (guint i = 0; i < G_N_ELEMENTS (pages); i++)
    check_page (server, pages[i]);
  wp_postgres_start (postgres);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop (server);
  log = wp_harness_log (server);
  record = wp_harness_read_file (server, "record.csv");
  g_assert_null (strstr (log, PASSWORD));
  g_assert_null (strstr (record, PASSWORD));
  g_assert_nonnull (strstr (record, "# database: postgresql://secret@127.0.0.1:"));
}

static void
test_passfile (void)
{
  g_autoptr (WpHarness) server = wp_harness_new ();
  g_autofree char *path = wp_harness_path (server, "pgpass"), *rest = g_strconcat ("?passfile=", path, NULL),
                  *option = make_option ("secret", "wp", rest), *log = NULL;

  g_assert_true (g_file_set_contents_full (path, "*:*:*:secret:" PASSWORD "\n", -1,
                                           G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
  g_assert_true (wp_harness_try (server, NULL, option, NULL));
  wp_harness_stop (server);
  log = wp_harness_log (server);
  g_assert_null (strstr (log, "passfile"));
}

/* Jobs that are not stored when the drain ends are kept by the journal, and stored by the next start. */
static void
test_drain_in_an_outage (void)
{
  g_autofree char *option = make_option ("wp", "wp", NULL);
  g_autoptr (WpHarness) server = wp_harness_start (option, "--journal=jobs.journal", "--drain-timeout=300ms",
                                                   "--mode=WorkerPool", "--queue=5", "--workers=5", NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  run ("TRUNCATE wp_jobs");
  wp_postgres_stop (postgres, SIGINT);
  wp_crowd_send (crowd, 10, NULL);
  wp_crowd_await (crowd, 10);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 10);
  wp_harness_await_stat (server, "database_up", 0);
  wp_harness_await_stat (server, "ready", 0); /* down for a second, and no room */
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (server), ==, 1);
  wp_harness_await_log (
      server, "10 accepted jobs were not finished: 5 queued, 5 in service; they are kept in jobs.journal\n");
  wp_postgres_start (postgres);
  wp_harness_start_again (server, option, "--journal=jobs.journal", NULL);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "recovered"), ==, 10);
  g_assert_cmpint (wp_postgres_count (postgres, "true"), ==, 10);
}

static void
add_kinds (const char *path, const Kind *kinds, guint n, GTestDataFunc test)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("/postgresql-rows/%s/%s", path, kinds[i].name);

      g_test_add_data_func (name, &kinds[i], test);
    }
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  if (!wp_postgres_is_there ())
    {
      g_print ("1..0 # SKIP PostgreSQL is not installed\n");
      return 0;
    }
  add_kinds ("bad-row", permanent, G_N_ELEMENTS (permanent), test_bad_row);
  add_kinds ("outage", transient, G_N_ELEMENTS (transient), test_outage);
  g_test_add_func ("/postgresql-rows/payload", test_payload);
  g_test_add_func ("/postgresql-rows/text-that-cannot-be-stored", test_text_that_cannot_be_stored);
  g_test_add_func ("/postgresql-rows/same-id-in-a-batch", test_same_id_in_a_batch);
  g_test_add_func ("/postgresql-rows/bad-uri", test_bad_uri);
  g_test_add_func ("/postgresql-rows/refused", test_refused);
  g_test_add_func ("/postgresql-rows/tls", test_tls);
  g_test_add_func ("/postgresql-rows/second-host", test_second_host);
  g_test_add_func ("/postgresql-rows/init", test_init);
  g_test_add_func ("/postgresql-rows/wait", test_wait);
  g_test_add_func ("/postgresql-rows/password", test_password);
  g_test_add_func ("/postgresql-rows/passfile", test_passfile);
  g_test_add_func ("/postgresql-rows/drain-in-an-outage", test_drain_in_an_outage);
  postgres = wp_postgres_new ();
  status = g_test_run ();
  wp_postgres_free (postgres);

  return status;
}
