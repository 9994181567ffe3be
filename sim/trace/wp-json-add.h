/* wp-json-add.h - members of a JSON object: an unknown value is null. */
#pragma once

#include <json-glib/json-glib.h>

#include "sim/base/wp-time.h"

/* Begin a member; the caller ends it. */
void wp_json_begin_object (JsonBuilder *builder, const char *name);
void wp_json_begin_array (JsonBuilder *builder, const char *name);

void wp_json_add_double (JsonBuilder *builder, const char *name, double value); /* NaN, infinite: null */
void wp_json_add_whole (JsonBuilder *builder, const char *name, double value);  /* NaN: null */
void wp_json_add_count (JsonBuilder *builder, const char *name, guint64 value);
void wp_json_add_string (JsonBuilder *builder, const char *name, const char *value); /* NULL: null */
void wp_json_add_boolean (JsonBuilder *builder, const char *name, gboolean value);
void wp_json_add_seconds (JsonBuilder *builder, const char *name, gint64 ns); /* WP_TIME_NONE: null */

/* The object as text, each number the shortest that reads back equal. Free with g_free(). */
char *wp_json_text (JsonBuilder *builder, gboolean pretty);
