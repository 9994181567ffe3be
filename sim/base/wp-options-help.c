#include "sim/base/wp-options.h"

#include <string.h>

#define HELP_COLUMNS 110

static const WpOption own_options[]
    = { { "help", 'h', WP_OPTION_FLAG, .help = "print this help" },
        { "version", 0, WP_OPTION_FLAG, .help = "print the version" },
        { "completion", 0, WP_OPTION_CHOICE, "SHELL",
          .help = "print a script that completes the options: bash, zsh or fish", .names = wp_shell_names },
        { NULL } };
const WpOptionGroup wp_options_own_groups[] = { { "Help", own_options, 0, 0 }, { NULL, NULL, 0, 0 } };

/* "  -m, --mode=MODE" */
static char *
format_option (const WpOption *option)
{
  char letter[] = { '-', option->letter, ',', ' ', '\0' };

  return g_strdup_printf ("  %s--%s%s%s", option->letter ? letter : "", option->name,
                          option->argument ? "=" : "", option->argument ? option->argument : "");
}

static gsize
find_width (const WpOptionGroup *group)
{
  gsize width = 0;

  for (; group->options; group++)
    for (const WpOption *option = group->options; option->name; option++)
      {
        g_autofree char *shown = format_option (option);

        width = option->help ? MAX (width, strlen (shown)) : width;
      }
  return width;
}

/* Breaks @help at blanks; every line starts at column @indent. */
static void
append_wrapped (GString *text, const char *help, gsize indent)
{
  g_auto (GStrv) words = g_strsplit (help, " ", -1);
  gsize column = indent;

  for (guint i = 0; words[i]; i++)
    {
      gsize len = strlen (words[i]);

      if (i > 0 && column + 1 + len > HELP_COLUMNS)
        {
          g_string_append_printf (text, "\n%*s", (int) indent, "");
          column = indent;
        }
      else if (i > 0)
        {
          g_string_append_c (text, ' ');
          column++;
        }
      g_string_append (text, words[i]);
      column += len;
    }
  g_string_append_c (text, '\n');
}

static void
append_groups (GString *text, const WpOptionGroup *group, gsize width)
{
  for (; group->options; group++)
    {
      if (group->title)
        g_string_append_printf (text, "\n%s:\n", group->title);
      for (const WpOption *option = group->options; option->name; option++)
        {
          g_autofree char *shown = format_option (option);

          if (!option->help)
            continue;
          g_string_append_printf (text, "%-*s  ", (int) width, shown);
          append_wrapped (text, option->help, width + 2);
        }
    }
}

char *
wp_options_format_help (const WpCommandLine *self)
{
  GString *text = g_string_new (NULL);
  gsize width = MAX (find_width (self->groups), find_width (wp_options_own_groups));

  g_string_append_printf (text, "Usage:\n  %s [OPTION...]%s%s\n\n%s\n", g_get_prgname (),
                          self->parameters ? " " : "", self->parameters ? self->parameters : "",
                          self->summary);
  append_groups (text, self->groups, width);
  append_groups (text, wp_options_own_groups, width);
  return g_string_free (text, FALSE);
}
