/* wp-server-security.h - who is let in, and how connections are kept private: the certificate and the tokens
 * of the command line. */
#pragma once

#include "runtime/secure/wp-tls.h"
#include "runtime/secure/wp-tokens.h"
#include "runtime/server/wp-server-options.h"

typedef struct {
  WpTls *tls;       /* NULL: none */
  WpTokens *tokens; /* NULL: none */
} WpServerSecurity;

/* FALSE with one line that names the option. */
gboolean wp_server_security_open (WpServerSecurity *self, const WpServerOptions *options, GError **error);
void wp_server_security_clear (WpServerSecurity *self);

/* Reads all anew, and tells. What cannot be read leaves in force what was. */
void wp_server_security_reload (WpServerSecurity *self);
