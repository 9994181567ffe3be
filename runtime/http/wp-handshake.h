/* wp-handshake.h - the protocol of a connection during its TLS handshake. */
#pragma once

#include "runtime/http/wp-connection.h"
#include "runtime/secure/wp-tls.h"

/* Sets the protocol until the handshake is complete, when the host sets another one, or has failed. @tls:
 * outlives the connection */
void wp_handshake_begin (WpConnection *connection, WpTls *tls);
