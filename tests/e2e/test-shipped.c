/* The installed files work together: the unit, the configuration, the programs, the man pages and the
 * completions. */
#include "tests/e2e/wp-certificate.h"
#include "tests/e2e/wp-child.h"
#include "tests/e2e/wp-client.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
  char *root;        /* all is installed below */
  char *unit, *conf; /* their texts */
  char **command;    /* the command line of the unit; [1] is the configuration */
} Shipped;

/* The first file of that name below @folder; NULL: there is none. */
static char *
find (const char *folder, const char *name)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  char *found = NULL;

  for (const char *entry; dir && !found && (entry = g_dir_read_name (dir));)
    {
      g_autofree char *path = g_build_filename (folder, entry, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        found = find (path, name);
      else if (g_str_equal (entry, name))
        found = g_steal_pointer (&path);
    }
  return found;
}

/* Of the unit: the last one with that key. */
static char *
setting (const Shipped *self, const char *key)
{
  g_autofree char *pattern = g_strdup_printf ("(?s).*^%s=([^\\n]*)$", key);
  g_autoptr (GRegex) regex = g_regex_new (pattern, G_REGEX_MULTILINE, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  if (!g_regex_match (regex, self->unit, 0, &match))
    g_error ("the unit has no %s", key);
  return g_match_info_fetch (match, 1);
}

static void
set_up (Shipped *self, gconstpointer data)
{
  const char *argv[] = { "meson",     "install", "-C", g_getenv ("WP_BUILD_ROOT"), "--no-rebuild", "--quiet",
                         "--destdir", NULL,      NULL };
  g_autofree char *unit = NULL, *start = NULL, *conf = NULL, *output = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  argv[7] = self->root = g_dir_make_tmp ("wp-shipped-XXXXXX", NULL);
  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                &output, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  unit = find (self->root, "wp-server.service");
  g_assert_nonnull (unit);
  g_assert_true (g_file_get_contents (unit, &self->unit, NULL, NULL));
  start = setting (self, "ExecStart");
  self->command = g_strsplit (start, " ", -1);
  g_assert_cmpuint (g_strv_length (self->command), ==, 2);
  g_assert_true (g_str_has_prefix (self->command[1], "--config="));
  conf = g_build_filename (self->root, self->command[1] + strlen ("--config="), NULL);
  g_assert_true (g_file_get_contents (conf, &self->conf, NULL, NULL));
}

static void
remove_folder (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);

  for (const char *name; dir && (name = g_dir_read_name (dir));)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      if (g_file_test (file, G_FILE_TEST_IS_DIR) && !g_file_test (file, G_FILE_TEST_IS_SYMLINK))
        remove_folder (file);
      else
        g_unlink (file);
    }
  g_rmdir (path);
}

static void
tear_down (Shipped *self, gconstpointer data)
{
  remove_folder (self->root);
  g_free (self->root);
  g_free (self->unit);
  g_free (self->conf);
  g_strfreev (self->command);
}

/* A folder of the system's that the unit has made for the server. */
static char *
make_folder (const Shipped *self, const char *parent, const char *key)
{
  g_autofree char *name = setting (self, key), *path = g_build_filename (self->root, parent, name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
  return g_steal_pointer (&path);
}

/* As the unit starts it, below our folder, with @conf for its configuration, and options behind what it says.
 * Until it serves. */
static WpChild *
start (const Shipped *self, const char *state, const char *conf, const char *const *options)
{
  g_autofree char *umask_text = setting (self, "UMask"), *path = g_build_filename (self->root, "conf", NULL),
                  *log = NULL;
  g_autofree char *program = g_build_filename (self->root, self->command[0], NULL),
                  *config = g_strconcat ("--config=", path, NULL);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  mode_t before = umask ((mode_t) g_ascii_strtoull (umask_text, NULL, 8));
  WpChild *server;

  g_assert_true (g_file_set_contents (path, conf, -1, NULL));
  g_ptr_array_add (argv, program);
  g_ptr_array_add (argv, config);
  for (; *options; options++)
    g_ptr_array_add (argv, (gpointer) *options);
  g_ptr_array_add (argv, NULL);
  server = wp_child_new (state, (char **) argv->pdata, NULL);
  umask (before);
  log = g_build_filename (state, WP_CHILD_LOG, NULL);
  for (gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;;)
    {
      g_autofree char *said = NULL;

      g_assert_true (g_file_get_contents (log, &said, NULL, NULL));
      if (strstr (said, "listening on "))
        return server;
      if (wp_child_wait (server, g_get_monotonic_time () + 2000) || g_get_monotonic_time () > until_us)
        g_error ("it does not start: %s", said);
    }
}

static void
stop (WpChild *server)
{
  wp_child_signal (server, SIGTERM);
  g_assert_true (wp_child_wait (server, g_get_monotonic_time () + WP_PATIENCE_US));
  g_assert_cmpint (wp_child_status (server), ==, 0);
  wp_child_free (server);
}

static void
test_as_it_is (Shipped *self, gconstpointer data)
{
  static const char *const options[] = { "--listen=127.0.0.1:0", "--admin=127.0.0.1:0", NULL };
  g_autofree char *state = make_folder (self, "var/lib", "StateDirectory"),
                  *log = g_build_filename (state, WP_CHILD_LOG, NULL), *said = NULL;
  g_autofree char *type = setting (self, "Type"), *folder = setting (self, "WorkingDirectory"),
                  *expected = NULL;
  g_autofree char *name = setting (self, "StateDirectory"),
                  *database = g_build_filename (state, "wp.db", NULL);
  WpChild *server = start (self, state, self->conf, options);
  g_autoptr (WpClient) client = NULL;
  struct stat status;
  guint port;

  expected = g_strconcat ("%S/", name, NULL);
  g_assert_cmpstr (type, ==, "notify");
  g_assert_cmpstr (folder, ==, expected);
  g_assert_true (g_file_get_contents (log, &said, NULL, NULL));
  g_assert_cmpint (sscanf (strstr (said, "listening on "), "listening on http://127.0.0.1:%u/", &port), ==,
                   1);
  client = wp_client_new ((guint16) port);
  wp_client_post (client, "/", NULL, "hello", 5);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_clear_pointer (&client, wp_client_free);
  stop (server);
  g_assert_cmpint (g_stat (database, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 07777, ==, 0600);
}

/* The settings that are there as comments, put into force, of the system's folders those below ours; where
 * one is there twice, the last holds. */
static char *
put_in_force (const Shipped *self)
{
  g_autoptr (GRegex) regex = g_regex_new ("^#([a-z-]+ = )", G_REGEX_MULTILINE, 0, NULL);
  g_autofree char *all = g_regex_replace (regex, self->conf, -1, 0, "\\1", 0, NULL);
  g_autofree char *etc = g_strdup_printf (" %s/etc/", self->root),
                  *run = g_strdup_printf (" unix:%s/run/", self->root);
  g_autofree char *group = g_strdup_printf ("socket-group = %u", getgid ());
  GString *text = g_string_new (all);

  g_assert_cmpuint (g_string_replace (text, " /etc/", etc, 0), ==, 4);
  g_assert_cmpuint (g_string_replace (text, " unix:/run/", run, 0), ==, 1);
  g_assert_cmpuint (g_string_replace (text, "socket-group = wp-server", group, 0), ==, 1);

  return g_string_free (text, FALSE);
}

/* The lines of the configuration about TLS and tokens. */
static void
make_secrets (const Shipped *self)
{
  g_autofree char *etc = g_build_filename (self->root, "etc/wp-server", NULL),
                  *tokens = g_build_filename (etc, "tokens", NULL),
                  *admin_tokens = g_build_filename (etc, "admin-tokens", NULL);
  g_autofree char *written = g_build_filename (etc, "certificate.key", NULL),
                  *key = g_build_filename (etc, "key.pem", NULL);

  g_assert_cmpint (g_mkdir_with_parents (etc, 0700), ==, 0);
  wp_certificate_write (etc, "certificate");
  g_assert_cmpint (g_rename (written, key), ==, 0);
  g_assert_true (g_file_set_contents_full (tokens, "secret\n", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  g_assert_true (
      g_file_set_contents_full (admin_tokens, "other\n", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static void
test_with_all_settings (Shipped *self, gconstpointer data)
{
  static const char *const options[] = { "--admin=127.0.0.1:0", NULL };
  g_autofree char *state = make_folder (self, "var/lib", "StateDirectory"),
                  *run = make_folder (self, "run", "RuntimeDirectory");
  g_autofree char *conf = put_in_force (self), *socket = g_build_filename (run, "socket", NULL);
  struct stat status;
  WpChild *server;

  make_secrets (self);
  server = start (self, state, conf, options);
  g_assert_cmpint (g_stat (socket, &status), ==, 0);
  g_assert_cmpuint (status.st_mode, ==, S_IFSOCK | 0660);
  stop (server);
  g_assert_false (g_file_test (socket, G_FILE_TEST_EXISTS));
}

/* The drain may finish before systemd loses patience. */
static void
test_time_to_stop (Shipped *self, gconstpointer data)
{
  g_autofree char *patience = setting (self, "TimeoutStopSec");
  const char *drain = strstr (self->conf, "\n#drain-timeout = ");

  g_assert_nonnull (drain);
  g_assert_cmpuint (g_ascii_strtoull (patience, NULL, 10), >,
                    g_ascii_strtoull (drain + strlen ("\n#drain-timeout = "), NULL, 10) + 1);
}

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* The options in @text, one a line and sorted: letter, name, argument. @pattern has these for its groups. */
static char *
list_options (const char *text, const char *pattern)
{
  g_autoptr (GRegex) regex = g_regex_new (pattern, G_REGEX_MULTILINE, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autoptr (GPtrArray) options = g_ptr_array_new_with_free_func (g_free);

  for (g_regex_match (regex, text, 0, &match); g_match_info_matches (match); g_match_info_next (match, NULL))
    g_ptr_array_add (options, g_match_info_expand_references (match, "\\1 --\\2 \\3", NULL));
  g_ptr_array_sort (options, compare_texts);
  g_ptr_array_add (options, NULL);
  return g_strjoinv ("\n", (char **) options->pdata);
}

/* The text after each .TP of a section, without its markup. */
static char *
find_man_entries (const char *page, const char *section)
{
  g_autofree char *start = g_strdup (strstr (page, section));
  g_autoptr (GRegex) regex = g_regex_new ("^\\.TP\n\\.BR? (.*)$", G_REGEX_MULTILINE, 0, NULL);
  g_autoptr (GRegex) markup = g_regex_new ("\\\\f.|\\\\|\"| (?==)", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autoptr (GString) entries = g_string_new (NULL);

  *strstr (start + 1, "\n.SH ") = '\0';
  for (g_regex_match (regex, start, 0, &match); g_match_info_matches (match); g_match_info_next (match, NULL))
    {
      g_autofree char *entry = g_match_info_fetch (match, 1),
                      *plain = g_regex_replace (markup, entry, -1, 0, "", 0, NULL);

      g_string_append_printf (entries, "%s\n", plain);
    }
  return g_string_free (g_steal_pointer (&entries), FALSE);
}

/* A macro of two fonts joins all words of its line: a sentence in it would lose its spaces. */
static void
assert_no_joined_sentence (const char *page)
{
  g_autoptr (GRegex) joined
      = g_regex_new ("^\\.[BIR]{2} (?:\"[^\"\n]*\"|[^\"\n])*?[\\w)][.,;] \\w.*$", G_REGEX_MULTILINE, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  if (g_regex_match (joined, page, 0, &match))
    {
      g_autofree char *line = g_match_info_fetch (match, 0);

      g_error ("end the line after the macro's words: %s", line);
    }
}

static const char *const programs[] = { "wp-server", "wp-sim", "wp-replay" }; /* the first is a daemon */

static void
test_man_pages (Shipped *self, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_autofree char *bin = g_path_get_dirname (self->command[0]),
                      *program = g_build_filename (self->root, bin, programs[i], NULL);
      g_autofree char *name = g_strconcat (programs[i], i == 0 ? ".8" : ".1", NULL),
                      *path = find (self->root, name);
      g_autofree char *help = NULL, *page = NULL, *entries = NULL, *in_help = NULL, *in_page = NULL;
      const char *argv[] = { program, "--help", NULL };

      g_assert_true (
          g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &help, NULL, NULL, NULL));
      g_assert_true (g_file_get_contents (path, &page, NULL, NULL));
      assert_no_joined_sentence (page);
      entries = find_man_entries (page, "\n.SH OPTIONS");
      in_help = list_options (help, "^  (?:-(\\w), )?--([a-z-]+)(?:=(\\S+))?");
      in_page = list_options (entries, "(?:-(\\w) ,  )?--([a-z-]+)(?:=([^\\s,]+))?");
      g_assert_nonnull (strstr (in_help, "h --help "));
      g_assert_cmpstr (in_page, ==, in_help);
    }
}

/* wp-trace(5) has an entry for each column and each note of what wp-sim writes. */
static void
test_trace_page (Shipped *self, gconstpointer data)
{
  g_autofree char *bin = g_path_get_dirname (self->command[0]), *path = find (self->root, "wp-trace.5");
  g_autofree char *program = g_build_filename (self->root, bin, "wp-sim", NULL);
  g_autofree char *written = NULL, *page = NULL, *columns = NULL, *notes = NULL;
  const char *argv[] = { program, "--mode=WorkerPool", "--synthetic=constant:rate=5,n=3", "--jobs=-", NULL };
  g_auto (GStrv) lines = NULL;
  guint n_names = 0;

  g_assert_nonnull (path);
  g_assert_true (g_file_get_contents (path, &page, NULL, NULL));
  g_assert_true (
      g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &written, NULL, NULL, NULL));
  columns = find_man_entries (page, "\n.SH COLUMNS");
  notes = find_man_entries (page, "\n.SH NOTES");
  lines = g_strsplit (written, "\n", -1);
  for (char **line = lines; n_names == 0 || line[-1][0] == '#'; line++)
    {
      char *colon = strchr (*line, ':');
      g_auto (GStrv) names = NULL;

      g_assert_nonnull (*line);
      if (colon)
        *colon = '\0';
      names = g_strsplit (colon ? *line + 2 : *line, ",", -1);
      for (char **name = names; *name; name++, n_names++)
        {
          g_autofree char *pattern = g_strdup_printf ("(?m)(^|[ ,])%s([ ,]|$)", *name);

          g_test_message ("%s", *name);
          g_assert_true (g_regex_match_simple (pattern, colon ? notes : columns, 0, 0));
        }
    }
  g_assert_cmpuint (n_names, >=, 18);
}

/* Each shell finds the script of each program where its package puts others. */
static void
test_completion (Shipped *self, gconstpointer data)
{
  static const struct {
    const char *place, *ending, *start;
  } shells[] = {
    { "bash-completion/completions/", "", "# bash completion of " },
    { "zsh/vendor-completions/_", "", "#compdef " },
    { "fish/vendor_completions.d/", ".fish", "# fish completion of " },
  };

  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    for (guint k = 0; k < G_N_ELEMENTS (shells); k++)
      {
        g_autofree char *bin = g_path_get_dirname (self->command[0]), *script = NULL;
        g_autofree char *name = g_strconcat (shells[k].place, programs[i], shells[k].ending, NULL);
        g_autofree char *start = g_strconcat (shells[k].start, programs[i], "\n", NULL);
        g_autofree char *path = g_build_filename (self->root, bin, "../share", name, NULL);

        g_assert_true (g_file_get_contents (path, &script, NULL, NULL));
        g_assert_true (g_str_has_prefix (script, start));
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/shipped/unit-and-configuration", Shipped, NULL, set_up, test_as_it_is, tear_down);
  g_test_add ("/shipped/with-all-settings", Shipped, NULL, set_up, test_with_all_settings, tear_down);
  g_test_add ("/shipped/time-to-stop", Shipped, NULL, set_up, test_time_to_stop, tear_down);
  g_test_add ("/shipped/man-pages-have-the-options", Shipped, NULL, set_up, test_man_pages, tear_down);
  g_test_add ("/shipped/trace-page", Shipped, NULL, set_up, test_trace_page, tear_down);
  g_test_add ("/shipped/completion", Shipped, NULL, set_up, test_completion, tear_down);

  return g_test_run ();
}
