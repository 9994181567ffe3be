/* wp-nginx.h - nginx as a process of the test's: what is right is answered with 200 "Success!!", whatever its method. */
#pragma once

#include "tests/e2e/wp-harness.h"

typedef struct _WpNginx WpNginx;

gboolean wp_nginx_is_there (void);
WpNginx *wp_nginx_new (const WpHarness *server);   /* in a folder within the server's */
void wp_nginx_free (WpNginx *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpNginx, wp_nginx_free)
guint16 wp_nginx_port (const WpNginx *self);
