/* A server without its modules serves all that needs none of them, and reports the missing one. */
#include "tests/e2e/wp-harness.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* The program alone, in a folder that is removed with its contents. */
typedef struct {
  char *root, *folder, *program, *module;
  char *whole; /* WP_BUILD_ROOT as it was */
} Bare;

static void
set_up (Bare *self, gconstpointer data)
{
  g_autofree char *program = g_build_filename (g_getenv ("WP_BUILD_ROOT"), "runtime", "wp-server", NULL),
                  *bytes = NULL;
  gsize len;

  self->whole = g_strdup (g_getenv ("WP_BUILD_ROOT"));
  self->root = g_dir_make_tmp ("wp-bare-XXXXXX", NULL);
  self->folder = g_build_filename (self->root, "runtime", NULL);
  self->program = g_build_filename (self->folder, "wp-server", NULL);
  self->module = g_build_filename (self->folder, "wp-soup.so", NULL);
  g_assert_cmpint (g_mkdir (self->folder, 0755), ==, 0);
  g_assert_true (g_file_get_contents (program, &bytes, &len, NULL));
  g_assert_true (
      g_file_set_contents_full (self->program, bytes, (gssize) len, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
  g_setenv ("WP_BUILD_ROOT", self->root, TRUE);
  g_setenv ("LD_LIBRARY_PATH", self->folder, TRUE); /* in place of meson's, by which all would be found */
}

static void
tear_down (Bare *self, gconstpointer data)
{
  g_setenv ("WP_BUILD_ROOT", self->whole, TRUE);
  g_unlink (self->module);
  g_unlink (self->program);
  g_rmdir (self->folder);
  g_rmdir (self->root);
  g_free (self->whole);
  g_free (self->module);
  g_free (self->program);
  g_free (self->folder);
  g_free (self->root);
}

static guint
ask (guint16 port, const char *request)
{
  g_autoptr (WpClient) client = wp_client_new (port);

  g_assert_true (wp_client_send (client, request));
  return wp_client_read_status (client);
}

static void
put_back (const Bare *bare)
{
  g_autofree char *module = g_build_filename (bare->whole, "runtime", "wp-soup.so", NULL);

  g_assert_cmpint (symlink (module, bare->module), ==, 0);
}

/* The ingest listener works without it. The admin listener reports that it is missing, until it is put
 * back. */
static void
test_libsoup_missing (Bare *bare, gconstpointer data)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--http=fast", "--database=delay:0", NULL);
  const char *requests[] = { "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.0\r\n\r\n" };

  wp_harness_await_log (server, "the admin listener cannot serve requests: cannot load wp-soup.so");
  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    g_assert_cmpuint (ask (wp_harness_port (server), requests[i]), ==, 200);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (ask (wp_harness_admin_port (server), requests[0]), ==, 503);
  put_back (bare);
  wp_harness_await_stat (server, "ledger.stored", 2);
  wp_harness_stop (server);
}

/* --http=soup without libsoup does not start. */
static void
test_soup_protocol (Bare *bare, gconstpointer data)
{
  g_autoptr (WpHarness) server = wp_harness_run ("--http=soup", "--database=delay:0", NULL);
  g_autofree char *log = NULL;

  g_assert_cmpint (wp_harness_wait (server), ==, 2);
  log = wp_harness_log (server);
  g_assert_true (g_str_has_prefix (log, "wp-server: --http=soup: cannot load wp-soup.so: "));
  g_assert_true (strchr (log, '\n') == log + strlen (log) - 1);
}

static void
test_openssl_missing (Bare *bare, gconstpointer data)
{
  g_autoptr (WpHarness) server
      = wp_harness_run ("--database=delay:0", "--tls-certificate=a.pem", "--tls-key=b.pem", NULL);
  g_autofree char *log = NULL;

  g_assert_cmpint (wp_harness_wait (server), ==, 2);
  log = wp_harness_log (server);
  g_assert_nonnull (strstr (log, "--tls-certificate: cannot load wp-tls.so: "));
}

/* The module is looked for before anything is opened. */
static void
check_database (const char *option, const char *module)
{
  g_autofree char *begin = g_strdup_printf ("wp-server: --database: cannot load %s: ", module), *log = NULL;
  g_autoptr (WpHarness) server = wp_harness_run (option, NULL);

  g_assert_cmpint (wp_harness_wait (server), ==, 2);
  log = wp_harness_log (server);
  g_assert_true (g_str_has_prefix (log, begin));
  g_assert_true (g_str_has_suffix (log, "; install it, or name its folder in LD_LIBRARY_PATH\n"));
  g_assert_true (strchr (log, '\n') == log + strlen (log) - 1);
}

static void
test_libpq_missing (Bare *bare, gconstpointer data)
{
  check_database ("--database=postgres://wp:secret@127.0.0.1:1/wp", "wp-postgresql.so");
}

static void
test_librabbitmq_missing (Bare *bare, gconstpointer data)
{
  check_database ("--database=amqps://wp:secret@127.0.0.1:1/wp", "wp-amqp.so");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/module-missing/libsoup", Bare, NULL, set_up, test_libsoup_missing, tear_down);
  g_test_add ("/module-missing/soup-protocol", Bare, NULL, set_up, test_soup_protocol, tear_down);
  g_test_add ("/module-missing/openssl", Bare, NULL, set_up, test_openssl_missing, tear_down);

  g_test_add ("/module-missing/libpq", Bare, NULL, set_up, test_libpq_missing, tear_down);
  g_test_add ("/module-missing/librabbitmq", Bare, NULL, set_up, test_librabbitmq_missing, tear_down);

  return g_test_run ();
}
