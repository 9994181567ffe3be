#include "tests/e2e/wp-certificate.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <unistd.h>

#define A_DAY_S 86400

static X509 *
sign (EVP_PKEY *key, const char *name, const WpCertificateTerms *terms)
{
  X509 *certificate = X509_new ();
  X509_NAME *subject = X509_get_subject_name (certificate);

  X509_set_version (certificate, X509_VERSION_3);
  ASN1_INTEGER_set (X509_get_serialNumber (certificate), 1);
  X509_gmtime_adj (X509_getm_notBefore (certificate), terms->begins_days * A_DAY_S);
  X509_gmtime_adj (X509_getm_notAfter (certificate), terms->ends_days * A_DAY_S);
  X509_NAME_add_entry_by_txt (subject, "CN", MBSTRING_ASC, (const unsigned char *) name, -1, -1, 0);
  X509_set_issuer_name (certificate, subject);
  X509_set_pubkey (certificate, key);
  g_assert_cmpint (X509_sign (certificate, key, EVP_sha256 ()), >, 0);

  return certificate;
}

static FILE *
create (const char *dir, const char *name, const char *ending)
{
  g_autofree char *path = g_strdup_printf ("%s/%s%s", dir, name, ending);
  int fd;

  unlink (path);
  fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  g_assert_cmpint (fd, >=, 0);
  return fdopen (fd, "w");
}

void
wp_certificate_write_on (const char *dir, const char *name, const WpCertificateTerms *terms)
{
  EVP_PKEY *key = terms->rsa ? EVP_RSA_gen (2048) : EVP_EC_gen ("P-256");
  X509 *certificate = sign (key, name, terms);
  FILE *public = create (dir, name, ".pem"), *private = create (dir, name, ".key");

  g_assert_cmpint (PEM_write_X509 (public, certificate), ==, 1);
  g_assert_cmpint (PEM_write_PrivateKey (private, key, NULL, NULL, 0, NULL, NULL), ==, 1);
  fclose (public);
  fclose (private);
  X509_free (certificate);
  EVP_PKEY_free (key);
}

void
wp_certificate_write (const char *dir, const char *name)
{
  static const WpCertificateTerms usual = { -1, 1 };

  wp_certificate_write_on (dir, name, &usual);
}
