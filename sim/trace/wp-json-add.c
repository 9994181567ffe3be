#include "sim/trace/wp-json-add.h"

#include <math.h>
#include <string.h>

#include "sim/base/wp-text.h"

void
wp_json_begin_object (JsonBuilder *builder, const char *name)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_object (builder);
}

void
wp_json_begin_array (JsonBuilder *builder, const char *name)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
}

void
wp_json_add_double (JsonBuilder *builder, const char *name, double value)
{
  json_builder_set_member_name (builder, name);
  if (isfinite (value))
    json_builder_add_double_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

void
wp_json_add_count (JsonBuilder *builder, const char *name, guint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, (gint64) value);
}

void
wp_json_add_whole (JsonBuilder *builder, const char *name, double value)
{
  if (isnan (value))
    wp_json_add_double (builder, name, value);
  else
    wp_json_add_count (builder, name, (guint64) value);
}

void
wp_json_add_string (JsonBuilder *builder, const char *name, const char *value)
{
  g_autofree char *valid = value ? g_utf8_make_valid (value, -1) : NULL; /* a file's name is any bytes */

  json_builder_set_member_name (builder, name);
  if (valid)
    json_builder_add_string_value (builder, valid);
  else
    json_builder_add_null_value (builder);
}

void
wp_json_add_boolean (JsonBuilder *builder, const char *name, gboolean value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

void
wp_json_add_seconds (JsonBuilder *builder, const char *name, gint64 ns)
{
  wp_json_add_double (builder, name, ns == WP_TIME_NONE ? NAN : ns / (double) WP_NS_PER_S);
}

/* Past the string's closing quote. */
static const char *
skip_string (const char *at)
{
  for (at++; *at != '"'; at++)
    if (*at == '\\')
      at++;

  return at + 1;
}

static const char *
append_shortest (GString *text, const char *number)
{
  gsize n = strspn (number, "+-.0123456789eE");
  char shortest[WP_TEXT_NUMBER];

  if (strcspn (number, ".eE") < n)
    g_string_append (text, wp_text_number (shortest, g_ascii_strtod (number, NULL)));
  else
    g_string_append_len (text, number, (gssize) n);

  return number + n;
}

/* JSON-GLib writes 17 digits of every double: 0.1 as 0.10000000000000001. */
char *
wp_json_text (JsonBuilder *builder, gboolean pretty)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *written = json_to_string (root, pretty);
  GString *text = g_string_sized_new (strlen (written));

  for (const char *at = written, *next; *at != '\0'; at = next)
    if (*at == '-' || g_ascii_isdigit (*at))
      next = append_shortest (text, at);
    else
      {
        next = *at == '"' ? skip_string (at) : at + 1;
        g_string_append_len (text, at, next - at);
      }

  return g_string_free (text, FALSE);
}
