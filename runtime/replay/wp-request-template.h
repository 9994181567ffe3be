/* wp-request-template.h - from a row to the bytes of its request. */
#pragma once

#include "runtime/replay/wp-connection-pool.h"
#include "sim/trace/wp-row.h"

typedef struct _WpRequestTemplate WpRequestTemplate;

/* @target, @method: kept, not owned; @method NULL: GET where there is no body, POST where there is one. */
WpRequestTemplate *wp_request_template_new (const WpTarget *target, const char *method);
void wp_request_template_free (WpRequestTemplate *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpRequestTemplate, wp_request_template_free)

/* For compose() of wp-connection-pool.h. */
void wp_request_template_compose (const WpRequestTemplate *self, const WpRow *row, WpMessage *message);
