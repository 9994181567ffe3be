/* wp-openssl-session.h - a WpTlsSession over an SSL. In the module wp-tls.so. */
#pragma once

#include <openssl/ssl.h>

#include "runtime/secure/wp-tls-session.h"

WpTlsSession *wp_openssl_session_new (SSL *ssl); /* (transfer full) */

/* Returns: why the session failed: the error of the peer's certificate, or OpenSSL's. Static. */
const char *wp_openssl_session_explain (WpTlsSession *session);
