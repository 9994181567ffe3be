/* wp-haproxy.h - HAProxy as a process of the test's. */
#pragma once

#include "tests/e2e/wp-harness.h"

typedef struct _WpHaproxy WpHaproxy;

typedef enum {
  WP_HAPROXY_RESPONDS, /* by itself: 200 "Success!!" to each well-formed request */
  WP_HAPROXY_PASSES    /* sends all requests to the server, over one connection for all clients */
} WpHaproxyKind;

gboolean wp_haproxy_is_there (void);
/* In a folder within the server's. */
WpHaproxy *wp_haproxy_new (const WpHarness *server, WpHaproxyKind kind);

/* @text: its configuration; "bind :80", a line that is there once, becomes the port that it has. */
WpHaproxy *wp_haproxy_new_as (const WpHarness *server, const char *text);
void wp_haproxy_free (WpHaproxy *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpHaproxy, wp_haproxy_free)
guint16 wp_haproxy_port (const WpHaproxy *self);
