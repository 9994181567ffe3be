/* wp-certificate.h - a certificate that is its own authority, for a server under test. */
#pragma once

#include <glib.h>

/* Writes NAME.pem and NAME.key into @dir, over existing files; its common name is @name. It is valid from
 * yesterday to tomorrow, and its key is of an elliptic curve. */
void wp_certificate_write (const char *dir, const char *name);

/* On other terms. */
typedef struct {
  int begins_days, ends_days; /* from now */
  gboolean rsa;
} WpCertificateTerms;

void wp_certificate_write_on (const char *dir, const char *name, const WpCertificateTerms *terms);
