/* wp-handshake.h - the lane of a connection that is not yet agreed on TLS. */
#pragma once

#include "runtime/http/wp-connection.h"
#include "runtime/secure/wp-tls.h"

/* Until it is, and its host gives it another lane, or has failed. @tls: outlives it */
void wp_handshake_begin (WpConnection *connection, WpTls *tls);
