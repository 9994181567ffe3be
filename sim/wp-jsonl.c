#include "sim/wp-jsonl.h"

#include <string.h>

#include "sim/wp-error.h"
#include "sim/wp-trace-writer.h"

#define MAX_DEPTH 64

typedef struct {
  WpTable table;
  gsize n_names;
  GHashTable *places;      /* of name, the table's own, to its place + 1 */
  guint64 *seen;           /* the row, counted from 1, in which each name was met last */
  guint64 row;
  gsize guess;             /* keys come in the order of the row before, as a rule */
  WpCell *cells;
} WpJsonl;

/* A line that is being read; its strings are decoded where they stand. */
typedef struct {
  WpJsonl *self;           /* gets the cells; NULL: the names are collected */
  GPtrArray *names;        /* of char, or NULL */
  char *line, *at, *end;
  GString *path;           /* "outer." of the object that we are in */
  int depth;
  const char *problem;     /* NULL: at @at something else was expected */
  const char *expected;
} Reader;

static gboolean read_object (Reader *reader);

static gboolean
expect (Reader *reader, const char *expected)
{
  reader->expected = expected;

  return FALSE;
}

static gboolean
fail (Reader *reader, const char *problem)
{
  reader->problem = problem;

  return FALSE;
}

static void
skip_blanks (Reader *reader)
{
  while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\r'))
    reader->at++;
}

static gboolean
take (Reader *reader, char c)
{
  skip_blanks (reader);
  if (reader->at == reader->end || *reader->at != c)
    return FALSE;
  reader->at++;

  return TRUE;
}

static gboolean
read_hex (Reader *reader, gunichar *unit)
{
  *unit = 0;
  for (int i = 0; i < 4; i++) {
    int digit = reader->at < reader->end ? g_ascii_xdigit_value (*reader->at) : -1;

    if (digit < 0)
      return expect (reader, "four hexadecimal digits");
    *unit = *unit * 16 + (gunichar) digit;
    reader->at++;
  }

  return TRUE;
}

/* Behind \u. UTF-16 in pairs. */
static gboolean
read_unicode (Reader *reader, char **out)
{
  gunichar c, low;

  if (!read_hex (reader, &c))
    return FALSE;
  if (c >= 0xdc00 && c <= 0xdfff)
    return fail (reader, "the second half of a surrogate pair stands alone");
  if (c >= 0xd800 && c <= 0xdbff) {
    if (reader->end - reader->at < 2 || reader->at[0] != '\\' || reader->at[1] != 'u')
      return fail (reader, "the first half of a surrogate pair stands alone");
    reader->at += 2;
    if (!read_hex (reader, &low))
      return FALSE;
    if (low < 0xdc00 || low > 0xdfff)
      return fail (reader, "the first half of a surrogate pair stands alone");
    c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
  }
  if (c == 0)
    *(*out)++ = '\0';            /* g_unichar_to_utf8() gives no byte for it */
  else
    *out += g_unichar_to_utf8 (c, *out);

  return TRUE;
}

static gboolean
read_escape (Reader *reader, char **out)
{
  static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  const char *letter = reader->at < reader->end && *reader->at != '\0' ? strchr (letters, *reader->at) : NULL;

  if (reader->at < reader->end && *reader->at == 'u') {
    reader->at++;
    return read_unicode (reader, out);
  }
  if (letter == NULL)
    return expect (reader, "an escape such as \\n or \\u00e9");
  *(*out)++ = meant[letter - letters];
  reader->at++;

  return TRUE;
}

/* What it says is never longer than how it is written. */
static gboolean
read_string (Reader *reader, WpCell *cell)
{
  char *start = reader->at, *out = reader->at;

  while (reader->at < reader->end && *reader->at != '"') {
    if ((guchar) *reader->at < 0x20)
      return fail (reader, "a control character in a string, which must be escaped");
    if (*reader->at != '\\')
      *out++ = *reader->at++;
    else {
      reader->at++;
      if (!read_escape (reader, &out))
        return FALSE;
    }
  }
  if (reader->at == reader->end)
    return expect (reader, "a closing quote");
  reader->at++;
  *cell = (WpCell) { start, (gsize) (out - start) };

  return TRUE;
}

static gboolean
take_digits (Reader *reader)
{
  char *start = reader->at;

  while (reader->at < reader->end && g_ascii_isdigit (*reader->at))
    reader->at++;

  return reader->at > start;
}

static gboolean
read_number (Reader *reader, WpCell *cell)
{
  char *start = reader->at;

  if (*reader->at == '-')
    reader->at++;
  if (reader->at < reader->end && *reader->at == '0')
    reader->at++;
  else if (!take_digits (reader))
    return expect (reader, "a value");
  if (reader->at < reader->end && *reader->at == '.') {
    reader->at++;
    if (!take_digits (reader))
      return expect (reader, "a digit");
  }
  if (reader->at < reader->end && (*reader->at == 'e' || *reader->at == 'E')) {
    reader->at++;
    if (reader->at < reader->end && (*reader->at == '+' || *reader->at == '-'))
      reader->at++;
    if (!take_digits (reader))
      return expect (reader, "a digit");
  }
  *cell = (WpCell) { start, (gsize) (reader->at - start) };

  return TRUE;
}

static gboolean
read_word (Reader *reader, WpCell *cell)
{
  static const char one[WP_WINDOW_SPARE_BYTES] = "1", zero[WP_WINDOW_SPARE_BYTES] = "0";
  const struct { const char *word; WpCell cell; } words[] = { { "null", wp_table_no_cell }, { "true", { one, 1 } }, { "false", { zero, 1 } } };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++) {
    gsize len = strlen (words[i].word);

    if ((gsize) (reader->end - reader->at) >= len && memcmp (reader->at, words[i].word, len) == 0) {
      *cell = words[i].cell;
      reader->at += len;
      return TRUE;
    }
  }

  return expect (reader, "a value");
}

static gboolean read_value (Reader *reader, WpCell *cell, gboolean *is_object);

static gboolean
read_array (Reader *reader, WpCell *cell)
{
  static const char shown[WP_WINDOW_SPARE_BYTES] = "[...]";
  GPtrArray *names = g_steal_pointer (&reader->names);   /* what is in it is looked through, and not taken */
  WpJsonl *self = g_steal_pointer (&reader->self);
  gboolean is_object;
  WpCell item;

  if (!take (reader, ']'))
    do {
      if (!read_value (reader, &item, &is_object))
        return FALSE;
      if (take (reader, ']'))
        break;
      if (!take (reader, ','))
        return expect (reader, "a comma or ]");
    } while (TRUE);
  reader->names = names;
  reader->self = self;
  *cell = (WpCell) { shown, strlen (shown) };

  return TRUE;
}

static gboolean
read_value (Reader *reader, WpCell *cell, gboolean *is_object)
{
  gboolean done;

  skip_blanks (reader);
  *is_object = FALSE;
  if (reader->at == reader->end)
    return expect (reader, "a value");
  if (*reader->at == '"') {
    reader->at++;
    return read_string (reader, cell);
  }
  if (*reader->at != '{' && *reader->at != '[')
    return *reader->at == '-' || g_ascii_isdigit (*reader->at) ? read_number (reader, cell) : read_word (reader, cell);
  if (++reader->depth > MAX_DEPTH)
    return fail (reader, "more than 64 objects and arrays inside one another");
  *is_object = *reader->at++ == '{';
  done = *is_object ? read_object (reader) : read_array (reader, cell);
  reader->depth--;

  return done;
}

/* Returns the name's place; -1 if it is none of ours. */
static gssize
find_name (WpJsonl *self, const char *name)
{
  gsize place;

  if (self->guess < self->n_names && strcmp (self->table.names[self->guess], name) == 0)
    return (gssize) self->guess++;
  place = GPOINTER_TO_SIZE (g_hash_table_lookup (self->places, name));
  if (place == 0)
    return -1;
  self->guess = place;

  return (gssize) place - 1;
}

static gboolean
put_cell (Reader *reader, const char *name, WpCell cell)
{
  WpJsonl *self = reader->self;
  gssize place = self != NULL ? find_name (self, name) : -1;

  if (reader->names != NULL) {
    if (g_ptr_array_find_with_equal_func (reader->names, name, g_str_equal, NULL))
      return fail (reader, "a key that is there twice");
    g_ptr_array_add (reader->names, g_strdup (name));
  }
  if (place < 0)
    return TRUE;
  if (self->seen[place] == self->row)
    return fail (reader, "a key that is there twice");
  self->seen[place] = self->row;
  self->cells[place] = cell;

  return TRUE;
}

/* Behind the colon of @key. Names are those of the cells: an object's are its keys'. */
static gboolean
read_member (Reader *reader, WpCell key)
{
  gsize outer = reader->path->len;
  gboolean is_object, done;
  const char *name = key.text;
  WpCell cell;

  if (memchr (key.text, '\0', key.len) != NULL)
    return fail (reader, "a key with a NUL character");
  ((char *) key.text)[key.len] = '\0';
  skip_blanks (reader);
  if (outer > 0 || (reader->at < reader->end && *reader->at == '{')) {
    g_string_append_len (reader->path, key.text, (gssize) key.len);
    g_string_append_c (reader->path, '.');
  }
  if (!read_value (reader, &cell, &is_object))
    return FALSE;
  if (outer > 0 && !is_object) {
    g_string_truncate (reader->path, reader->path->len - 1);
    name = reader->path->str;
  }
  done = is_object || put_cell (reader, name, cell);
  g_string_truncate (reader->path, outer);

  return done;
}

/* Behind {. */
static gboolean
read_object (Reader *reader)
{
  WpCell key;

  if (take (reader, '}'))
    return TRUE;
  for (;;) {
    if (!take (reader, '"'))
      return expect (reader, "a key in quotes");
    if (!read_string (reader, &key))
      return FALSE;
    if (!take (reader, ':'))
      return expect (reader, "a colon");
    if (!read_member (reader, key))
      return FALSE;
    if (take (reader, '}'))
      return TRUE;
    if (!take (reader, ','))
      return expect (reader, "a comma or }");
  }
}

static gboolean
read_line (Reader *reader)
{
  if (!take (reader, '{'))
    return expect (reader, "an object: {");
  if (!read_object (reader))
    return FALSE;
  skip_blanks (reader);

  return reader->at == reader->end || expect (reader, "nothing more in this line");
}

static gboolean
fail_line (WpJsonl *self, const Reader *reader, GError **error)
{
  gsize left = (gsize) (reader->end - reader->at);
  g_autofree char *found = left > 0 ? wp_cell_quote ((WpCell) { reader->at, left }) : g_strdup ("the end of the line");
  g_autofree char *problem = reader->problem != NULL
    ? g_strdup_printf ("at byte %" G_GSIZE_FORMAT ": %s", (gsize) (reader->at - reader->line) + 1, reader->problem)
    : g_strdup_printf ("at byte %" G_GSIZE_FORMAT ": expected %s, found %s", (gsize) (reader->at - reader->line) + 1, reader->expected, found);

  return wp_table_fail (&self->table, problem, error);
}

/* @line is read into the cells, or its keys into @names. */
static gboolean
read_row (WpJsonl *self, GPtrArray *names, char *line, gsize len, GError **error)
{
  g_autoptr(GString) path = g_string_new (NULL);
  Reader reader = { names != NULL ? NULL : self, names, line, line, line + len, path, 0, NULL, NULL };

  return read_line (&reader) || fail_line (self, &reader, error);
}

/* Our own columns may be missing in the first object, but arrival is needed in all. */
static void
add_own_names (GPtrArray *names)
{
  for (int i = 0; i < WP_N_COLUMNS; i++)
    if (i != WP_COLUMN_ARRIVAL && !g_ptr_array_find_with_equal_func (names, wp_column_name ((WpColumn) i), g_str_equal, NULL))
      g_ptr_array_add (names, g_strdup (wp_column_name ((WpColumn) i)));
}

static gboolean
jsonl_open (WpTable *table, guint64 limit_rows, GError **error)
{
  WpJsonl *self = (WpJsonl *) table;
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *copy = NULL;
  char *line;
  gsize len;
  WpTableStatus status = wp_table_line (table, TRUE, &line, &len, error);

  if (status == WP_TABLE_END)
    wp_table_fail (table, "an empty trace: it has no row", error);
  if (status != WP_TABLE_ROW)
    return FALSE;
  copy = g_memdup2 (line, len);
  if (!read_row (self, names, copy, len, error))
    return FALSE;
  table->window.at = line;                    /* it comes again, as a row */
  table->window.line = table->header_line = table->row_line;
  add_own_names (names);
  self->n_names = names->len;
  g_ptr_array_add (names, NULL);
  table->names = (GStrv) g_ptr_array_free (g_steal_pointer (&names), FALSE);
  self->places = g_hash_table_new (g_str_hash, g_str_equal);
  for (gsize i = 0; i < self->n_names; i++)
    g_hash_table_insert (self->places, table->names[i], GSIZE_TO_POINTER (i + 1));
  self->seen = g_new0 (guint64, self->n_names);
  self->cells = g_new0 (WpCell, self->n_names);

  return TRUE;
}

static WpTableStatus
jsonl_next (WpTable *table, gboolean may_fill, const WpCell **cells, GError **error)
{
  WpJsonl *self = (WpJsonl *) table;
  char *line;
  gsize len;
  WpTableStatus status = wp_table_line (table, may_fill, &line, &len, error);

  *cells = self->cells;
  if (status != WP_TABLE_ROW)
    return status;
  self->row++;
  self->guess = 0;
  for (gsize i = 0; i < self->n_names; i++)
    self->cells[i] = wp_table_no_cell;
  if (!read_row (self, NULL, line, len, error))
    return WP_TABLE_ERROR;
  for (gsize i = 0; i < self->n_names; i++)
    if (self->cells[i].text >= line && self->cells[i].text <= line + len)
      ((char *) self->cells[i].text)[self->cells[i].len] = '\0';

  return WP_TABLE_ROW;
}

static gboolean
jsonl_rewind (WpTable *table, GError **error)
{
  return TRUE;
}

static void
jsonl_clear (WpTable *table)
{
  WpJsonl *self = (WpJsonl *) table;

  g_clear_pointer (&self->places, g_hash_table_unref);
  g_free (self->seen);
  g_free (self->cells);
}

const WpTableKind wp_jsonl_kind = { "jsonl", sizeof (WpJsonl), jsonl_open, jsonl_next, jsonl_rewind, jsonl_clear, NULL };
