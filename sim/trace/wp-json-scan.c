#include "sim/trace/wp-json-scan.h"

#include <string.h>

#include "sim/trace/wp-read-buffer.h"

gboolean
wp_json_expect (WpJsonScan *self, const char *expected)
{
  self->expected = expected;

  return FALSE;
}

gboolean
wp_json_fail (WpJsonScan *self, const char *problem)
{
  self->problem = problem;

  return FALSE;
}

void
wp_json_skip_blanks (WpJsonScan *self)
{
  while (self->at < self->end && (*self->at == ' ' || *self->at == '\t' || *self->at == '\r'))
    self->at++;
}

gboolean
wp_json_take (WpJsonScan *self, char c)
{
  wp_json_skip_blanks (self);
  if (self->at == self->end || *self->at != c)
    return FALSE;
  self->at++;

  return TRUE;
}

static gboolean
read_hex (WpJsonScan *self, gunichar *unit)
{
  *unit = 0;
  for (int i = 0; i < 4; i++)
    {
      int digit = self->at < self->end ? g_ascii_xdigit_value (*self->at) : -1;

      if (digit < 0)
        return wp_json_expect (self, "four hexadecimal digits");
      *unit = *unit * 16 + (gunichar) digit;
      self->at++;
    }

  return TRUE;
}

/* Behind \u. UTF-16 in pairs. */
static gboolean
read_unicode (WpJsonScan *self, char **out)
{
  gunichar c, low;

  if (!read_hex (self, &c))
    return FALSE;
  if (c >= 0xdc00 && c <= 0xdfff)
    return wp_json_fail (self, "the second half of a surrogate pair stands alone");
  if (c >= 0xd800 && c <= 0xdbff)
    {
      if (self->end - self->at < 2 || self->at[0] != '\\' || self->at[1] != 'u')
        return wp_json_fail (self, "the first half of a surrogate pair stands alone");
      self->at += 2;
      if (!read_hex (self, &low))
        return FALSE;
      if (low < 0xdc00 || low > 0xdfff)
        return wp_json_fail (self, "the first half of a surrogate pair stands alone");
      c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
  if (c == 0)
    *(*out)++ = '\0'; /* g_unichar_to_utf8() gives no byte for it */
  else
    *out += g_unichar_to_utf8 (c, *out);

  return TRUE;
}

static gboolean
read_escape (WpJsonScan *self, char **out)
{
  static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  const char *letter = self->at < self->end && *self->at != '\0' ? strchr (letters, *self->at) : NULL;

  if (self->at < self->end && *self->at == 'u')
    {
      self->at++;
      return read_unicode (self, out);
    }
  if (letter == NULL)
    return wp_json_expect (self, "an escape such as \\n or \\u00e9");
  *(*out)++ = meant[letter - letters];
  self->at++;

  return TRUE;
}

/* The decoded text is never longer than the encoded one. */
gboolean
wp_json_string (WpJsonScan *self, WpField *field)
{
  char *start = self->at, *out = self->at;

  while (self->at < self->end && *self->at != '"')
    {
      if ((guchar) *self->at < 0x20)
        return wp_json_fail (self, "a control character in a string, which must be escaped");
      if (*self->at != '\\')
        *out++ = *self->at++;
      else
        {
          self->at++;
          if (!read_escape (self, &out))
            return FALSE;
        }
    }
  if (self->at == self->end)
    return wp_json_expect (self, "a closing quote");
  self->at++;
  *field = (WpField){ start, (gsize) (out - start) };

  return TRUE;
}

static gboolean
take_digits (WpJsonScan *self)
{
  char *start = self->at;

  while (self->at < self->end && g_ascii_isdigit (*self->at))
    self->at++;

  return self->at > start;
}

gboolean
wp_json_number (WpJsonScan *self, WpField *field)
{
  char *start = self->at;

  if (*self->at == '-')
    self->at++;
  if (self->at < self->end && *self->at == '0')
    self->at++;
  else if (!take_digits (self))
    return wp_json_expect (self, "a value");
  if (self->at < self->end && *self->at == '.')
    {
      self->at++;
      if (!take_digits (self))
        return wp_json_expect (self, "a digit");
    }
  if (self->at < self->end && (*self->at == 'e' || *self->at == 'E'))
    {
      self->at++;
      if (self->at < self->end && (*self->at == '+' || *self->at == '-'))
        self->at++;
      if (!take_digits (self))
        return wp_json_expect (self, "a digit");
    }
  *field = (WpField){ start, (gsize) (self->at - start) };

  return TRUE;
}

gboolean
wp_json_word (WpJsonScan *self, WpField *field)
{
  static const char none[WP_READ_BUFFER_SPARE_BYTES] = "", one[WP_READ_BUFFER_SPARE_BYTES] = "1",
                    zero[WP_READ_BUFFER_SPARE_BYTES] = "0";
  static const struct {
    const char *word;
    WpField field;
  } words[] = { { "null", { none, 0 } },
                { "NaN", { none, 0 } }, /* of Python, where it has no value */
                { "true", { one, 1 } },
                { "false", { zero, 1 } } };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      gsize len = strlen (words[i].word);

      if ((gsize) (self->end - self->at) >= len && memcmp (self->at, words[i].word, len) == 0)
        {
          *field = words[i].field;
          self->at += len;
          return TRUE;
        }
    }

  return wp_json_expect (self, "a value");
}

char *
wp_json_describe (const WpJsonScan *self)
{
  gsize at = (gsize) (self->at - self->line) + 1, left = (gsize) (self->end - self->at);
  g_autofree char *found
      = left > 0 ? wp_field_quote ((WpField){ self->at, left }) : g_strdup ("the end of the line");

  if (self->problem != NULL)
    return g_strdup_printf ("at byte %" G_GSIZE_FORMAT ": %s", at, self->problem);

  return g_strdup_printf ("at byte %" G_GSIZE_FORMAT ": expected %s, found %s", at, self->expected, found);
}
