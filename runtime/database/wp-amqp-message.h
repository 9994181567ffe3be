/* wp-amqp-message.h - a job as a message of the shared queue.
 *
 * Properties: message-id is the job's key and content-type its type, unless they are over the 255 bytes of a
 * property: then they are headers of these names. Headers: method and path (with its query) as long strings,
 * received (of the request) and enqueued (of the publish) as ns of unix time. Persistent. */
#pragma once

#include <amqp.h>

#include "runtime/queue/wp-job.h"

#define WP_AMQP_HEADERS 6

typedef struct {
  amqp_basic_properties_t properties;
  amqp_table_entry_t headers[WP_AMQP_HEADERS];
  amqp_bytes_t body;
} WpAmqpMessage;

/* The message points into @job and itself. Owner's thread. */
void wp_amqp_message_from_job (WpAmqpMessage *self, WpJob *job);
