/* Wrong options of a shared queue, and brokers that refuse: one line says where and what, and the exit status
 * is 2. And by TLS, with the authority that the options name. */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/wp-certificate.h"
#include "tests/e2e/wp-harness.h"
#include "tests/e2e/wp-rabbitmq.h"

#define DATABASE     "--database="
#define PASSWORD     "hunter2"
#define MOST_OPTIONS 4

static WpRabbitmq *rabbitmq;
static char *dir; /* of files that the options name */

static char *
write_file (const char *name, const char *text, int mode)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);

  g_assert_true (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, mode, NULL));
  g_assert_cmpint (g_chmod (path, (mode_t) mode), ==, 0); /* whatever the umask is */
  return g_steal_pointer (&path);
}

/* "PORT", "TLS" and "DIR" in @text are replaced. */
static char *
fill_in (const char *text)
{
  g_autoptr (GString) filled = g_string_new (text);
  g_autofree char *port = g_strdup_printf ("%u", wp_rabbitmq_port (rabbitmq)),
                  *tls = g_strdup_printf ("%u", wp_rabbitmq_tls_port (rabbitmq));

  g_string_replace (filled, "PORT", port, 0);
  g_string_replace (filled, "TLS", tls, 0);
  g_string_replace (filled, "DIR", dir, 0);
  return g_string_free (g_steal_pointer (&filled), FALSE);
}

/* The password must not be shown, whatever is wrong. */
static void
check_refusal (const char *words, const char *const *texts)
{
  g_autofree char *filled[MOST_OPTIONS + 1] = { NULL };
  g_autoptr (WpHarness) server = NULL;
  g_autofree char *log = NULL;
  int status;

  for (guint i = 0; i < MOST_OPTIONS && texts[i]; i++)
    filled[i] = fill_in (texts[i]);
  server = wp_harness_run ("--listen=127.0.0.1:0", "--admin=none", filled[0], filled[1], filled[2], filled[3],
                           NULL);
  status = wp_harness_wait (server);
  log = wp_harness_log (server);
  if (status != 2 || !g_str_has_prefix (log, "wp-server: ") || strchr (log, '\n') != log + strlen (log) - 1
      || strstr (log, PASSWORD) || !strstr (log, words))
    {
      g_test_message ("WRONG: status %d, without \"%s\": %s", status, words, log);
      g_test_fail (); /* the others are looked at all the same */
    }
  for (guint i = 0; i < MOST_OPTIONS; i++)
    g_free (g_steal_pointer (&filled[i]));
}

typedef struct {
  const char *words, *options[MOST_OPTIONS];
} Refusal;

static void
check_all (const Refusal *refusals, guint n)
{
  for (guint i = 0; i < n; i++)
    check_refusal (refusals[i].words, refusals[i].options);
}

static void
test_uri (void)
{
  static const Refusal refusals[] = {
    { "the form is amqp://", { DATABASE "amqp:" } },
    { "the form is amqp://", { DATABASE "amqp:127.0.0.2" } },
    { "a host is missing", { DATABASE "amqp:///?queue=wp" } },
    { "a host is malformed", { DATABASE "amqp://127.0.0.2,,127.0.0.3/?queue=wp" } },
    { "a host is malformed", { DATABASE "amqp://[::1/?queue=wp" } },
    { "a host is malformed", { DATABASE "amqp://[]:5672" } },
    { "a host is malformed", { DATABASE "amqp://:5672" } },
    { "a port is not a number from 1 to 65535", { DATABASE "amqp://127.0.0.2:amqp/" } },
    { "a port is not a number from 1 to 65535", { DATABASE "amqp://127.0.0.2:70000/" } },
    { "the only parameter is queue", { DATABASE "amqp://127.0.0.2/?quue=wp" } },
    { "the only parameter is queue", { DATABASE "amqp://127.0.0.2/?queue=wp&queue=b" } },
    { "the queue's name is malformed", { DATABASE "amqp://127.0.0.2/?queue=" } },
    { "the queue's name is malformed", { DATABASE "amqp://127.0.0.2/?queue=%ff" } },
    { "begin with amq.", { DATABASE "amqp://127.0.0.2/?queue=amq.rabbitmq" } },
    { "the virtual host is malformed", { DATABASE "amqp://127.0.0.2/%zz?queue=wp" } },
    { "--amqp-password-file", { DATABASE "amqp://wp:" PASSWORD "@127.0.0.2/?queue=wp" } },
    { "--amqp-password-file", { DATABASE "amqp://wp:a/" PASSWORD "@127.0.0.2/?queue=wp" } },
    { "--amqp-password-file", { DATABASE "amqps://wp:" PASSWORD "@127.0.0.2" } },
  };

  check_all (refusals, G_N_ELEMENTS (refusals));
}

static void
test_roles (void)
{
  static const Refusal refusals[] = {
    { "--ack=stored", { DATABASE "amqp://127.0.0.2", "--ack=stored" } },
    { "--mode", { DATABASE "amqp://127.0.0.2", "--mode=Default" } },
    { "--mode", { DATABASE "amqp://127.0.0.2", "--mode=BufferedChannel" } },
    { "--dispatcher", { DATABASE "amqp://127.0.0.2", "--dispatcher=spawning" } },
    { "--max-body is larger than --engine-queue-bytes",
      { DATABASE "amqp://127.0.0.2", "--max-body=2m", "--engine-queue-bytes=1m" } },
    { "up to 128m", { DATABASE "amqp://127.0.0.2", "--max-body=129m" } },
    { "--engine-queue", { DATABASE "amqp://127.0.0.2", "--engine-queue=0" } },
    { "--delivery-limit", { DATABASE "amqp://127.0.0.2", "--delivery-limit=0" } },
    { "--amqp-key", { DATABASE "amqps://127.0.0.2", "--amqp-certificate=DIR/own.pem" } },
    { "--amqp-certificate", { DATABASE "amqps://127.0.0.2", "--amqp-key=DIR/own.key" } },
    { "need TLS", { DATABASE "amqp://127.0.0.2:PORT", "--amqp-ca=DIR/own.pem" } },
    { "needs a user", { DATABASE "amqp://127.0.0.2:PORT", "--amqp-password-file=DIR/right" } },
    { "needs --amqp-password-file", { DATABASE "amqp://wp@127.0.0.2:PORT" } },
  };

  check_all (refusals, G_N_ELEMENTS (refusals));
}

static void
test_login (void)
{
  static const Refusal refusals[] = {
    { "ACCESS_REFUSED", { DATABASE "amqp://wp@127.0.0.2:PORT", "--amqp-password-file=DIR/wrong" } },
    { "ACCESS_REFUSED", { DATABASE "amqp://nobody@127.0.0.2:PORT", "--amqp-password-file=DIR/right" } },
    { "no-such-file", { DATABASE "amqp://wp@127.0.0.2:PORT", "--amqp-password-file=DIR/no-such-file" } },
    { "others can read it", { DATABASE "amqp://wp@127.0.0.2:PORT", "--amqp-password-file=DIR/open" } },
    { "has no password", { DATABASE "amqp://wp@127.0.0.2:PORT", "--amqp-password-file=DIR/empty" } },
    { "vhost other not found", { DATABASE "amqp://127.0.0.2:PORT/other?queue=wp" } },
    { "no server answers there", { DATABASE "amqp://127.0.0.5:PORT/?queue=wp" } },
    { "no server answers there", { DATABASE "amqp://127.0.0.5,127.0.0.6:PORT/?queue=wp" } },
    { "no-such-host.invalid", { DATABASE "amqp://no-such-host.invalid:PORT/?queue=wp" } },
    /* it explains more than the host that is down */
    { "ACCESS_REFUSED", { DATABASE "amqp://wp@127.0.0.5,127.0.0.2:PORT", "--amqp-password-file=DIR/wrong" } },
  };

  check_all (refusals, G_N_ELEMENTS (refusals));
}

static void
test_tls_refused (void)
{
  static const Refusal refusals[] = {
    { "SSL handshake failed", { DATABASE "amqps://127.0.0.2:PORT", "--amqp-ca=DIR/own.pem" } },
    { "TLS needs amqps://", { DATABASE "amqp://127.0.0.2:TLS" } },
    { "SSL peer cert verification failed", { DATABASE "amqps://127.0.0.2:TLS", "--amqp-ca=DIR/own.pem" } },
    { "SSL peer cert verification failed", { DATABASE "amqps://127.0.0.2:TLS" } },
    { "--amqp-ca: ", { DATABASE "amqps://127.0.0.2:TLS", "--amqp-ca=DIR/right" } },
    { "--amqp-certificate: ",
      { DATABASE "amqps://127.0.0.2:TLS", "--amqp-certificate=DIR/right", "--amqp-key=DIR/right" } },
  };

  check_all (refusals, G_N_ELEMENTS (refusals));
}

static void
check_one_request (WpHarness *server)
{
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_post (client, "/", NULL, "x", 1);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
}

/* As a user, by TLS, with the certificate that the nodes trust. */
static void
test_tls (void)
{
  g_autofree char *database = fill_in (DATABASE "amqps://wp@127.0.0.2:TLS/?queue=tls"),
                  *password = fill_in ("--amqp-password-file=DIR/right"),
                  *ca = g_strconcat ("--amqp-ca=", wp_rabbitmq_certificate (rabbitmq), NULL);
  g_autoptr (WpHarness) server = wp_harness_start (database, password, ca, "--wait-for-database=1m", NULL);
  g_autofree char *log = NULL;

  check_one_request (server);
  wp_harness_stop (server);
  log = wp_harness_log (server);
  g_assert_null (strstr (log, PASSWORD));
  g_assert_cmpint (wp_rabbitmq_count_ready (rabbitmq, "tls"), ==, 1);
}

/* Both values are named. */
static void
test_other_settings (void)
{
  g_autofree char *database = fill_in (DATABASE "amqp://127.0.0.2:PORT/?queue=settled");
  g_autoptr (WpHarness) server
      = wp_harness_start (database, "--engine-queue=500", "--wait-for-database=1m", NULL);
  amqp_connection_state_t connection = wp_rabbitmq_connect (rabbitmq, 0);
  static const Refusal refusals[] = {
    { "'x-max-length' for queue 'settled' in vhost '/': received '400' but current is '500'",
      { DATABASE "amqp://127.0.0.2:PORT/?queue=settled", "--engine-queue=400" } },
    { "'x-max-length-bytes' for queue 'settled' in vhost '/': received '2097152' but current is '1073741824'",
      { DATABASE "amqp://127.0.0.2:PORT/?queue=settled", "--engine-queue=500", "--engine-queue-bytes=2m" } },
    { "received '7' but current is '100'",
      { DATABASE "amqp://127.0.0.2:PORT/?queue=settled", "--engine-queue=500", "--delivery-limit=7" } },
    { "for queue 'classic' in vhost '/': received", { DATABASE "amqp://127.0.0.2:PORT/?queue=classic" } },
  };

  amqp_queue_declare (connection, 1, amqp_cstring_bytes ("classic"), 0, 1, 0, 0, amqp_empty_table);
  wp_rabbitmq_disconnect (connection);
  check_all (refusals, G_N_ELEMENTS (refusals));
  wp_harness_stop (server);
}

static void
test_init (void)
{
  g_autofree char *database = fill_in (DATABASE "amqp://127.0.0.2:PORT/?queue=made");
  g_autoptr (WpHarness) server = wp_harness_run (database, "--init-database", "--engine-queue=7", NULL);
  g_autofree char *output = NULL;

  g_assert_cmpint (wp_harness_wait (server), ==, 0);
  output = wp_harness_output (server);
  g_assert_nonnull (strstr (output, "the queue made takes 7 jobs"));
  g_assert_cmpint (wp_rabbitmq_count_ready (rabbitmq, "made"), ==, 0);
  g_assert_cmpint (wp_rabbitmq_count_ready (rabbitmq, "made.failed"), ==, 0);
}

static void
write_files (void)
{
  dir = g_dir_make_tmp ("wp-amqp-XXXXXX", NULL);
  g_free (write_file ("right", PASSWORD "\n", 0600));
  g_free (write_file ("wrong", "12345\n", 0600));
  g_free (write_file ("open", PASSWORD "\n", 0644));
  g_free (write_file ("empty", "\n", 0600));
  wp_certificate_write (dir, "own");
}

static void
remove_files (void)
{
  static const char *const names[] = { "right", "wrong", "open", "empty", "own.pem", "own.key" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (dir, names[i], NULL);

      g_unlink (path);
    }
  g_assert_cmpint (g_rmdir (dir), ==, 0);
  g_free (dir);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  if (!wp_rabbitmq_is_there ())
    {
      g_print ("1..0 # SKIP RabbitMQ is not installed\n");
      return 0;
    }
  g_test_add_func ("/rabbitmq-options/uri", test_uri);
  g_test_add_func ("/rabbitmq-options/roles", test_roles);
  g_test_add_func ("/rabbitmq-options/login", test_login);
  g_test_add_func ("/rabbitmq-options/tls-refused", test_tls_refused);
  g_test_add_func ("/rabbitmq-options/tls", test_tls);
  g_test_add_func ("/rabbitmq-options/other-settings", test_other_settings);
  g_test_add_func ("/rabbitmq-options/init", test_init);
  write_files ();
  rabbitmq = wp_rabbitmq_new (1);
  status = g_test_run ();
  wp_rabbitmq_free (rabbitmq);
  remove_files ();

  return status;
}
