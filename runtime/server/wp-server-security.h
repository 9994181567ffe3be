/* wp-server-security.h - the certificate and the bearer tokens that the options name. */
#pragma once

#include "runtime/secure/wp-tls.h"
#include "runtime/secure/wp-tokens.h"
#include "runtime/server/wp-server-options.h"

typedef struct {
  WpTls *tls;       /* NULL: none */
  WpTokens *tokens; /* NULL: none */
} WpServerSecurity;

/* Returns: FALSE with one line that names the option */
gboolean wp_server_security_open (WpServerSecurity *self, const WpServerOptions *options, GError **error);
void wp_server_security_clear (WpServerSecurity *self);

/* Reads the files again, and logs the result. A file that cannot be read leaves the old values in use. */
void wp_server_security_reload (WpServerSecurity *self);
