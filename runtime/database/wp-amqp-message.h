/* wp-amqp-message.h - a job as a message of the shared queue.
 *
 * Properties: message-id is the job's key and content-type its type, unless they are over the 255 bytes of a
 * property: then they are headers of these names. Headers: method and path (with its query) as long strings,
 * received (of the request) and enqueued (of the publish) as ns of unix time. In the queue of failed jobs:
 * reason. Persistent. */
#pragma once

#include <amqp.h>

#include "runtime/queue/wp-job.h"

#define WP_AMQP_HEADERS 7

typedef struct {
  amqp_basic_properties_t properties;
  amqp_table_entry_t headers[WP_AMQP_HEADERS];
  amqp_bytes_t body;
} WpAmqpMessage;

/* The message points into @job and itself. Owner's thread. */
void wp_amqp_message_from_job (WpAmqpMessage *self, WpJob *job);

/* Adds why the job failed, for the queue of failed jobs; @reason must outlive the message. */
void wp_amqp_message_add_reason (WpAmqpMessage *self, const char *reason);

/* Sets the new job's fields but its body. A message of another program may have no path, for example: then it
 * is "/"; one without an id gets none. */
void wp_amqp_message_to_job (const amqp_basic_properties_t *properties, WpJob *job);
