#include "runtime/server/wp-server-security.h"

#include "runtime/secure/wp-module.h"

static gboolean
open_tls (WpServerSecurity *self, const WpServerOptions *options, GError **error)
{
  const WpTlsClass *tls = wp_module_load ("wp-tls.so", "wp_tls_class", error);

  if (!tls)
    g_prefix_error (error, "--tls-certificate: ");
  self->tls = tls ? tls->new (options->certificate, options->key, error) : NULL;
  return self->tls != NULL;
}

gboolean
wp_server_security_open (WpServerSecurity *self, const WpServerOptions *options, GError **error)
{
  *self = (WpServerSecurity){ NULL };
  if (options->certificate && !open_tls (self, options, error))
    return FALSE;
  if (options->token_file && !(self->tokens = wp_tokens_new (options->token_file, error)))
    {
      g_prefix_error (error, "--token-file: ");
      return FALSE;
    }
  return TRUE;
}

void
wp_server_security_clear (WpServerSecurity *self)
{
  g_clear_pointer (&self->tls, wp_tls_free);
  g_clear_pointer (&self->tokens, wp_tokens_free);
}

void
wp_server_security_reload (WpServerSecurity *self)
{
  g_autoptr (GError) error = NULL;

  if (self->tls && wp_tls_reload (self->tls, &error))
    g_message ("the certificate was reloaded");
  else if (self->tls)
    g_warning ("the certificate was not reloaded: %s", error->message);
  g_clear_error (&error);
  if (self->tokens && wp_tokens_reload (self->tokens, &error))
    g_message ("the tokens were reloaded");
  else if (self->tokens)
    g_warning ("the tokens were not reloaded: %s", error->message);
}
