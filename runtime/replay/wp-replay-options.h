/* wp-replay-options.h - the command line of wp-replay. */
#pragma once

#include "runtime/replay/wp-method-list.h"
#include "runtime/replay/wp-schedule.h"
#include "runtime/replay/wp-sender.h"
#include "runtime/replay/wp-status-set.h"

#define WP_EXPECT_DEFAULT "200-399,429,503"

typedef enum { WP_REPLAY_TEXT, WP_REPLAY_JSON, WP_REPLAY_JSONL } WpReplayFormat;

typedef struct {
  const char **trace_paths; /* of argv, the container ours, NULL-terminated; NULL: the traffic is drawn */
  WpDrawnTraffic drawn;     /* its texts are ours */
  const char *url;          /* of argv */
  WpTraceOptions trace;     /* columns is ours */
  WpSenderOptions sender;
  guint n_threads;
  char *output;      /* owned; NULL: no record; "-": standard output */
  gint64 max_lag_ns; /* the run is valid where the lag's p99 is not above it */
  WpReplayFormat format;
  char *hdr_file; /* owned; or NULL */
  WpStatusSet expect;
  gint64 wait_ns;                         /* for a server that takes no connections yet */
  const char *method;                     /* static; NULL: by the body */
  char *allowed_methods;                  /* checked; owned; NULL: GET and HEAD */
  GPtrArray *headers;                     /* (element-type utf8): checked; owned; NULL: none */
  char *body_file, *token_file, *ca_file; /* owned; or NULL */
  gboolean is_insecure;
} WpReplayOptions;

/* Every field has its default after this. */
void wp_replay_options_init (WpReplayOptions *self);
void wp_replay_options_clear (WpReplayOptions *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (WpReplayOptions, wp_replay_options_clear)

/* FALSE with WP_ERROR_USAGE or WP_ERROR_BAD_VALUE. --help and --version exit. */
gboolean wp_replay_options_parse (WpReplayOptions *self, char **argv, GError **error);
