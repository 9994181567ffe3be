/* wp-listeners.h - where requests come in, and the admin's: bound here, or handed over by systemd. */
#pragma once

#include "runtime/wp-server-options.h"

typedef struct {
  int *fds;                      /* one a thread, taken by its front; NULL: see shared_fd */
  int shared_fd;                 /* one for all threads; -1: see fds */
  int admin_fd;                  /* -1: none */
  gboolean inherited;            /* shared_fd is systemd's: who comes next gets what we do not accept */
  char *unix_path;               /* of a Unix socket that we made; NULL: none */
  char *address, *admin_address; /* as told to people: "http://127.0.0.1:8080/" */
} WpListeners;

/* Opens all that the options ask for. A socket from systemd takes the place of the address. FALSE: with one line. */
gboolean wp_listeners_open (WpListeners *self, const WpServerOptions *options, GError **error);
void wp_listeners_clear (WpListeners *self);   /* when nobody is to come any more; the descriptors are their takers' */
