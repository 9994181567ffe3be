#include "sim/trace/wp-foreign.h"

#include <string.h>

#include "sim/base/wp-error.h"

#define LONGEST_BYTES 96 /* where the last of these bytes lie */
#define INNER_AT      30 /* the name of a zip archive's first member */
#define TAR_AT        257
#define UTF16_BYTES   4

/* @inner: what else tells it, at INNER_AT; NULL: nothing. The file's name stands between @command and @after.
 */
typedef struct {
  const char *magic;
  gsize len;
  const char *inner, *what, *command, *after;
} Foreign;

#define SHEET "libreoffice --headless --convert-to csv"

static const Foreign foreign[] = {
  { "\xfd"
    "7zXZ",
    6, NULL, "xz", "xz -dc", "" },
  { "\x5d\0\0", 3, NULL, "lzma", "xz -dc", "" },
  { "BZh", 3, NULL, "bzip2", "bzip2 -dc", "" },
  { "\x04\x22\x4d\x18", 4, NULL, "lz4", "lz4 -dc", "" },
  { "7z\xbc\xaf\x27\x1c", 6, NULL, "7z", "7z x", "" },
  { "PAR1", 4, NULL, "Parquet", "parquet-tools csv", "" },
  { "SQLite format 3", 16, NULL, "a database of SQLite", "sqlite3 -csv -header", " 'SELECT * FROM TABLE'" },
  { "PK\3\4", 4, "mimetypeapplication/vnd.oasis", "a spreadsheet", SHEET, "" },
  { "PK\3\4", 4, "[Content_Types].xml", "a spreadsheet", SHEET, "" },
  { "PK\3\4", 4, "_rels/", "a spreadsheet", SHEET, "" },
  { "PK\3\4", 4, "docProps/", "a spreadsheet", SHEET, "" },
  { "PK\3\4", 4, "xl/", "a spreadsheet", SHEET, "" },
  { "PK\3\4", 4, NULL, "zip", "unzip", "" },
  { "\xd0\xcf\x11\xe0", 4, NULL, "a spreadsheet", SHEET, "" },
  { "\x1f\x8b", 2, NULL, "packed twice", "zcat", " | zcat" },
  { "\xff\xfe\0", 4, NULL, "UTF-32", "iconv -f UTF-32 -t UTF-8", "" },
  { "\xff\xfe", 2, NULL, "UTF-16", "iconv -f UTF-16 -t UTF-8", "" },
  { "\xfe\xff", 2, NULL, "UTF-16", "iconv -f UTF-16 -t UTF-8", "" },
};

/* As a shell takes it. */
static char *
name_for_command (const WpInput *input)
{
  const char *name = wp_input_name (input);
  g_autofree char *path = g_strconcat (*name == '-' ? "./" : "", name, NULL);

  return wp_input_is_standard (input) ? g_strdup ("FILE") : g_shell_quote (path);
}

static gboolean
fail (const WpReadBuffer *window, const char *what, const char *command, const char *after, GError **error)
{
  g_autofree char *name = name_for_command (window->input);

  g_set_error (error, WP_ERROR, WP_ERROR_BAD_TRACE, "this is %s: convert it, %s %s%s", what, command, name,
               after);
  wp_read_buffer_prefix (window, window->line, error);

  return FALSE;
}

/* Are the bytes read so far, @len, its first ones? */
static gboolean
may_be (const Foreign *kind, const char *bytes, gsize len)
{
  return memcmp (bytes, kind->magic, MIN (len, kind->len)) == 0;
}

static gboolean
is_kind (const Foreign *kind, const char *bytes, gsize len)
{
  return len >= kind->len && may_be (kind, bytes, len)
         && (kind->inner == NULL
             || (len >= INNER_AT + strlen (kind->inner)
                 && memcmp (bytes + INNER_AT, kind->inner, strlen (kind->inner)) == 0));
}

/* Latin letters, each beside a zero byte. */
static const char *
find_utf16 (const char *bytes, gsize len)
{
  if (len < UTF16_BYTES)
    return NULL;
  if (g_ascii_isprint (bytes[0]) && bytes[1] == '\0' && g_ascii_isprint (bytes[2]) && bytes[3] == '\0')
    return "iconv -f UTF-16LE -t UTF-8";

  return bytes[0] == '\0' && g_ascii_isprint (bytes[1]) && bytes[2] == '\0' && g_ascii_isprint (bytes[3])
             ? "iconv -f UTF-16BE -t UTF-8"
             : NULL;
}

/* A text has a line feed there, and its reader waits for that. */
static gboolean
may_be_tar (const char *bytes, gsize len)
{
  return memchr (bytes, '\n', MIN (len, TAR_AT)) == NULL;
}

/* Reads on while the bytes so far may be those of a foreign file. */
static gboolean
fill (WpReadBuffer *window, GError **error)
{
  for (;;)
    {
      gsize len = (gsize) (window->end - window->at);
      gboolean may = len < UTF16_BYTES || (len < TAR_AT + 5 && may_be_tar (window->at, len));

      for (gsize i = 0; i < G_N_ELEMENTS (foreign) && !may; i++)
        may = may_be (&foreign[i], window->at, len);
      if (!may || len >= MAX (LONGEST_BYTES, TAR_AT + 5) || window->at_eof)
        return TRUE;
      if (!wp_read_buffer_fill (window, error))
        return FALSE;
    }
}

gboolean
wp_foreign_check (WpReadBuffer *window, GError **error)
{
  const char *command;
  gsize len;

  if (!fill (window, error))
    return FALSE;
  len = (gsize) (window->end - window->at);
  for (gsize i = 0; i < G_N_ELEMENTS (foreign); i++)
    if (is_kind (&foreign[i], window->at, len))
      return fail (window, foreign[i].what, foreign[i].command, foreign[i].after, error);
  if ((command = find_utf16 (window->at, len)) != NULL)
    return fail (window, "UTF-16", command, "", error);

  return len < TAR_AT + 5 || !may_be_tar (window->at, len) || memcmp (window->at + TAR_AT, "ustar", 5) != 0
         || fail (window, "tar", "tar -xf", "", error);
}

gboolean
wp_foreign_check_line (const WpReadBuffer *window, const char *line, gsize len, GError **error)
{
  static const char docker[] = "{\"log\":";
  const char *cr = memchr (line, '\r', len);
  gsize rest = 1;

  while (rest < len && g_ascii_isspace (line[rest]))
    rest++;
  if (*line == '[' && (rest == len || line[rest] == '{'))
    return fail (window, "a JSON array", "jq -c '.[]'", "", error);
  if (len >= strlen (docker) && memcmp (line, docker, strlen (docker)) == 0
      && memmem (line, len, "\"stream\":", 9) != NULL)
    return fail (window, "a log of Docker, with the server's lines in it", "jq -rj .log", "", error);
  if (*line == '{' && memmem (line, len, "\"MESSAGE\":", 10) != NULL
      && memmem (line, len, "\"__REALTIME_TIMESTAMP\":", 23) != NULL)
    return fail (window, "a log of journalctl, with the server's lines in it", "jq -r .MESSAGE", "", error);
  if (*line == '{' && rest == len)
    return fail (window, "JSON over several lines", "jq -c .", "", error);

  return cr == NULL || cr == line + len - 1 || memchr (line, '"', len) != NULL
         || memchr (line, '\0', len) != NULL
         || fail (window, "text with a carriage return for each end of a line", "tr '\\r' '\\n' <", "",
                  error);
}
