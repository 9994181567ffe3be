/* wp-server-sent-events.h - a stream of server-sent events (HTML, 9.2), one per second. HTTP thread. */
#pragma once

#include <libsoup/soup.h>

#include "runtime/http/wp-connection.h"

/* Returns: (transfer full): one line of JSON */
typedef char *(*WpServerSentEventsMake) (gpointer data);

/* Answers @message with a stream that ends when the client leaves, or does not read for ten seconds.
 * @n_streams: (inout): number of open streams. */
void wp_server_sent_events_start (SoupServerMessage *message, WpConnection *connection,
                                  WpServerSentEventsMake make, gpointer data, guint *n_streams);
