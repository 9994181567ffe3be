#include "runtime/database/wp-amqp-message.h"

#include <string.h>

#define MAX_PROPERTY 255
#define PERSISTENT   2

static void
add_header (WpAmqpMessage *self, const char *name, amqp_field_value_t value)
{
  amqp_table_t *headers = &self->properties.headers;

  self->headers[headers->num_entries++] = (amqp_table_entry_t){ amqp_cstring_bytes (name), value };
}

static void
add_text (WpAmqpMessage *self, const char *name, const char *text)
{
  add_header (self, name,
              (amqp_field_value_t){ .kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes (text) });
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
