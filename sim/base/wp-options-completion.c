#include "sim/base/wp-options.h"

#include <string.h>

const char *const wp_shell_names[] = { "bash", "zsh", "fish", NULL };

typedef void (*AppendOption) (GString *text, const WpOption *option, const char *subcommand);

/* @append: for each option that --help shows, those of every program too. */
static void
append_each (GString *text, const WpCommandLine *self, const char *subcommand, AppendOption append)
{
  const WpOptionGroup *const tables[] = { self->groups, wp_options_own_groups };

  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    for (const WpOptionGroup *group = tables[i]; group->options; group++)
      for (const WpOption *option = group->options; option->name; option++)
        if (option->help)
          append (text, option, subcommand);
}

static void
append_bash_word (GString *text, const WpOption *option, const char *subcommand)
{
  g_string_append_printf (text, " --%s%s", option->name, option->argument ? "=" : "");
}

/* A case of the script, such as "compare--format". */
static void
append_bash_choice (GString *text, const WpOption *option, const char *subcommand)
{
  g_autofree char *names = option->names ? g_strjoinv (" ", (char **) option->names) : NULL;

  if (!names)
    return;
  g_string_append_printf (text, "    %s--%s", subcommand, option->name);
  if (option->letter)
    g_string_append_printf (text, "|%s-%c", subcommand, option->letter);
  g_string_append_printf (text, ") words=\"%s\" ;;\n", names);
}

static void
append_bash_words (GString *text, const WpCommandLine *self, const char *subcommand)
{
  g_string_append_printf (text, "    %s*) [[ $word == -* ]] && words=\"", subcommand);
  append_each (text, self, subcommand, append_bash_word);
  g_string_append (text, "\" ;;\n");
}

/* bash splits words at the "=" of --mode=all (COMP_WORDBREAKS). If no word fits, it completes files
 * (-o default). */
static void
append_bash (GString *text, const WpCommandLine *self, const char *function)
{
  const char *program = g_get_prgname (), *name = self->subcommand_name;

  g_string_append_printf (
      text, "# bash completion of %s\n%s ()\n{\n  local word=$2 before=$3 words= subcommand=\n\n", program,
      function);
  g_string_append (text, "  [[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD - 2]}\n"
                         "  [[ $word == = ]] && word=\n");
  if (name)
    g_string_append_printf (
        text,
        "  [[ $COMP_CWORD -gt 1 && ${COMP_WORDS[1]} == %s ]] && subcommand=%s\n"
        "  [[ $COMP_CWORD == 1 && -n $word && %s == \"$word\"* ]] && before=\"%s \" words=%s\n",
        name, name, name, name, name);
  g_string_append (text, "  case $subcommand$before in\n");
  if (name)
    {
      g_string_append_printf (text, "    \"%s \") ;;\n", name);
      append_each (text, self->subcommand, name, append_bash_choice);
      append_bash_words (text, self->subcommand, name);
    }
  append_each (text, self, "", append_bash_choice);
  append_bash_words (text, self, "");
  g_string_append (text, "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
                         "  [[ ${COMPREPLY[0]} == --*= ]] && compopt -o nospace\n}\n");
  g_string_append_printf (text, "complete -o default -F %s %s\n", function, program);
}

/* @escaped: each gets a backslash. A single quote ends the quoted text for a moment. */
static void
append_quoted (GString *text, const char *plain, const char *escaped)
{
  for (; *plain; plain++)
    {
      if (*plain == '\'')
        g_string_append (text, "'\\''");
      else
        {
          if (strchr (escaped, *plain))
            g_string_append_c (text, '\\');
          g_string_append_c (text, *plain);
        }
    }
}

/* '(-m --mode)'{-m+,--mode=}'[the mode]:MODE:(Default WorkerPool)' \ */
static void
append_zsh_option (GString *text, const WpOption *option, const char *subcommand)
{
  const char *sign = option->argument ? "=" : "";

  g_string_append (text, " \\\n    ");
  if (option->letter)
    g_string_append_printf (text, "'*'{-%c%s,--%s%s}'[", option->letter, option->argument ? "+" : "",
                            option->name, sign);
  else
    g_string_append_printf (text, "'*--%s%s[", option->name, sign);
  append_quoted (text, option->help, "[]:\\");
  g_string_append_c (text, ']');
  if (option->argument)
    {
      g_string_append_c (text, ':');
      append_quoted (text, option->argument, ":\\");
      g_string_append_c (text, ':');
    }
  if (option->names)
    {
      g_autofree char *names = g_strjoinv (" ", (char **) option->names);

      g_string_append_printf (text, "(%s)", names);
    }
  else if (option->kind == WP_OPTION_FILE)
    g_string_append (text, "_files");
  g_string_append_c (text, '\'');
}

static void
append_zsh_arguments (GString *text, const WpCommandLine *self, const char *subcommand)
{
  g_string_append (text, "_arguments -S");
  append_each (text, self, subcommand, append_zsh_option);
  g_string_append (text, " \\\n    '*:file:_files'\n");
}

static void
append_zsh (GString *text, const WpCommandLine *self)
{
  const char *name = self->subcommand_name;

  g_string_append_printf (text, "#compdef %s\n", g_get_prgname ());
  if (name)
    {
      g_string_append_printf (text,
                              "if [[ $CURRENT -gt 2 && $words[2] == %s ]]; then\n  shift words\n"
                              "  (( CURRENT-- ))\n  ",
                              name);
      append_zsh_arguments (text, self->subcommand, name);
      g_string_append_printf (text, "  return\nfi\n(( CURRENT == 2 )) && compadd %s\n", name);
    }
  append_zsh_arguments (text, self, "");
}

static void
append_fish_option (GString *text, const WpOption *option, const char *subcommand)
{
  g_string_append_printf (text, "complete -c %s%s -l %s", g_get_prgname (), subcommand, option->name);
  if (option->letter)
    g_string_append_printf (text, " -s %c", option->letter);
  if (option->names)
    {
      g_autofree char *names = g_strjoinv (" ", (char **) option->names);

      g_string_append_printf (text, " -x -a '%s'", names);
    }
  else if (option->argument)
    g_string_append (text, option->kind == WP_OPTION_FILE ? " -r -F" : " -x");
  g_string_append (text, " -d '");
  append_quoted (text, option->help, "\\");
  g_string_append (text, "'\n");
}

static void
append_fish (GString *text, const WpCommandLine *self)
{
  const char *name = self->subcommand_name;
  g_autofree char *within = NULL, *without = NULL;

  g_string_append_printf (text, "# fish completion of %s\n", g_get_prgname ());
  if (name)
    {
      within = g_strdup_printf (" -n '__fish_seen_subcommand_from %s'", name);
      without = g_strdup_printf (" -n 'not __fish_seen_subcommand_from %s'", name);
      g_string_append_printf (text, "complete -c %s -n '__fish_is_first_token' -a %s\n", g_get_prgname (),
                              name);
      append_each (text, self->subcommand, within, append_fish_option);
    }
  append_each (text, self, without ? without : "", append_fish_option);
}

char *
wp_options_format_completion (const WpCommandLine *self, WpShell shell)
{
  g_autofree char *function = g_strdelimit (g_strconcat ("_", g_get_prgname (), NULL), "-", '_');
  GString *text = g_string_new (NULL);

  switch (shell)
    {
    case WP_SHELL_BASH:
      append_bash (text, self, function);
      break;
    case WP_SHELL_ZSH:
      append_zsh (text, self);
      break;
    case WP_SHELL_FISH:
      append_fish (text, self);
      break;
    }
  return g_string_free (text, FALSE);
}
