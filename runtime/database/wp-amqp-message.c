#include "runtime/database/wp-amqp-message.h"

#include <string.h>

#define MAX_PROPERTY 255
#define PERSISTENT   2
#define MAX_TEXT     (24 * 1024)

static void
add_header (WpAmqpMessage *self, const char *name, amqp_field_value_t value)
{
  amqp_table_t *headers = &self->properties.headers;

  self->headers[headers->num_entries++] = (amqp_table_entry_t){ amqp_cstring_bytes (name), value };
}

/* All headers are in one frame, of 128 KiB: a text that is so long, of another program's message, is cut. */
static void
add_text (WpAmqpMessage *self, const char *name, const char *text)
{
  amqp_bytes_t bytes = { strnlen (text, MAX_TEXT), (void *) text };

  add_header (self, name, (amqp_field_value_t){ .kind = AMQP_FIELD_KIND_UTF8, .value.bytes = bytes });
}

static void
add_time (WpAmqpMessage *self, const char *name, gint64 time_ns)
{
  add_header (self, name, (amqp_field_value_t){ .kind = AMQP_FIELD_KIND_I64, .value.i64 = time_ns });
}

/* @property: (out) */
static void
set_property (WpAmqpMessage *self, amqp_bytes_t *property, amqp_flags_t flag, const char *name,
              const char *text)
{
  if (strlen (text) > MAX_PROPERTY)
    {
      add_text (self, name, text);
      return;
    }
  *property = amqp_cstring_bytes (text);
  self->properties._flags |= flag;
}

void
wp_amqp_message_from_job (WpAmqpMessage *self, WpJob *job)
{
  gsize size = 0;
  gconstpointer body = job->body ? g_bytes_get_data (job->body, &size) : NULL;

  self->properties
      = (amqp_basic_properties_t){ ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_HEADERS_FLAG,
                                   .delivery_mode = PERSISTENT,
                                   .headers = { 0, self->headers } };
  self->body = (amqp_bytes_t){ size, (void *) body };
  set_property (self, &self->properties.message_id, AMQP_BASIC_MESSAGE_ID_FLAG, "message-id",
                wp_job_key (job));
  if (job->content_type)
    set_property (self, &self->properties.content_type, AMQP_BASIC_CONTENT_TYPE_FLAG, "content-type",
                  job->content_type);
  add_text (self, "method", job->method);
  add_text (self, "path", job->path);
  add_time (self, "received", wp_job_received_ns (job));
  add_time (self, "enqueued", g_get_real_time () * WP_NS_PER_US);
}

void
wp_amqp_message_add_reason (WpAmqpMessage *self, const char *reason)
{
  add_text (self, "reason", reason);
}

static const amqp_field_value_t *
find_header (const amqp_basic_properties_t *properties, const char *name)
{
  const amqp_table_t *headers = &properties->headers;

  for (int i = 0; (properties->_flags & AMQP_BASIC_HEADERS_FLAG) && i < headers->num_entries; i++)
    if (headers->entries[i].key.len == strlen (name)
        && memcmp (headers->entries[i].key.bytes, name, strlen (name)) == 0)
      return &headers->entries[i].value;
  return NULL;
}

/* Returns: (transfer full): NULL: there is none */
static char *
find_text (const amqp_basic_properties_t *properties, const char *name)
{
  const amqp_field_value_t *value = find_header (properties, name);

  return value && (value->kind == AMQP_FIELD_KIND_UTF8 || value->kind == AMQP_FIELD_KIND_BYTES)
             ? g_strndup (value->value.bytes.bytes, value->value.bytes.len)
             : NULL;
}

/* A time before 1970 is no time of a request. */
static gint64
find_time (const amqp_basic_properties_t *properties, const char *name)
{
  const amqp_field_value_t *value = find_header (properties, name);

  return value && value->kind == AMQP_FIELD_KIND_I64 && value->value.i64 >= 0 ? value->value.i64
                                                                              : WP_TIME_NONE;
}

/* @property: counts where @flag is set; else it may be a header of that name. An empty one is none, and so is
 * one with a byte of zero: as an id it could be that of another message too. */
static char *
get_property (const amqp_basic_properties_t *properties, amqp_bytes_t property, amqp_flags_t flag,
              const char *name)
{
  if (!(properties->_flags & flag))
    return find_text (properties, name);
  return property.len > 0 && !memchr (property.bytes, '\0', property.len)
             ? g_strndup (property.bytes, property.len)
             : NULL;
}

void
wp_amqp_message_to_job (const amqp_basic_properties_t *properties, WpJob *job)
{
  g_autofree char *method = find_text (properties, "method"), *path = find_text (properties, "path");

  job->id = get_property (properties, properties->message_id, AMQP_BASIC_MESSAGE_ID_FLAG, "message-id");
  job->content_type
      = get_property (properties, properties->content_type, AMQP_BASIC_CONTENT_TYPE_FLAG, "content-type");
  wp_job_set_request (job, method ? method : "POST", path ? path : "/");
  job->received_ns = find_time (properties, "received");
  job->enqueued_ns = find_time (properties, "enqueued");
}
