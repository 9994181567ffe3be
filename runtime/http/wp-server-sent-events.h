/* wp-server-sent-events.h - figures pushed to whoever listens, once a second: server-sent events (HTML, 9.2).
 * Front's thread. */
#pragma once

#include <libsoup/soup.h>

#include "runtime/http/wp-connection.h"

/* Returns: (transfer full): one line of JSON */
typedef char *(*WpServerSentEventsMake) (gpointer data);

/* Answers @message with a stream that ends when its client leaves, or does not read for ten seconds.
 * @n_streams: (inout): counts it as long. */
void wp_server_sent_events_start (SoupServerMessage *message, WpConnection *connection,
                                  WpServerSentEventsMake make, gpointer data, guint *n_streams);
