/* The scripts for shells, each run by its shell. */
#include "sim/base/wp-options.h"

static const char *const colours[] = { "red", "green", "blue", NULL }, *const shades[]
                                                                       = { "dark", "light", NULL };

static const WpOption options[]
    = { { "places", 'p', WP_OPTION_COUNT, "N", 0, 0, "how many: not [none]" },
        { "name", 'n', WP_OPTION_FILE, "FILE", 0, 0, "the file's name" },
        { "loud", 0, WP_OPTION_FLAG, .help = "shout" },
        { "colour", 'c', WP_OPTION_CHOICE, "NAME", 0, 0, "of all", .names = colours },
        { "color", 0, WP_OPTION_CHOICE, "NAME", 0, 0, .names = colours },
        { NULL } };
static const WpOption part_options[]
    = { { "shade", 's', WP_OPTION_CHOICE, "SHADE", 0, 0, "of one", .names = shades }, { NULL } };
static const WpOptionGroup groups[] = { { "All", options, 0, 0 }, { NULL, NULL, 0, 0 } },
                           part_groups[] = { { "Part", part_options, 0, 0 }, { NULL, NULL, 0, 0 } };
static const WpCommandLine part = { "FILE", "Does less.", part_groups },
                           plain = { "FILE", "Does nothing.", groups },
                           whole = { "FILE", "Does nothing.", groups, "part", &part };

/* What the shell prints for @command after the script of @program. */
static char *
run (const WpCommandLine *program, WpShell shell, const char *before, const char *command)
{
  g_autofree char *script = wp_options_format_completion (program, shell);
  g_autofree char *text = g_strconcat (before, script, "\n", command, NULL);
  const char *argv[] = { wp_shell_names[shell], "-c", text, NULL };
  g_autofree char *errors = NULL;
  g_autoptr (GError) error = NULL;
  char *output = NULL;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, &errors, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (errors, ==, "");

  return g_strchomp (output);
}

static gboolean
has_shell (WpShell shell)
{
  g_autofree char *path = g_find_program_in_path (wp_shell_names[shell]);

  if (!path)
    g_test_skip_printf ("there is no %s", wp_shell_names[shell]);
  return path != NULL;
}

/* bash's own variables and arguments, as it sets them while the last of the words is typed. */
static void
test_bash (void)
{
  static const struct {
    const WpCommandLine *program;
    const char *words, *typed, *before, *expected;
  } cases[] = {
    { &plain, "wp --na", "--na", "wp", "--name=" },
    { &plain, "wp x --", "--", "x", "--places= --name= --loud --colour= --help --version --completion=" },
    { &plain, "wp --colour =", "", "--colour", "red green blue" },
    { &plain, "wp --colour = b", "b", "=", "blue" },
    { &plain, "wp -c g", "g", "-c", "green" },
    { &plain, "wp --name = r", "r", "=", "" },
    { &plain, "wp --completion = f", "f", "=", "fish" },
    { &plain, "wp p", "p", "wp", "" },
    { &whole, "wp p", "p", "wp", "part" },
    { &whole, "wp part --", "--", "part", "--shade= --help --version --completion=" },
    { &whole, "wp part -s ''", "", "-s", "dark light" },
    { &whole, "wp -c g", "g", "-c", "green" },
    { &whole, "wp --sh", "--sh", "wp", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *command
          = g_strdup_printf ("compopt () { :; }\nCOMP_WORDS=(%s)\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
                             "_wp wp '%s' '%s'\necho \"${COMPREPLY[*]}\"",
                             cases[i].words, cases[i].typed, cases[i].before);
      g_autofree char *output = run (cases[i].program, WP_SHELL_BASH, "", command);

      g_assert_cmpstr (output, ==, cases[i].expected);
    }
}

/* fish completes a line that is given to it; behind each word comes its help. */
static void
test_fish (void)
{
  static const struct {
    const char *line, *expected;
  } cases[] = {
    { "wp --na", "--name\tthe file's name" },
    { "wp -c g", "green\tof all" },
    { "wp --colour=b", "--colour=blue\tof all" },
    { "wp part --sh", "--shade\tof one" },
    { "wp part -s d", "dark\tof one" },
    { "wp par", "part" },
    { "wp --sh", "" },
    { "wp part --lo", "" },
  };

  if (!has_shell (WP_SHELL_FISH))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *command = g_strdup_printf ("complete -C '%s'", cases[i].line);
      g_autofree char *output = run (&whole, WP_SHELL_FISH, "", command);

      g_assert_cmpstr (output, ==, cases[i].expected);
    }
}

/* zsh hands the table to _arguments, which is replaced by what prints it. */
static void
test_zsh (void)
{
  static const char seen[]
      = "_arguments () { print -rl -- \"$@\" }; compadd () { print -r -- \"compadd $*\" }\n"
        "f () {\n";
  static const struct {
    const char *words, *expected;
  } cases[] = {
    { "words=(wp x); CURRENT=2",
      "compadd part\n-S\n"
      "*-p+[how many\\: not \\[none\\]]:N:\n*--places=[how many\\: not \\[none\\]]:N:\n"
      "*-n+[the file's name]:FILE:_files\n*--name=[the file's name]:FILE:_files\n*--loud[shout]\n"
      "*-c+[of all]:NAME:(red green blue)\n*--colour=[of all]:NAME:(red green blue)\n" },
    { "words=(wp part x); CURRENT=3",
      "-S\n*-s+[of one]:SHADE:(dark light)\n*--shade=[of one]:SHADE:(dark light)\n" },
  };

  if (!has_shell (WP_SHELL_ZSH))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *command = g_strdup_printf ("}\n%s; f", cases[i].words);
      g_autofree char *output = run (&whole, WP_SHELL_ZSH, seen, command);

      g_assert_true (g_str_has_prefix (output, cases[i].expected));
      g_assert_true (g_str_has_suffix (output, "\n*:file:_files"));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_set_prgname ("wp");
  g_test_add_func ("/completion/bash", test_bash);
  g_test_add_func ("/completion/fish", test_fish);
  g_test_add_func ("/completion/zsh", test_zsh);

  return g_test_run ();
}
